"""Entries that wait, orders that were refused, and the exits of the day."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.order import Order, OrderState
from daemon.visible import visible
from daemon.web.fold.rows import ROWS_MAX, Row, lots_of, ms, side_of
from daemon.web.panels.view import View

_WAITING: Final = (OrderState.CREATED, OrderState.SUBMITTED)


def waiting_panel(view: View) -> list[Row]:
    """Return the entries that are not filled yet, by number."""
    orders, working = view.book.ledger.orders.values(), view.book.working
    return [
        _waiting_row(order, working.of(order.order_id))
        for order in orders
        if order.state in _WAITING
    ]


def refused_panel(view: View) -> list[Row]:
    """Return the newest refused and cancelled orders, newest first."""
    return view.book.refused_rows()


def closed_panel(view: View) -> list[msgspec.Raw]:
    """Return the exits of the day, newest first, at most the newest 500."""
    first, end = view.book.span_of(view.day)
    return view.book.closed_rows(max(first, end - ROWS_MAX), end)


def _waiting_row(order: Order, working: list[ExchangeOrderMoved]) -> Row:
    """Return a waiting entry; its prices are those of its order at the exchange, if it is there."""
    first = working[0] if working else None
    is_market = first is None or first.order_type == "MARKET"
    return {
        "trade": order.order_id,
        "strategy": visible(order.strategy_id),
        "symbol": visible(order.tradingsymbol),
        "side": side_of(order.sign),
        "quantity": order.quantity,
        "lots": lots_of(order.quantity, order.lot_size),
        "state": str(order.state),
        "sent_ms": ms(order.submitted_ts or order.created_ts),
        "reason": None,
        "kind": "MARKET" if first is None else first.order_type,
        "price_paise": None if is_market or first is None else first.limit_paise or None,
        "trigger_paise": None if first is None else first.trigger_paise or None,
        "filled": order.filled_quantity,
        "pending": order.quantity - order.filled_quantity,
    }
