"""Rows of the order book, written once for orders that are over: programs poll the whole book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from daemon.broker.account_books import AccountBooks
from daemon.broker.order_book import BrokerOrder
from daemon.domain.instrument import Instrument
from daemon.web.kite.account import Account
from daemon.web.kite.order_rows import order_row, with_change
from daemon.web.sources.pending_changes import PendingChanges

TOGETHER: Final = 256
"""Orders whose rows are one piece of an answer, some 280 kB."""


class _Kept(NamedTuple):
    """Rows, and the orders that they are of: the first and the last of a piece."""

    first: BrokerOrder
    last: BrokerOrder
    stamp: int
    rows: bytes

    def is_of(self, orders: Sequence[BrokerOrder]) -> bool:
        """Return whether these are the orders, and nothing has happened to them since."""
        is_same = self.first is orders[0] and self.last is orders[-1]
        return is_same and self.stamp == _stamp(orders)


class KeptRows:
    """Writes the rows of a day's orders as JSON; for one thread at a time, as the account is.

    Orders are in the order in which they were sent, so most pieces of a long day have nothing but
    orders that are over; such a piece is kept whole, and only its orders' moves are counted.
    """

    def __init__(self, account: Account, user_id: str, changes: PendingChanges) -> None:
        self._account = account
        self._changes: Final = changes
        self._user_id: Final = user_id
        self._pieces: dict[int, _Kept] = {}
        """By where they begin in the day."""
        self._rows: dict[str, _Kept] = {}
        """By order, of those pieces in which something still works."""
        self._contracts: dict[str, Instrument] = {}

    def pieces(self, books: AccountBooks) -> list[bytes]:
        """Return the orders of the day, oldest first, as parts of one JSON array's inside."""
        contracts = self._account.instruments()
        if contracts is not self._contracts:  # tokens may differ
            self._contracts, self._rows, self._pieces = contracts, {}, {}
        orders = books.orders.all()
        found = [self._piece(books, orders, at) for at in range(0, len(orders), TOGETHER)]
        self._forget(orders)
        return found

    def _piece(self, books: AccountBooks, orders: list[BrokerOrder], at: int) -> bytes:
        part = orders[at : at + TOGETHER]
        kept = self._pieces.get(at)
        if kept is not None and kept.is_of(part):
            return kept.rows
        rows = b",".join([self._row(books, order) for order in part])
        if at:
            rows = b"," + rows
        if len(part) == TOGETHER and all(order.is_over for order in part):
            self._pieces[at] = _Kept(part[0], part[-1], _stamp(part), rows)
            for order in part:
                self._rows.pop(order.exchange_id, None)
        return rows

    def _row(self, books: AccountBooks, order: BrokerOrder) -> bytes:
        kept = self._rows.get(order.exchange_id)
        if kept is not None and kept.is_of([order]):
            return kept.rows
        contract = self._account.contract(books, order.tradingsymbol)
        fields = with_change(order_row(order, contract, self._user_id), order, self._changes)
        row = msgspec.json.encode(fields)
        if order.is_over:
            self._rows[order.exchange_id] = _Kept(order, order, _stamp([order]), row)
        return row

    def _forget(self, orders: list[BrokerOrder]) -> None:
        """Forget what left the book: another day has begun."""
        if len(self._rows) + TOGETHER * len(self._pieces) > len(orders):
            day = {order.exchange_id for order in orders}
            self._rows = {key: each for key, each in self._rows.items() if key in day}
            self._pieces = {at: each for at, each in self._pieces.items() if at < len(orders)}


def _stamp(orders: Sequence[BrokerOrder]) -> int:
    """Return a number that only grows, with each move and each fill of any of the orders."""
    return sum(len(order.history) + order.value_paise for order in orders)
