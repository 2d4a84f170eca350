"""Trades at the paper exchange: their orders go out, its reports come in.

An entry is one order at the exchange, an exit another, or their slices and replacements. The desk
sends them and hands every report to the orders of entries or of exits, which know what it means for
their trade.
"""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from daemon.domain.exchange_order import ExchangeOrder, Modification, OrderTerms
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order
from daemon.domain.order_kind import MARKET
from daemon.exchange.depth_book import ContractDay, DepthBook
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.refusals import Refused
from daemon.exchange.reports import ExecutionReport
from daemon.execution.context import Rules
from daemon.execution.exchange_ticks import ExchangeFeed, settings_of
from daemon.execution.protective import ArrivalTerms, SpreadLimit, unprotected
from daemon.execution.quotes import Quotes
from daemon.execution.step import Step
from daemon.market.agenda import Agenda
from daemon.market.book import Book
from daemon.market.moment import Moment
from daemon.settings.config import ExecutionConfig


class Reported(Protocol):
    """What becomes of the orders of trades; `EntryOrders` and `ExitOrders` are this."""

    def take(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        """Turn a report into events of its trade."""


class EntryReports(Reported, Protocol):
    """Entries, which may grow at several reports of one step."""

    def end_step(self) -> None:
        """Do what is done once for all reports of a step."""


class ExitReports(Reported, Protocol):
    """Exits, which may have to be sent again."""

    def tell_unfilled(self) -> None:
        """Tell of triggered stops that have stood unfilled for too long."""

    def send_again(self, book: Book) -> None:
        """Send what waits for a tick of this book, which has just come."""


class Untraded(Protocol):
    """Hear of orders that belong to no trade; `UntradedOrders` does."""

    def take(self, order: ExchangeOrder, report: ExecutionReport, book: Book) -> None:
        """Take an execution report."""

    def send_again(self, book: Book) -> None:
        """Send what waits for a tick of this book, which has just come."""


class ExchangeDesk:
    """Send the orders of trades, and hand out the execution reports."""

    def __init__(
        self,
        config: ExecutionConfig,
        universe: Universe,
        rules: Rules,
        agenda: Agenda,
        at: Moment,
        ledger: Ledger,
        quotes: Quotes,
    ) -> None:
        self.universe = universe
        self.at = at
        self.agenda = agenda
        self.step = Step()
        self._rules = rules
        self._at = at
        self._ledger = ledger
        self._quotes = quotes
        self.exchange = PaperExchange(
            universe.instruments, settings_of(config), self._believes, self._admits
        )
        self._trades: dict[str, str] = {}
        """Order ids of trades by the root of their exchange orders; empty without a trade."""
        self.resend: list[dict[str, None]] = [{} for _ in universe]
        """Order ids of trades, and positions without one, whose exit is sent at the next tick."""
        self.is_depth = config.fill_mode == "depth"
        self._feed = ExchangeFeed(
            self.exchange, quotes, agenda, self.resend, has_depth=self.is_depth
        )
        self._days: list[dt.date | None] = [None] * len(universe)
        """The date that each instrument's day at the exchange was begun for."""
        self._spread = SpreadLimit(config.max_spread_pct)
        self._numbers: dict[str, int] = {}
        self._is_taking = False

    def attach(self, entries: EntryReports, exits: ExitReports, untraded: Untraded) -> None:
        """Set who hears reports."""
        self._entries = entries
        self._exits = exits
        self._untraded = untraded

    # orders go out

    def send(self, order_id: str, terms: OrderTerms, book: Book) -> str:
        """Send an order of a trade; return the id that it or its slices go by."""
        root = self.next_id(order_id)
        self.send_as(root, order_id, terms, book)
        return root

    def send_as(
        self, root: str, order_id: str, terms: OrderTerms, book: Book, *, replaces: str = ""
    ) -> None:
        """Send an order of a trade under an id of `next_id`, or of none (`order_id` is empty).

        `replaces` is an order that is cancelled when this one arrives.
        """
        self._trades[root] = order_id
        self.begin_date(book)
        self._feed.sync(book)
        self._take(self.exchange.submit(root, terms, self._at.now, replaces=replaces), book)

    def modify_one(self, exchange_id: str, change: Modification) -> None:
        """Send a modification of one order, not of the other slices of it."""
        book = self._quotes.books[self.exchange.orders[exchange_id].terms.instrument]
        self._feed.sync(book)
        self._take(self.exchange.modify(exchange_id, change, self._at.now), book)

    def cancel_one(self, exchange_id: str, reason: str) -> None:
        """Cancel one order, not the other slices of it."""
        book = self._quotes.books[self.exchange.orders[exchange_id].terms.instrument]
        self._feed.sync(book)
        self._take(self.exchange.cancel(exchange_id, reason, self._at.now), book)

    def trade_of(self, exchange_id: str) -> str | None:
        """Return the trade of an order that was sent, empty without one; None if none was."""
        order = self.exchange.orders.get(exchange_id)
        return None if order is None else self._trades[order.root]

    def freeze_quantity(self, instrument: int) -> int:
        """Return the largest order of a contract today, 0 if unknown."""
        return self.exchange.books[instrument].day.freeze_quantity

    def cancel(self, root: str, reason: str) -> None:
        """Cancel what works of an order, and send no more of it."""
        self.exchange.drop_unsent(root)
        for order in self.exchange.orders_of(root):
            if not order.is_over:
                book = self._quotes.books[order.terms.instrument]
                self._feed.sync(book)
                self._take(self.exchange.cancel(order.order_id, reason, self._at.now), book)

    def modify(self, root: str, change: Modification) -> None:
        """Modify what works of an order; slices that were not sent yet go as they were asked for.

        A fill on the way may end a slice before its turn comes.
        """
        for order in self.exchange.orders_of(root):
            if not order.is_over:
                book = self._quotes.books[order.terms.instrument]
                self._feed.sync(book)
                self._take(self.exchange.modify(order.order_id, change, self._at.now), book)

    def is_sliced(self, root: str) -> bool:
        """Return whether an order went, or goes, in slices."""
        return root not in self.exchange.orders

    def next_id(self, order_id: str) -> str:
        """Return the id of the next exchange order of a trade: X-, its day, its number."""
        order = self._ledger.orders[order_id]
        known = order.exchange_orders  # also those of another day
        if not self.is_depth and order.order_type == MARKET:
            known = max(known, 1)  # its entry, which filled without being sent here
        number = max(self._numbers.get(order_id, 0), known) + 1
        self._numbers[order_id] = number
        return _exchange_id(order_id, number)

    def first_id(self, order_id: str) -> str:
        """Return the id of the exchange order that is a trade's entry."""
        return _exchange_id(order_id, 1)

    def expect_tick(self, order_id: str, book: Book) -> None:
        """Send the exit of a trade at the next tick of its instrument."""
        self.resend[book.index][order_id] = None
        self._feed.arm(book)

    # inputs come in

    def begin_date(self, book: Book) -> None:
        """Open an instrument's session of the date at the first order or tick that it has there."""
        date, index = self._at.date, book.index
        assert date is not None
        if self._days[index] == date:
            return
        self._days[index] = date
        instrument = book.instrument
        assert instrument is not None
        freeze = instrument.freeze_quantity or self._rules.freeze_quantity(date, instrument)
        day = ContractDay(
            opens=book.open_ts, closes=book.close_ts, freeze_quantity=freeze, date=date.isoformat()
        )
        self.exchange.start_day(index, day)
        self._feed.begin_date(book)

    def advance(self, due: int) -> None:
        """Do what is due at the exchange by `due` (UTC ns): step 1 of an input."""
        self._feed.begin_due()
        at = self._at
        self.step.begin()
        self._take(self.exchange.advance(at.now, ticking=at.ticking, until=due))
        for instrument in self.exchange.instruments_waiting():
            self._feed.arm(self._quotes.books[instrument])
        self._exits.tell_unfilled()
        self.step.end()

    def on_tick(self, book: Book) -> None:
        """Show the tick that a book with a skipper has just taken: step 2 of its input."""
        self.begin_date(book)
        self._take(self.exchange.on_tick(book.index, self._feed.tick_of(book)), book)
        if self.resend[book.index]:
            self._untraded.send_again(book)
            self._exits.send_again(book)
        self._feed.arm(book)

    def forget_taken(self, books: list[Book]) -> None:
        """Forget what was taken: data was missed."""
        self.exchange.forget_taken([book.index for book in books])

    def _believes(self, instrument: int) -> bool:
        return self._quotes.fresh_quote(self._quotes.books[instrument]) is not None

    def _admits(self, exchange_order: ExchangeOrder, depth: DepthBook) -> Refused | None:
        order_id = self._trades[exchange_order.root]
        if exchange_order.terms.is_exit or not order_id:
            return None
        order = self._ledger.orders[order_id]
        first = self.exchange.floor.first_take(exchange_order)
        refusal = None
        if first:
            best_bid, best_ask = depth.best_opposite(is_buy=False), depth.best_opposite(is_buy=True)
            refusal = self._spread.refuse(best_bid, best_ask)
        arriving = ArrivalTerms(exchange_order, first, depth.ltp)
        refusal = refusal or unprotected(order, arriving)
        return None if refusal is None else Refused(refusal.reason, refusal.numbers)

    # reports

    def _take(self, reports: list[ExecutionReport], book: Book | None = None) -> None:
        self.step.begin()
        is_outermost, self._is_taking = not self._is_taking, True
        touched: dict[int, Book] = {}
        for report in reports:
            exchange_order = self.exchange.orders[report.order_id]
            order_id = self._trades[exchange_order.root]
            at = self._quotes.books[exchange_order.terms.instrument]
            touched[at.index] = at
            if not order_id:
                self._untraded.take(exchange_order, report, at)
                continue
            order = self._ledger.orders[order_id]
            if exchange_order.terms.is_exit:
                self._exits.take(order, exchange_order, report, at)
            else:
                self._entries.take(order, exchange_order, report, at)
        if is_outermost:
            self._entries.end_step()
            self._is_taking = False
        if book is not None:
            touched[book.index] = book
        for at in touched.values():
            self._feed.arm(at)
        self._feed.schedule()
        self.step.end()


def _exchange_id(order_id: str, number: int) -> str:
    return f"X-{order_id.partition('-')[2]}-{number}"
