"""`trades`: one row for each exit fill, with its share of the entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.domain.dates import MILLISECOND_NS
from daemon.export.columns import Column, Kind, Row, RunningPaise
from daemon.export.folded import folded
from daemon.journal.history import History
from daemon.report.model import ExitRow

COLUMNS: Final = (
    Column("order_id"),
    Column("part", Kind.WHOLE),
    Column("closes", Kind.FLAG),
    Column("strategy"),
    Column("symbol"),
    Column("side"),
    Column("quantity", Kind.WHOLE),
    Column("entry_time", Kind.TIME),
    Column("exit_time", Kind.TIME),
    Column("entry_price", Kind.MONEY),
    Column("exit_price", Kind.MONEY),
    Column("reason"),
    Column("gross", Kind.MONEY),
    Column("charges", Kind.MONEY),
    Column("net", Kind.MONEY),
    Column("bid_ask_pnl", Kind.MONEY),
    Column("best_price", Kind.MONEY),
    Column("worst_price", Kind.MONEY),
    Column("rule"),
    Column("quote_age_ms", Kind.WHOLE),
    Column("plan"),
    Column("round"),
    Column("leg"),
    Column("attempt", Kind.WHOLE),
)
_OF_NO_PLAN: Final = (None, None, None, None)


def rows(history: History) -> Iterator[Row]:
    """Yield the exits in their order."""
    rounded = RunningPaise()
    for _, fold in folded(history):
        for row in fold.exits:
            yield exit_row(row, rounded.take(row.charges))


def exit_row(row: ExitRow, charges: int) -> Row:
    """Return the row of an exit; `charges` is what it adds to the rounded sum, paise."""
    return (
        row.order_id, row.part, row.is_last, row.strategy_id, row.tradingsymbol, row.side,
        row.quantity, row.entry_ts, row.exit_ts, row.entry_paise, row.exit_paise,
        row.reason, row.gross_paise, charges, row.gross_paise - charges,
        row.bid_ask_paise, row.best_paise, row.worst_paise, row.evidence.rule,
        row.evidence.quote_age_ns // MILLISECOND_NS,
        *(row.attempt or _OF_NO_PLAN),
    )  # fmt: skip
