"""Exits of one trade together never fill more than is open (F34).

An exit is an order, its slices and its replacements: all orders of one root. Orders that lie and
wait (SL, SL-M, LIMIT) share what is open. A MARKET takes its quantity from the other exits when it
arrives. No order of the group has more pending than is open, and every fill lowers what is open:
so no sequence of fills reverses the position.
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.exchange_order import WORKING_STATES, ExchangeOrder


class Cut(NamedTuple):
    """An order of the group that must not keep more than `pending` units."""

    order: ExchangeOrder
    pending: int


class ExitGroup:
    """The exits of one trade that are not over, in flight too, and how many units are open."""

    def __init__(self) -> None:
        self.open = 0
        self.members: dict[str, ExchangeOrder] = {}

    def note(self, order: ExchangeOrder) -> None:
        """Remember an exit that was sent."""
        self.members[order.order_id] = order

    def leave(self, order: ExchangeOrder) -> None:
        """Forget an order that is over."""
        self.members.pop(order.order_id, None)

    def reduce(self, quantity: int) -> None:
        """Count units that left the position."""
        self.open = max(self.open - quantity, 0)

    def set_open(self, quantity: int) -> None:
        """Set how many units are open: entries fill too."""
        self.open = quantity

    def cuts_after_fill(self, filled: ExchangeOrder) -> list[Cut]:
        """Return the other orders that have more pending than is open now."""
        others = [order for order in self._working() if order is not filled]
        return [Cut(order, self.open) for order in others if order.pending > self.open]

    def cuts_for(self, arrived: ExchangeOrder) -> list[Cut]:
        """Return the other exits that a MARKET takes its quantity from."""
        own = sum(order.pending for order in self._working() if order.root == arrived.root)
        left = max(self.open - own, 0)
        others = [order for order in self._working() if order.root != arrived.root]
        return [Cut(order, left) for order in others if order.pending > left]

    def _working(self) -> list[ExchangeOrder]:
        """Return what is at the exchange; what is in flight is measured when it arrives."""
        return [order for order in self.members.values() if order.state in WORKING_STATES]
