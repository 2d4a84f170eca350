"""The orders of trades that work at the paper exchange, for the page."""

from __future__ import annotations

from daemon.domain.dates import ist_day
from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.exchange_order import OVER_STATES
from daemon.web.fold.rows import Row


class WorkingOrders:
    """The newest event of each exchange order that is not over; none lives longer than its day."""

    def __init__(self) -> None:
        self._day = 0
        self._newest: dict[str, dict[str, ExchangeOrderMoved]] = {}
        """By trade and by id of the exchange order, in the order sent."""

    def take(self, event: ExchangeOrderMoved) -> None:
        """Take one event."""
        day = ist_day(event.ts)
        if day != self._day:
            self._day = day
            self._newest = {}
        orders = self._newest.setdefault(event.order_id, {})
        if event.state in OVER_STATES:
            orders.pop(event.exchange_id, None)
        else:
            orders[event.exchange_id] = event
        if not orders:
            del self._newest[event.order_id]

    def of(self, trade: str) -> list[ExchangeOrderMoved]:
        """Return what works of a trade."""
        return list(self._newest.get(trade, {}).values())


def exchange_row(event: ExchangeOrderMoved) -> Row:
    """Return an exchange order as an event leaves it."""
    is_over = event.state in OVER_STATES
    return {
        "id": event.exchange_id,
        "side": event.side.lower(),
        "kind": event.order_type,
        "state": event.state,
        "reason": event.reason or None,
        "quantity": event.quantity,
        "filled": event.filled,
        "pending": 0 if is_over else event.quantity - event.filled,
        "limit_paise": event.limit_paise or None,
        "trigger_paise": event.trigger_paise or None,
        "is_exit": event.is_exit,
    }
