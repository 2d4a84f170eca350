"""Requests on their way to the exchange, and those that wait for a tick there (F4).

A request is at the exchange at sent + latency and never before the one ahead of it on the same
order, so requests of one order act in the order in which they were sent.
"""

from __future__ import annotations

from collections import deque

import msgspec

from daemon.domain.exchange_order import ExchangeOrder, Modification


class Request(msgspec.Struct, gc=False):
    """A new order (no change, no reason), a modification or a cancel. `due` UTC ns."""

    number: int
    order: ExchangeOrder
    sent: int
    due: int
    change: Modification | None = None
    cancel_reason: str = ""
    is_new: bool = False
    is_over: bool = False

    def end(self) -> None:
        """Mark a request that acted or was withdrawn."""
        self.is_over = True


class RequestQueue:
    """Requests by order, and by instrument those whose time has come."""

    def __init__(self, instruments: int) -> None:
        self._of_order: dict[str, deque[Request]] = {}
        self._ready: list[list[Request]] = [[] for _ in range(instruments)]
        self._sent = 0
        self._waiting = 0

    def send(
        self,
        order: ExchangeOrder,
        now: int,
        latency_ns: int,
        *,
        is_new: bool = False,
        change: Modification | None = None,
        cancel_reason: str = "",
    ) -> Request:
        """Queue a request sent at `now` (UTC ns) behind those of its order."""
        due = now + latency_ns
        self._sent += 1
        queue = self._of_order.setdefault(order.order_id, deque())
        if queue:
            due = max(due, queue[-1].due)
        request = Request(self._sent, order, now, due, change, cancel_reason, is_new)
        queue.append(request)
        return request

    def wait(self, request: Request) -> None:
        """Keep a request whose time has come until it can act."""
        ready = self._ready[request.order.terms.instrument]
        if request not in ready:
            ready.append(request)
            ready.sort(key=_number)
            self._waiting += 1

    def waiting_at(self, instrument: int) -> list[Request]:
        """Return what waits at an instrument, in the order sent."""
        return self._ready[instrument][:]

    def instruments_waiting(self) -> list[int]:
        """Return the instruments at which something waits."""
        if not self._waiting:
            return []
        return [index for index, ready in enumerate(self._ready) if ready]

    def is_first(self, request: Request) -> bool:
        """Return whether nothing of the same order is ahead of a request."""
        return self._of_order[request.order.order_id][0] is request

    def done(self, request: Request) -> None:
        """Forget a request that acted."""
        request.end()
        queue = self._of_order[request.order.order_id]
        queue.remove(request)
        if not queue:
            del self._of_order[request.order.order_id]
        ready = self._ready[request.order.terms.instrument]
        if request in ready:
            ready.remove(request)
            self._waiting -= 1

    def withdraw_new(self, order: ExchangeOrder) -> None:
        """Forget that an order was on its way: it is over before it arrived."""
        for request in list(self._of_order.get(order.order_id, ())):
            if request.is_new:
                self.done(request)


def _number(request: Request) -> int:
    return request.number
