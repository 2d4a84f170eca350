"""Exits of one trade together never fill more than is open (F34).

An exit is an order, its slices and its replacements: all orders of one root. Orders that lie and
wait (SL, SL-M, LIMIT) share what is open. A MARKET claims its quantity when it arrives: the exits
before it keep what is left.
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.exchange_order import WORKING_STATES, ExchangeOrder


class Cut(NamedTuple):
    """An order of the group that must not keep more than `pending` units."""

    order: ExchangeOrder
    pending: int


class ExitGroup:
    """The exits of one trade at the exchange, and how many units are open."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open = 0
        self._working: dict[str, ExchangeOrder] = {}
        self._claims: dict[str, int] = {}
        self._claimed = 0
        self.members: dict[str, ExchangeOrder] = {}
        """Every exit that was sent and is not over, in flight too."""

    def note(self, order: ExchangeOrder) -> None:
        """Remember an exit that was sent."""
        self.members[order.order_id] = order

    def arrive(self, order: ExchangeOrder) -> int:
        """Let an order arrive; return how many units it may have, 0 if nothing is left for it."""
        if claims(order):
            self._claimed += 1
            self._claims[order.root] = self._claimed
        taken = self._pending_of(order.root)
        allowed = min(order.pending, self._allowed(order.root) - taken)
        if allowed > 0:
            self._working[order.order_id] = order
        return max(allowed, 0)

    def room_for(self, order: ExchangeOrder) -> int:
        """Return how many units a working order of the group may have pending."""
        others = self._pending_of(order.root) - order.pending
        return max(self._allowed(order.root) - others, 0)

    def leave(self, order: ExchangeOrder) -> None:
        """Forget an order that is over."""
        self._working.pop(order.order_id, None)
        self.members.pop(order.order_id, None)

    def reduce(self, quantity: int) -> None:
        """Count units that left the position."""
        self.open = max(self.open - quantity, 0)

    def set_open(self, quantity: int) -> None:
        """Set how many units are open: entries fill too."""
        self.open = quantity

    def cuts(self) -> list[Cut]:
        """Return the orders that hold more than there is, in the order of their roots.

        Of one exit the part that arrived last gives first.
        """
        found: list[Cut] = []
        for root in dict.fromkeys(order.root for order in self._working.values()):
            orders = [order for order in self._working.values() if order.root == root]
            excess = sum(order.pending for order in orders) - self._allowed(root)
            for order in reversed(orders):
                if excess <= 0:
                    break
                cut = min(excess, order.pending)
                found.append(Cut(order, order.pending - cut))
                excess -= cut
        return found

    def _allowed(self, root: str) -> int:
        """Return what is open less what exits that arrived later have claimed."""
        own = self._claims.get(root, 0)
        claimed = sum(self._pending_of(other) for other, turn in self._claims.items() if turn > own)
        return max(self.open - claimed, 0)

    def _pending_of(self, root: str) -> int:
        return sum(
            order.pending
            for order in self._working.values()
            if order.root == root and order.state in WORKING_STATES
        )


def claims(order: ExchangeOrder) -> bool:
    """Return whether an exit takes its quantity from the others when it arrives."""
    return order.kind == "MARKET"
