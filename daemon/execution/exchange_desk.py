"""Trades at the paper exchange: their orders go out, its reports come in.

An entry is one order at the exchange, an exit another, or their slices and replacements. The desk
sends them and hands every report to the orders of entries or of exits, which know what it means for
their trade.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        step: Step,
    ) -> None:
        self.universe = universe
        self.at = at
        self.agenda = agenda
        self.step = step
        self._rules = rules
        self._at = at
        self._ledger = ledger
        self._quotes = quotes
        self.fills = ExchangeFills(universe, at, quotes, fills, costs)
        self._waiting = waiting
        self._holdings = holdings
        self.exchange = PaperExchange(
            universe.instruments, settings_of(config), self._believes, self._admits
        )
        self._trades: dict[str, str] = {}
        """Order ids of trades by the root of their exchange orders; empty without a trade."""
        self._entries: dict[str, str] = {}
        """Roots of the entries that are not over, by order id of their trade."""
        self.entries: Mapping[str, str] = self._entries
        self._leaving: dict[str, str] = {}
        """Why a trade must leave as soon as its entry fills, by order id."""
        self._resend: list[dict[str, None]] = [{} for _ in universe]
        self._beginning = ""
        self._feed = ExchangeFeed(self.exchange, quotes, agenda, self._resend)
        self._numbers: dict[str, int] = {}
        self._is_taking = False

    def attach(
        self, openings: Openings, bookings: Bookings, watches: Watches, untraded: Untraded
    ) -> None:
        """Set who hears what reports mean."""
        self._untraded = untraded
        self._openings = openings
        self._bookings = bookings
        self._watches = watches

    # orders go out

    def enter(self, order: Order) -> None:
        """Send the entry of a SUBMITTED trade."""
        book = self._quotes.book_of(order.tradingsymbol)
        self._waiting.add(book, WaitingFill(order.order_id, NEVER, is_exit=False), self._at.now)
        terms = OrderTerms(
            instrument=book.index, side=order.transaction_type, quantity=order.quantity,
            product=order.product, tag=order.tag,
        )  # fmt: skip
        root = self._next_id(order.order_id)
        self._entries[order.order_id] = root
        self.send(root, order.order_id, terms, book)

    def cancel_entry(self, order: Order, reason: str) -> bool:
        """Cancel what still works of an entry; return whether anything does."""
        root = self._entries.get(order.order_id)
        if root is None:
            return False
        self._leaving[order.order_id] = reason
        self._cancel_root(root, reason)
        return True

    def leave(self, position: Position, book: Book) -> bool:
        """Send the pending exit of a position; return whether it was done at once."""
        order_id = position.order_id
        if order_id in self._entries:
            self._cancel_root(self._entries[order_id], "exit_began")
        self._beginning = order_id
        self._send_exit(position, book)
        self._beginning = ""
        return position.pending is None

    def send_at_next_tick(self, position: Position, book: Book) -> None:
        """Send the pending exit of a position at the next tick of its instrument."""
        self._resend[book.index][position.order_id] = None
        self._feed.arm(book)

    def _send_exit(self, position: Position, book: Book) -> None:
        """Send what no order at the exchange covers of a pending exit."""
        order_id, pending = position.order_id, position.pending
        assert pending is not None
        missing = pending.quantity - self._covered(order_id)
        if missing <= 0:
            return
        terms = OrderTerms(
            instrument=book.index, side=position.closing_side, quantity=missing,
            product=position.product, group=order_id, is_exit=True,
        )  # fmt: skip
        root = self._next_id(order_id)
        self.send(root, order_id, terms, book, open_units=position.quantity)

    def _covered(self, order_id: str) -> int:
        return sum(order.pending for order in self.exchange.working_of(order_id))

    def send(
        self,
        root: str,
        order_id: str,
        terms: OrderTerms,
        book: Book,
        *,
        open_units: int | None = None,
    ) -> None:
        """Send a new order of a trade, or of none (`order_id` is empty)."""
        self._trades[root] = order_id
        self._feed.sync(book)
        self._take(self.exchange.submit(root, terms, self._at.now, open_units=open_units), book)

        `replaces` is an order that is cancelled when this one arrives.
        """
        self._trades[root] = order_id
        self._begin_date(book)
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

    def _begin_date(self, book: Book) -> None:
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
        self._take(self.exchange.advance(self._at.now, ticking=self._at.ticking, until=due))
        for index in self.exchange.instruments_waiting():
            self._feed.arm(self._quotes.books[index])

    def on_tick(self, book: Book) -> None:
        """Show the tick that a book with a skipper has just taken: step 2 of its input."""
        self._begin_date(book)
        self._take(self.exchange.on_tick(book.index, self._feed.tick_of(book)), book)
        if self.resend[book.index]:
            self._exits.send_again(book)
        self._feed.arm(book)

    def forget_taken(self, books: list[Book]) -> None:
        """Forget what was taken: data was missed."""
        self.exchange.forget_taken([book.index for book in books])

    def _believes(self, instrument: int) -> bool:
        return self._quotes.fresh_quote(self._quotes.books[instrument]) is not None

    def _admits(self, exchange_order: ExchangeOrder, depth: DepthBook) -> Refused | None:
        order_id = self._trades[exchange_order.root]
        return (
            unprotected(self._ledger.orders[order_id], exchange_order, depth) if order_id else None
        )

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
                self._take_entry(order, exchange_order, report, at, grown)
        for position in grown.values():  # what is covered is known once all reports are taken
            if position.pending is not None:
                self._send_exit(position, self._quotes.book_of(position.tradingsymbol))
            elif position.order_id in self._ledger.positions:
                self._watches.refresh(position)
        if book is not None:
            touched[book.index] = book
        for at in touched.values():
            self._feed.arm(at)
        self._feed.schedule()
        self.step.end()

    def _take_entry(
        self,
        order: Order,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        book: Book,
        grown: dict[str, Position],
    ) -> None:
        if report.kind == "filled":
            fill = self.fills.of(order, exchange_order, report, book)
            if order.state is OrderState.SUBMITTED:
                self._recorder.exchange_moved(order, exchange_order, report)
                self._waiting.drop(book, order.order_id, self._at.now)
                self._openings.opened(order, book, fill)
            else:
                self._recorder.exchange_moved(order, exchange_order, report, fill=fill)
                self._enlarged(order, book, fill.quantity, grown)
        else:
            self._recorder.exchange_moved(order, exchange_order, report)
        if report.state in OVER_STATES and not self.exchange.works(exchange_order.root):
            self._entry_over(order, exchange_order, report, book)
        reason = self._leaving.get(order.order_id)
        position = self._ledger.positions.get(order.order_id)
        if reason and position is not None:
            del self._leaving[order.order_id]
            self._watches.demand(position, reason)

    def _enlarged(
        self, order: Order, book: Book, quantity: int, grown: dict[str, Position]
    ) -> None:
        position = self._ledger.positions.get(order.order_id)
        assert position is not None, order
        self._holdings.enlarged(position, book.index, quantity)
        grown[order.order_id] = position

    def _entry_over(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        self._entries.pop(order.order_id, None)
        if order.state is not OrderState.SUBMITTED:
            return
        self._leaving.pop(order.order_id, None)
        self._waiting.drop(book, order.order_id, self._at.now)
        reason = report.reason
        if report.kind == "rejected":
            self._recorder.rejected(order, Refusal(reason, dict(report.numbers or {})))
        elif reason == "unfilled_rest":
            waited = self._at.now - order.submitted_ts
            self._recorder.rejected(order, Refusal("no_price", {"waited_ns": waited}))
        else:
            self._recorder.moved(order, OrderState.CANCELLED, reason)

    def _take_exit(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        if report.kind == "filled":
            self._exit_filled(order, exchange_order, report, book)
            return
        self._recorder.exchange_moved(order, exchange_order, report)
        is_lost = report.state in OVER_STATES and report.reason not in ("replaced", "exit_group")
        position = self._ledger.positions.get(order.order_id)
        if is_lost and position is not None and position.pending is not None:
            self._resend[book.index][order.order_id] = None

    def _exit_filled(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        position = self._ledger.positions[order.order_id]
        pending = position.pending
        assert pending is not None, position
        fill = self.fills.of(order, exchange_order, report, book)
        is_last = fill.quantity == pending.quantity
        rest = position.quantity - fill.quantity
        widens = is_last and pending.partial and gapped_through_rest(position, book.ltp)
        if is_last and not widens:
            self._recorder.exchange_moved(order, exchange_order, report)
            self._bookings.book_fill(position, book, fill, fill.charges, pending.reason)
            if self._beginning != order.order_id:
                self._watches.filled(position)
            return
        self._recorder.exchange_moved(
            order,
            exchange_order,
            report,
            fill=self._bookings.priced(position, fill),
            exit_quantity=rest if widens else 0,
        )
        self._holdings.reduced(position, book.index, fill.quantity)
        if widens:
            self._send_exit(position, book)
