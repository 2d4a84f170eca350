"""Positions and metrics as people read them: rupees and plain dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.domain.money import rupees
from daemon.domain.position import Position

if TYPE_CHECKING:
    from daemon.execution.base import EngineBase


def position_view(engine: EngineBase, position: Position) -> dict[str, Any]:
    """One open position: quantities in units (signed), money in rupees."""
    book = engine.book_of(position.tradingsymbol)
    quote = engine.quote_of(book)
    ltp = position.entry_paise if quote is None else quote.ltp
    high, low = book.excursion(position.number)
    best, worst = (high, low) if position.sign > 0 else (low, high)
    bars = getattr(engine, "bars", None)
    return {
        "order_id": position.order_id,
        "tradingsymbol": position.tradingsymbol,
        "strategy_id": position.strategy_id,
        "product": position.product,
        "quantity": position.sign * position.quantity,
        "average_price": rupees(position.entry_paise),
        "last_price": rupees(ltp),
        "stop_price": _or_none(position.stop_paise),
        "target_price": _or_none(position.target_paise),
        "unrealized_pnl": rupees(position.unrealized_paise(ltp)),
        "realized_pnl": rupees(position.realized_paise),
        "charges": float(round(position.charges, 2)),
        "bars_held": 0 if bars is None else bars.held(position, engine.at.now),
        "best_price": rupees(best),
        "worst_price": rupees(worst),
        "state": str(engine.ledger.orders[position.order_id].state),
    }


def unrealized_paise(engine: EngineBase) -> int:
    """What closing everything at the last prices would add, gross."""
    total = 0
    for position in engine.ledger.open_positions():
        quote = engine.quote_of(engine.book_of(position.tradingsymbol))
        if quote is not None:
            total += position.unrealized_paise(quote.ltp)
    return total


def engine_metrics(engine: EngineBase) -> dict[str, Any]:
    """The engine's own numbers, money in rupees."""
    ledger = engine.ledger
    unrealized = unrealized_paise(engine)
    return {
        "total_orders": ledger.total_orders,
        "active_positions": len(ledger.open_positions()),
        "realized_pnl": rupees(ledger.realized_paise),
        "unrealized_pnl": rupees(unrealized),
        "total_pnl": rupees(ledger.realized_paise + unrealized),
        "charges": float(round(ledger.charges, 2)),
        "engine": engine.name,
        "orders_by_state": {str(k): v for k, v in ledger.orders_by_state().items()},
        "refusals": dict(ledger.refusals),
    }


def _or_none(paise: int | None) -> float | None:
    return None if paise is None else rupees(paise)
