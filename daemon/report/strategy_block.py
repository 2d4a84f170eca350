"""Each strategy's result: what it closed, what it left open, what was refused to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.domain.money import rupees_text
from daemon.metrics.fill_quality import whole_paise
from daemon.report.block import Block
from daemon.report.model import StrategyResult
from daemon.report.summary import RunSummary
from daemon.report.text import ABSENT, count, signed

_WIDE: Final = (
    "strategy", "trades", "won / lost", "gross", "charges", "net", "open", "open P&L",
    "net with open", "refused",
)  # fmt: skip
_FLAT: Final = ("strategy", "trades", "won / lost", "gross", "charges", "net", "refused")
_NARROW: Final = ("strategy", "trades", "net", "open", "open P&L", "net with open", "refused")
_WITHOUT: Final = "(none)"


def strategy_block(summary: RunSummary) -> Block:
    """Return a line for each strategy, also for one without an order."""
    cells = [_cells(result) for result in summary.strategies]

    def table(header: Sequence[str], narrow: Block | None = None) -> Block:
        return Block(
            title="BY STRATEGY",
            header=header,
            rows=[[row[name] for name in header] for row in cells],
            right=frozenset(range(1, len(header))),
            narrow=narrow,
        )

    return table(_WIDE, table(_NARROW)) if summary.open_rows else table(_FLAT)


def _cells(result: StrategyResult) -> dict[str, str]:
    unrealized = result.unrealized_paise
    return {
        "strategy": result.name or _WITHOUT,
        "trades": count(result.trades),
        "won / lost": f"{count(result.wins)} / {count(result.losses)}",
        "gross": signed(result.gross_paise),
        "charges": rupees_text(whole_paise(result.charges)),
        "net": signed(result.net_paise),
        "open": count(result.open),
        "open P&L": ABSENT if unrealized is None else signed(unrealized),
        "net with open": ABSENT if unrealized is None else signed(result.net_paise + unrealized),
        "refused": count(result.refused),
    }
