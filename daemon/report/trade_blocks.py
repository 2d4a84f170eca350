"""Trades and open positions: a line each where it is wide enough, else two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from daemon.domain.money import rupees_text
from daemon.domain.position_row import PositionRow
from daemon.metrics.fill_quality import whole_paise
from daemon.report.block import Block
from daemon.report.model import ExitRow
from daemon.report.summary import RunSummary
from daemon.report.text import ABSENT, count, one_day, plain_words, signed, time_text

_TRADE_WIDE: Final = (
    "in", "out", "order", "strategy", "symbol", "side", "qty", "entry", "exit", "reason", "gross",
    "charges", "net",
)  # fmt: skip
_TRADE: Final = ("in/out", "symbol", "side", "qty", "entry", "exit", "gross", "charges", "net")
_TRADE_NARROW: Final = ("in/out", "symbol", "side", "qty", "entry", "exit", "net")
_OPEN_WIDE: Final = (
    "since", "order", "strategy", "symbol", "side", "qty", "entry", "last", "stop", "target",
    "open P&L", "state",
)  # fmt: skip
_OPEN: Final = ("since", "symbol", "side", "qty", "entry", "last", "open P&L")


def trades_block(summary: RunSummary, rows_max: int) -> Block:
    """Return every exit with its order and strategy; of a long list the first and the last."""
    exits, hidden = _ends(summary.exits, rows_max)
    dated = not one_day(summary.first_ts, summary.last_ts)
    note = "" if exits else "no trade was closed"
    if hidden:
        note = f"{count(hidden)} rows between the first and the last are not shown here"
    cells = [_trade_cells(row, dated=dated) for row in exits]
    below = [
        f"{row['out']}  {', '.join(filter(None, (row['reason'], row['strategy'], row['order'])))}"
        for row in cells
    ]

    def table(header: Sequence[str], below: Sequence[str], narrow: Block | None) -> Block:
        return _table("TRADES", cells, header, below, note, narrow)

    return table(_TRADE_WIDE, (), table(_TRADE, below, table(_TRADE_NARROW, below, None)))


def _table(
    title: str,
    cells: Sequence[Mapping[str, str]],
    header: Sequence[str],
    below: Sequence[str],
    note: str,
    narrow: Block | None,
) -> Block:
    """Return the cells under a header; `narrow` is the block for a terminal that is too small."""
    return Block(
        title=title,
        header=header,
        rows=[[row[name] for name in header] for row in cells],
        right=_numbers(header),
        below=below,
        note=note,
        narrow=narrow,
    )


def open_block(summary: RunSummary, rows_max: int) -> Block:
    """Return what the run left open, at the last prices."""
    dated = not one_day(summary.first_ts, summary.last_ts)
    cells = [_open_cells(row, dated=dated) for row in summary.open_rows[:rows_max]]
    hidden = len(summary.open_rows) - len(cells)
    below = [
        f"{' ' * len(row['since'])}  {', '.join(filter(None, _open_facts(row)))}" for row in cells
    ]
    note = f"{count(hidden)} more are not shown here" if hidden else ""

    def table(header: Sequence[str], below: Sequence[str], narrow: Block | None) -> Block:
        return _table("OPEN POSITIONS", cells, header, below, note, narrow)

    return table(_OPEN_WIDE, (), table(_OPEN, below, None))


def _open_facts(row: Mapping[str, str]) -> tuple[str, ...]:
    levels = f"stop {row['stop']}", f"target {row['target']}"
    return row["state"], *levels, row["strategy"], row["order"]


_RIGHT: Final = frozenset(
    {"qty", "entry", "exit", "gross", "charges", "net", "last", "stop", "target", "open P&L"}
)


def _numbers(header: Sequence[str]) -> frozenset[int]:
    return frozenset(at for at, name in enumerate(header) if name in _RIGHT)


def _ends(rows: Sequence[ExitRow], rows_max: int) -> tuple[Sequence[ExitRow], int]:
    """Return the first and the last rows, and how many between them are left out."""
    hidden = max(0, len(rows) - rows_max)
    if not hidden:
        return rows, 0
    half = rows_max // 2
    return [*rows[:half], *rows[len(rows) - (rows_max - half) :]], hidden


def _trade_cells(row: ExitRow, *, dated: bool) -> dict[str, str]:
    entered = time_text(row.entry_ts, dated=dated)
    reason = plain_words(row.reason)
    return {
        "in": entered,
        "in/out": entered,
        "out": time_text(row.exit_ts, dated=dated),
        "order": row.order_id,
        "strategy": row.strategy_id,
        "symbol": row.tradingsymbol,
        "side": row.side,
        "qty": count(row.quantity),
        "entry": rupees_text(row.entry_paise),
        "exit": rupees_text(row.exit_paise),
        "reason": reason if row.is_last else f"{reason} (part)",
        "gross": signed(row.gross_paise),
        "charges": rupees_text(whole_paise(row.charges)),
        "net": signed(row.net_paise),
    }


def _open_cells(row: PositionRow, *, dated: bool) -> dict[str, str]:
    def price(paise: int | None) -> str:
        return ABSENT if paise is None else rupees_text(paise)

    return {
        "since": time_text(row.entry_ts, dated=dated),
        "order": row.order_id,
        "strategy": row.strategy_id,
        "symbol": row.tradingsymbol,
        "side": row.side,
        "qty": count(row.quantity),
        "entry": rupees_text(row.entry_paise),
        "last": price(row.ltp_paise),
        "stop": price(row.stop_paise),
        "target": price(row.target_paise),
        "open P&L": ABSENT if row.unrealized_paise is None else signed(row.unrealized_paise),
        "state": plain_words(row.state.lower()),
    }
