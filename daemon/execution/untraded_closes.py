"""Positions without a trade that must leave: closed by exchange orders of their own.

A kill switch, a square-off or a day's loss asks for it. A close is a MARKET order for what is open,
sent again until nothing is: what refuses it, or another order of the account that fills meanwhile,
only changes how much the next one is for. Which positions are closing is in the events of those
orders, so a start continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from daemon.domain.exchange_order import ExchangeOrder, OrderTerms
from daemon.domain.ledger import Ledger
from daemon.domain.untraded import UntradedPosition, key_of
from daemon.exchange.reports import ExecutionReport
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings, WorkingUntraded
from daemon.execution.untraded_orders import UntradedOrders
from daemon.market.book import Book

Wanted = Callable[[int, str], bool]
"""Whether an instrument and a product are meant."""


def anything(instrument: int, product: str) -> bool:
    """Return True: all of them are meant."""
    return True


class UntradedCloses:
    """Close positions without a trade until they are flat."""

    def __init__(
        self, desk: ExchangeDesk, ledger: Ledger, quotes: Quotes, orders: UntradedOrders
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._quotes = quotes
        self._orders = orders
        self._holdings: UntradedHoldings = orders.holdings
        self._until_flat = {
            position.key: position.closing
            for position in self._holdings.positions()
            if position.closing
        }
        self._touched: dict[str, None] = {}
        self._cancelled: set[str] = set()
        desk.step.do_at_end(self._end_step)

    def start_day(self) -> None:
        """Go on with what an earlier day left, at the first tick of each contract."""
        self._cancelled.clear()
        for key in sorted(self._until_flat):
            self._wait(key)

    # demands

    def close_all(self, reason: str) -> None:
        """Cancel every order without a trade, and close every position of them."""
        self.close(reason, anything)

    def close(self, reason: str, wanted: Wanted) -> None:
        """Cancel and close what is wanted; what a cancel comes too late for is closed as well.

        Nothing is closed before everything was cancelled.
        """
        self._desk.step.begin()
        for each in self._holdings.opening():
            if wanted(each.terms.instrument, each.terms.product):
                self._until_flat.setdefault(self._key(each.terms), reason)
        self.cancel(reason, wanted)
        for position in self._holdings.positions():
            index = self._holdings.index_of(position)
            if index is not None and wanted(index, position.product):
                self._until_flat.setdefault(position.key, reason)
                self._touched[position.key] = None
        self._desk.step.end()

    def cancel(self, reason: str, wanted: Wanted) -> None:
        """Cancel the orders that are wanted, but those that close something."""
        self._orders.icebergs.drop(wanted)
        for each in list(self._holdings.opening()):
            if wanted(each.terms.instrument, each.terms.product):
                self._orders.cancel(each.exchange_id, reason)

    # what comes back

    def take(self, order: ExchangeOrder, report: ExecutionReport, book: Book) -> None:
        """Look at a position again after a report of any order of its contract."""
        key = self._key(order.terms)
        if key not in self._until_flat:
            return
        if report.kind == "rejected" and key in self._ledger.untraded.positions:
            self._wait(key)
        else:
            self._touched[key] = None

    def send_again(self, book: Book) -> None:
        """Take what waits for a tick of this book, which has just come."""
        waiting = self._desk.resend[book.index]
        for key in [each for each in waiting if each in self._until_flat]:
            del waiting[key]
            self._touched[key] = None

    def _end_step(self) -> None:
        while self._touched:
            key = min(self._touched)
            del self._touched[key]
            if key in self._until_flat:
                self._arrange(key)

    def _arrange(self, key: str) -> None:
        """Have one order work that closes what is open, and none that closes more."""
        working = [each for each in self._holdings.working() if self._key(each.terms) == key]
        closing = [each for each in working if each.terms.is_exit]
        position = self._ledger.untraded.positions.get(key)
        if position is None:
            self._drop(closing)
            if not working:
                del self._until_flat[key]
        elif closing:
            side = position.closing_side
            self._drop(
                each
                for each in closing
                if each.terms.side != side or each.left > position.cost.units
            )
        else:
            self._send(position)

    def _drop(self, orders: Iterable[WorkingUntraded]) -> None:
        """Cancel closes that are no longer right, each once."""
        for each in orders:
            if each.exchange_id not in self._cancelled:
                self._cancelled.add(each.exchange_id)
                self._orders.cancel(each.exchange_id, "replaced")

    def _send(self, position: UntradedPosition) -> None:
        index = self._holdings.index_of(position)
        if index is None:
            return
        book = self._quotes.books[index]
        opens, closes = self._quotes.session(book)
        if position.closing and not opens <= self._desk.at.now < closes:
            self._wait(position.key)  # its events say already that it must leave
            return
        quantity = self._quantity(position, book)
        if quantity:
            reason = self._until_flat[position.key]
            terms = OrderTerms(
                instrument=index,
                side=position.closing_side,
                quantity=quantity,
                product=position.product,
                is_exit=True,
                tag=reason,
            )
            self._orders.send(self._orders.next_id(), terms)

    def _quantity(self, position: UntradedPosition, book: Book) -> int:
        """Return what one order closes: at most the freeze quantity, in whole lots."""
        assert book.instrument is not None
        self._desk.begin_date(book)
        units, lot = position.cost.units, book.instrument.lot_size
        freeze = self._desk.freeze_quantity(book.index)
        most = min(units, freeze) if freeze >= lot else units
        return most - most % lot

    def _wait(self, key: str) -> None:
        """Look again at the next tick of the contract."""
        position = self._ledger.untraded.positions.get(key)
        index = None if position is None else self._holdings.index_of(position)
        if index is not None:
            self._desk.expect_tick(key, self._quotes.books[index])

    def _key(self, terms: OrderTerms) -> str:
        return key_of(self._quotes.books[terms.instrument].tradingsymbol, terms.product)
