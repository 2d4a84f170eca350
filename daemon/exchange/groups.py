"""Exits of one trade together never fill more than is open (F34).

An exit is an order, its slices and its replacements: all orders of one root. Orders that lie and
wait (SL, SL-M, LIMIT) share what is open and no MARKET has taken. A MARKET takes its quantity from
the other exits when it arrives, in the order in which they were sent. No order of the group has
more pending than is open, and every fill lowers what is open: so no sequence of fills reverses the
position.
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.exchange_order import WORKING_STATES, ExchangeOrder
from daemon.domain.order_kind import OrderKind


class Cut(NamedTuple):
    """An order of the group that must not keep more than `pending` units."""

    order: ExchangeOrder
    pending: int


class ExitGroup:
    """The exits of one trade that are not over, in flight too, and how many units are open."""

    def __init__(self) -> None:
        self.open = 0
        self.members: dict[str, ExchangeOrder] = {}
        self._roots: dict[str, None] = {}

    def note(self, order: ExchangeOrder) -> None:
        """Remember an exit that was sent."""
        self.members[order.order_id] = order
        self._roots[order.root] = None

    def leave(self, order: ExchangeOrder) -> None:
        """Forget an order that is over."""
        self.members.pop(order.order_id, None)

    def reduce(self, quantity: int) -> None:
        """Count units that left the position."""
        self.open = max(self.open - quantity, 0)

    def grow(self, quantity: int) -> None:
        """Count units that the position gained."""
        self.open += quantity

    def set_open(self, quantity: int) -> None:
        """Set how many units are open: entries fill too."""
        self.open = quantity

    def room_for(self, root: str, kind: OrderKind, *besides: ExchangeOrder | None) -> int:
        """Return how many units one more order of an exit may have pending.

        `besides` are orders of the exit that do not count: it replaces or changes them.
        """
        own = [order for order in self._working(root) if order not in besides]
        taken = [] if kind == "MARKET" else self._markets_besides(root)
        return max(self.open - sum(order.pending for order in (*own, *taken)), 0)

    def _markets_besides(self, root: str) -> list[ExchangeOrder]:
        others = (other for other in self._roots if other != root)
        working = (order for other in others for order in self._working(other))
        return [order for order in working if order.kind == "MARKET"]

    def cuts_after_fill(self) -> list[Cut]:
        """Return what exits have more pending than is open now."""
        return [cut for root in self._roots for cut in self._cuts(root, self.open)]

    def cuts_for(self, arrived: ExchangeOrder) -> list[Cut]:
        """Return what a MARKET takes from the other exits."""
        own = sum(order.pending for order in self._working(arrived.root))
        left = max(self.open - own, 0)
        others = [root for root in self._roots if root != arrived.root]
        return [cut for root in others for cut in self._cuts(root, left)]

    def _cuts(self, root: str, most: int) -> list[Cut]:
        """Return what one exit has too much: the part that arrived last gives first."""
        orders = self._working(root)
        excess = sum(order.pending for order in orders) - most
        found: list[Cut] = []
        for order in reversed(orders):
            if excess <= 0:
                break
            part = min(excess, order.pending)
            found.append(Cut(order, order.pending - part))
            excess -= part
        return found

    def _working(self, root: str) -> list[ExchangeOrder]:
        """Return what one exit has at the exchange; what is in flight is measured on arrival."""
        return [
            order
            for order in self.members.values()
            if order.root == root and order.state in WORKING_STATES
        ]
