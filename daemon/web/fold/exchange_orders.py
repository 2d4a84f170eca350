"""The orders of the day at the paper exchange, for the page."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from daemon.domain.dates import ist_day
from daemon.domain.events import ExchangeOrderMoved, QueuePlace
from daemon.domain.exchange_order import OVER_STATES
from daemon.web.fold.rows import Row
from daemon.web.sources.pending_changes import ANSWERS

OVER_ROWS: Final = 100
"""Orders of the day that are over: the newest."""


class Standing(msgspec.Struct):
    """An exchange order as its newest event leaves it."""

    event: ExchangeOrderMoved
    symbol: str
    since_ts: int
    """Since when it stands at its present prices, UTC ns."""
    joined: QueuePlace | None = None
    """Its place in the queue when it came to stand there, None where that was not told."""
    queue: QueuePlace | None = None
    """The newest place that was told."""
    answers: list[int] = []
    """The inputs at which requests to change it were answered."""

    @property
    def is_over(self) -> bool:
        """Return whether nothing can happen to it any more."""
        return self.event.state in OVER_STATES

    @property
    def place(self) -> tuple[str, int, int]:
        """Return what it waits for: another state, limit or trigger is another wait."""
        return self.event.state, self.event.limit_paise, self.event.trigger_paise

    def take(self, event: ExchangeOrderMoved) -> None:
        """Take a later event."""
        before, self.event = self.place, event
        if event.kind in ANSWERS:
            self.answers.append(event.input_no)
        if self.place != before and not self.is_over:
            self.since_ts, self.joined, self.queue = event.ts, None, None
        if event.queue is not None:
            self.joined, self.queue = self.joined or event.queue, event.queue


class WorkingOrders:
    """The orders that are not over, by trade, and those of the day that are."""

    def __init__(self) -> None:
        self._day = 0
        self._working: dict[str, dict[str, Standing]] = {}
        """By trade and by id of the exchange order, in the order sent."""
        self.over: Final[deque[Standing]] = deque(maxlen=OVER_ROWS)

    def take(self, event: ExchangeOrderMoved, symbol: str) -> None:
        """Take one event of an order in `symbol`; none lives longer than its day."""
        day = ist_day(event.ts)
        if day != self._day:
            self._day = day
            self._working = {}
            self.over.clear()
        orders = self._working.setdefault(event.order_id, {})
        order = orders.get(event.exchange_id)
        if order is None:
            order = orders[event.exchange_id] = Standing(event, symbol, event.ts)
        order.take(event)
        if order.is_over:
            self.over.append(orders.pop(event.exchange_id))
        if not orders:
            del self._working[event.order_id]

    def of(self, trade: str) -> list[ExchangeOrderMoved]:
        """Return what works of a trade."""
        return [order.event for order in self._working.get(trade, {}).values()]

    def all(self) -> list[Standing]:
        """Return all that works, by trade in the order sent."""
        return [order for orders in self._working.values() for order in orders.values()]


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
