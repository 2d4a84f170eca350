"""The entries of trades that are not over, as margin and limits count them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.ledger import Ledger
from daemon.domain.order import Order
from daemon.exchange.waiting import WaitingFills
from daemon.execution.changes_in_flight import Asked
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_desk import ExchangeDesk


class WorkingEntry(NamedTuple):
    """What an entry may still fill, and its limit (paise, 0 without one)."""

    order: Order
    left: int
    limit_paise: int


class WorkingEntries:
    """Entries that wait or work, the rests of part-filled ones too.

    A modification on its way counts as if it had acted, where that is more.
    """

    def __init__(
        self, desk: ExchangeDesk, entry_orders: EntryOrders, waiting: WaitingFills, ledger: Ledger
    ) -> None:
        self._exchange = desk.exchange
        self._entry_orders = entry_orders
        self._waiting = waiting
        self._ledger = ledger

    def __iter__(self) -> Iterator[WorkingEntry]:
        """Yield them: those that wait first, then those at the exchange."""
        for order_id in {**dict.fromkeys(self._waiting.entries), **self._entry_orders.working()}:
            yield self.of(order_id)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._waiting.count_entries() or self._entry_orders.working())

    def of(self, order_id: str) -> WorkingEntry:
        """Return one of them."""
        order = self._ledger.orders[order_id]
        root = self._entry_orders.working().get(order_id)
        left, limit = order.quantity - order.filled_quantity, 0
        for each in () if root is None else self._exchange.orders_of(root):
            if not each.is_over:
                now = Asked(each.quantity, each.limit_paise)
                most = self._entry_orders.in_flight.most(each.order_id, now)
                left += most.quantity - each.quantity
                limit = max(limit, most.limit_paise)
        return WorkingEntry(order, left, limit or order.price_paise)
