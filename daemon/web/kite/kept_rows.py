"""Rows of the order book, written once for an order that is over: programs poll the whole book."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from daemon.broker.account_books import AccountBooks
from daemon.broker.order_book import BrokerOrder
from daemon.domain.instrument import Instrument
from daemon.web.kite.account import Account
from daemon.web.kite.order_rows import order_row, with_change
from daemon.web.sources.pending_changes import PendingChanges


class _Kept(NamedTuple):
    order: BrokerOrder
    value_paise: int
    """Its last execution is booked behind its last move."""
    row: msgspec.Raw


class KeptRows:
    """Writes the rows of a day's orders as JSON; for one thread at a time, as the account is."""

    def __init__(self, account: Account, user_id: str, changes: PendingChanges) -> None:
        self._account = account
        self._changes: Final = changes
        self._user_id: Final = user_id
        self._kept: dict[str, _Kept] = {}
        self._contracts: dict[str, Instrument] = {}

    def all(self, books: AccountBooks) -> list[msgspec.Raw]:
        """Return the orders of the day, oldest first; what left the book is forgotten."""
        contracts = self._account.instruments()
        if contracts is not self._contracts:  # tokens may differ
            self._contracts, self._kept = contracts, {}
        orders = books.orders.all()
        rows = [self._row(books, order) for order in orders]
        if len(self._kept) > len(orders):
            day = {order.exchange_id for order in orders}
            self._kept = {key: each for key, each in self._kept.items() if key in day}
        return rows

    def _row(self, books: AccountBooks, order: BrokerOrder) -> msgspec.Raw:
        kept = self._kept.get(order.exchange_id)
        if kept and kept.order is order and kept.value_paise == order.value_paise:
            return kept.row
        contract = self._account.contract(books, order.tradingsymbol)
        fields = with_change(order_row(order, contract, self._user_id), order, self._changes)
        row = msgspec.Raw(msgspec.json.encode(fields))
        if order.is_over:
            self._kept[order.exchange_id] = _Kept(order, order.value_paise, row)
        return row
