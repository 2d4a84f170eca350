"""Positions without a trade, and their orders that work at the exchange."""

from __future__ import annotations

from daemon.metrics.untraded import UntradedRow
from daemon.visible import visible
from daemon.web.fold.exchange_orders import Standing
from daemon.web.fold.rows import Row, lots_of, ms, side_of
from daemon.web.panels.view import View


def untraded_panel(view: View) -> list[Row]:
    """Return the open positions without a trade, by name."""
    return [_row(view, row) for row in view.untraded.rows]


def untraded_orders_panel(view: View) -> list[Row]:
    """Return the orders without a trade that work, in the order sent."""
    working = (order for order in view.book.working.all() if not order.event.order_id)
    return [_order_row(view, order) for order in working]


def untraded_sums(view: View) -> Row:
    """Return what orders without a trade made, None each if there was none."""
    found = view.untraded
    if found.is_empty:
        names = ("realized", "charges", "net", "open_ltp")
        return dict.fromkeys(f"untraded_{name}_paise" for name in names)
    return {
        "untraded_realized_paise": found.realized_paise,
        "untraded_charges_paise": found.charges_paise,
        "untraded_net_paise": found.net_paise,
        "untraded_open_ltp_paise": found.unrealized_paise,
    }


def _row(view: View, row: UntradedRow) -> Row:
    quote = view.quote(row.tradingsymbol)
    return {
        "position": visible(row.key),
        "symbol": visible(row.tradingsymbol),
        "product": row.product,
        **_size(view, row.tradingsymbol, row.quantity),
        "average_paise": row.average_paise,
        "ltp_paise": row.ltp_paise,
        "bid_paise": None if quote is None else quote.bid or None,
        "ask_paise": None if quote is None else quote.ask or None,
        "unrealized_paise": row.unrealized_paise,
        "closing": visible(row.closing) or None,
    }


def _order_row(view: View, order: Standing) -> Row:
    event = order.event
    change = view.changes.status_of(event.exchange_id, order.answers)
    sign = 1 if event.side == "BUY" else -1
    return {
        "order": event.exchange_id,
        "symbol": visible(event.tradingsymbol),
        "product": event.product,
        **_size(view, event.tradingsymbol, sign * event.quantity),
        "kind": event.order_type,
        "state": change or event.state,
        "tag": visible(event.tag) or None,
        "told_ms": ms(event.ts),
        "filled": event.filled,
        "pending": event.quantity - event.filled,
        "price_paise": event.limit_paise or None,
        "trigger_paise": event.trigger_paise or None,
        "validity": event.validity or "DAY",
        "can_change": not event.is_exit,
    }


def _size(view: View, symbol: str, quantity: int) -> Row:
    """Return side, units and lots; no lots of a contract that is not known."""
    index = view.universe.index_of(symbol)
    lot = None if index is None else view.universe[index].lot_size
    return {
        "side": side_of(1 if quantity > 0 else -1),
        "quantity": abs(quantity),
        "lots": None if lot is None else lots_of(abs(quantity), lot),
    }
