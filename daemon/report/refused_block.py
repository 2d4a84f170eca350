"""Refused orders: when, what, by which gate, and what was compared with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.journal.words import numbers_text
from daemon.report.block import Block
from daemon.report.model import RefusedRow
from daemon.report.summary import RunSummary
from daemon.report.text import count, one_day, plain_words, time_text

_WIDE: Final = ("time", "order", "strategy", "symbol", "side", "qty", "refused by", "numbers")
_NARROW: Final = ("time", "symbol", "side", "qty", "refused by")


def refused_block(summary: RunSummary, rows_max: int) -> Block:
    """Return the first `rows_max` refused orders, and how many each gate refused."""
    dated = not one_day(summary.first_ts, summary.last_ts)
    cells = [_cells(row, dated=dated) for row in summary.refused[:rows_max]]
    below = [
        f"{' ' * len(row['time'])}  "
        + ", ".join(filter(None, (row["numbers"], row["strategy"], row["order"])))
        for row in cells
    ]

    def table(header: Sequence[str], below: Sequence[str], narrow: Block | None) -> Block:
        return Block(
            title="ORDERS REFUSED",
            header=header if cells else (),
            rows=[[row[name] for name in header] for row in cells],
            right=frozenset({header.index("qty")}),
            below=below,
            note=_counts(summary, len(summary.refused) - len(cells)),
            narrow=narrow,
        )

    return table(_WIDE, (), table(_NARROW, below, None))


def _counts(summary: RunSummary, hidden: int) -> str:
    counted = [(name, number) for name, number in sorted(summary.refusals.items()) if number]
    if not counted:
        return ""
    text = "by gate: " + ", ".join(
        f"{plain_words(name)} {count(number)}" for name, number in counted
    )
    return f"{text}; {count(hidden)} more are not shown here" if hidden else text


def _cells(row: RefusedRow, *, dated: bool) -> dict[str, str]:
    return {
        "time": time_text(row.ts, dated=dated),
        "order": row.order_id,
        "strategy": row.strategy_id,
        "symbol": row.tradingsymbol,
        "side": row.transaction_type,
        "qty": count(row.quantity),
        "refused by": plain_words(row.reason),
        "numbers": numbers_text(row.numbers),
    }
