"""The rows of the page. Money in paise, times in ms of UTC; null is what is not known."""

from __future__ import annotations

from typing import Any, Final

from daemon.domain.dates import MILLISECOND_NS
from daemon.journal.words import EXITS, why
from daemon.report.model import ExitRow, RefusedRow
from daemon.visible import visible

Row = dict[str, Any]
ROWS_MAX: Final = 500


def ms(ts: int) -> int | None:
    """Return UTC ns as whole milliseconds, None for 0."""
    return ts // MILLISECOND_NS if ts > 0 else None


def lots_of(quantity: int, lot_size: int) -> int | float | None:
    """Return a quantity in lots, None where the lot is not known."""
    if lot_size <= 0:
        return None
    lots = quantity / lot_size
    return int(lots) if lots.is_integer() else round(lots, 2)


def side_of(sign: int) -> str:
    """Return LONG or SHORT."""
    return "LONG" if sign > 0 else "SHORT"


def closed_row(row: ExitRow, lot_size: int) -> Row:
    """Return one exit: a trade that leaves in parts has several."""
    return {
        "trade": row.order_id,
        "part": row.part,
        "is_last": row.is_last,
        "strategy": visible(row.strategy_id),
        "symbol": visible(row.tradingsymbol),
        "side": row.side,
        "quantity": row.quantity,
        "lots": lots_of(row.quantity, lot_size),
        "entry_ms": ms(row.entry_ts),
        "exit_ms": ms(row.exit_ts),
        "entry_paise": row.entry_paise,
        "exit_paise": row.exit_paise,
        "reason": row.reason,
        "words": EXITS.get(row.reason, row.reason),
        "gross_paise": row.gross_paise,
        "charges_paise": row.gross_paise - row.net_paise,
        "net_paise": row.net_paise,
    }


def refused_row(row: RefusedRow, lot_size: int, words: str) -> Row:
    """Return one order that a gate refused, or that was cancelled before its fill."""
    return {
        "trade": row.order_id,
        "at_ms": ms(row.ts),
        "strategy": visible(row.strategy_id),
        "symbol": visible(row.tradingsymbol),
        "side": side_of(1 if row.transaction_type == "BUY" else -1),
        "quantity": row.quantity,
        "lots": lots_of(row.quantity, lot_size),
        "reason": row.reason,
        "words": words or why(row.reason) or row.reason,
    }
