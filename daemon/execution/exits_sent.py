"""The exits that each trade has at the exchange, and what of them is booked already."""

from __future__ import annotations

from daemon.exchange.paper_exchange import PaperExchange


class ExitsSent:
    """Count exits by trade: reports come in lists, so the exchange is ahead of the ledger."""

    def __init__(self, exchange: PaperExchange) -> None:
        self._exchange = exchange
        self._roots: dict[str, list[str]] = {}
        self._booked: dict[str, int] = {}

    def sent(self, order_id: str, root: str) -> None:
        """Note an exit that is about to be sent for a trade."""
        self._roots.setdefault(order_id, []).append(root)

    def book(self, order_id: str, quantity: int) -> None:
        """Note units of an exit whose fill is being booked."""
        self._booked[order_id] = self._booked.get(order_id, 0) + quantity

    def unbooked(self, order_id: str) -> int:
        """Return the units that filled in reports which are not taken yet."""
        orders_of = self._exchange.orders_of
        roots = self._roots.get(order_id, ())
        filled = sum(order.filled for root in roots for order in orders_of(root))
        return filled - self._booked.get(order_id, 0)

    def covered(self, order_id: str) -> int:
        """Return the units that exits of a trade still work for, in flight or at the exchange."""
        return sum(order.pending for order in self._exchange.working_of(order_id))
