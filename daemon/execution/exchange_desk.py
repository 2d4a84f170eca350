"""Trades at the paper exchange (`fill_mode: depth`): their orders go out, its reports come in.

An entry is one MARKET at the exchange, an exit another, or their slices and replacements. The desk
sends them, records every report, and tells entries and exits what it means for their trade. It
decides nothing about a trade.
"""

from __future__ import annotations

from typing import Protocol

from daemon.domain.events import Charges, Fill
from daemon.domain.exchange_order import OVER_STATES, ExchangeOrder, OrderTerms
from daemon.domain.instrument import Universe
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position
from daemon.exchange.depth_book import ContractDay, DepthBook
from daemon.exchange.fills import FillEngine
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.refusals import Refused
from daemon.exchange.reports import ExecutionReport
from daemon.exchange.timers import NEVER
from daemon.exchange.waiting import WaitingFill, WaitingFills
from daemon.execution.context import Rules
from daemon.execution.costs import Costs
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exchange_ticks import ExchangeFeed, settings_of
from daemon.execution.exits.partial import gapped_through_rest
from daemon.execution.holdings import Holdings
from daemon.execution.protective import unprotected
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.market.agenda import Agenda
from daemon.market.book import Book
from daemon.market.moment import Moment
from daemon.risk.gates import Refusal
from daemon.settings.config import ExecutionConfig


class Openings(Protocol):
    """Open positions; `Entries` does."""

    def opened(self, order: Order, book: Book, fill: Fill) -> None:
        """Book the first fill of an entry."""


class Bookings(Protocol):
    """Book exits; `Closing` does."""

    def book_fill(
        self, position: Position, book: Book, fill: Fill, charges: Charges, reason: str
    ) -> None:
        """Book the last fill of an exit."""

    def priced(self, position: Position, fill: Fill) -> Fill:
        """Return a fill of an exit with what it realizes."""


class Watches(Protocol):
    """Watch positions; `ExitRunner` does."""

    def filled(self, position: Position) -> None:
        """Resume after an exit."""

    def demand(self, position: Position, reason: str) -> None:
        """Ask for a full exit."""

    def refresh(self, position: Position) -> None:
        """Ask the rules for a position's levels again."""


class ExchangeDesk:
    """Send the orders of trades, and turn execution reports into events of trades."""

    def __init__(
        self,
        config: ExecutionConfig,
        universe: Universe,
        rules: Rules,
        agenda: Agenda,
        at: Moment,
        recorder: Recorder,
        quotes: Quotes,
        fills: FillEngine,
        waiting: WaitingFills,
        holdings: Holdings,
        costs: Costs,
    ) -> None:
        self._universe = universe
        self._rules = rules
        self._at = at
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._fills = ExchangeFills(universe, at, quotes, fills, costs)
        self._waiting = waiting
        self._holdings = holdings
        self.exchange = PaperExchange(
            universe.instruments, settings_of(config), self._believes, self._admits
        )
        self._trades: dict[str, str] = {}
        """Order ids of trades by the root of their exchange orders."""
        self._entries: dict[str, str] = {}
        """Roots of the entries that are not over, by order id of their trade."""
        self._leaving: dict[str, str] = {}
        """Why a trade must leave as soon as its entry fills, by order id."""
        self._resend: list[dict[str, None]] = [{} for _ in universe]
        self._beginning = ""
        self._feed = ExchangeFeed(self.exchange, quotes, agenda, self._resend)
        self._numbers: dict[str, int] = {}

    def attach(self, openings: Openings, bookings: Bookings, watches: Watches) -> None:
        """Set who hears what reports mean."""
        self._openings = openings
        self._bookings = bookings
        self._watches = watches

    # orders go out

    def enter(self, order: Order) -> None:
        """Send the entry of a SUBMITTED trade."""
        book = self._quotes.book_of(order.tradingsymbol)
        self._waiting.add(book, WaitingFill(order.order_id, NEVER, is_exit=False), self._at.now)
        terms = OrderTerms(
            instrument=book.index,
            side=order.transaction_type,
            quantity=order.quantity,
            product=order.product,
            tag=order.tag,
        )
        root = self._next_id(order.order_id)
        self._entries[order.order_id] = root
        self._send(root, order.order_id, terms, book)

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
            instrument=book.index,
            side="SELL" if position.sign > 0 else "BUY",
            quantity=missing,
            product=position.product,
            group=order_id,
            is_exit=True,
        )
        root = self._next_id(order_id)
        self._send(root, order_id, terms, book, open_units=position.quantity)

    def _covered(self, order_id: str) -> int:
        return sum(order.pending for order in self.exchange.working_of(order_id))

    def _send(
        self,
        root: str,
        order_id: str,
        terms: OrderTerms,
        book: Book,
        *,
        open_units: int | None = None,
    ) -> None:
        self._trades[root] = order_id
        self._feed.sync(book)
        self._take(self.exchange.submit(root, terms, self._at.now, open_units=open_units), book)

    def _cancel_root(self, root: str, reason: str) -> None:
        self.exchange.drop_unsent(root)
        for order in self.exchange.orders_of(root):
            if not order.is_over:
                book = self._quotes.books[order.terms.instrument]
                self._take(self.exchange.cancel(order.order_id, reason, self._at.now), book)

    def _next_id(self, order_id: str) -> str:
        """Return the id of the next exchange order of a trade: X-, its day, its number."""
        number = self._numbers.get(order_id, 0) + 1
        self._numbers[order_id] = number
        return f"X-{order_id.partition('-')[2]}-{number}"

    # inputs come in

    def start_day(self, date: str) -> None:
        """Open the sessions of a date."""
        for book in self._quotes.books[:-1]:
            instrument = book.instrument
            assert instrument is not None
            assert self._at.date is not None
            freeze = instrument.freeze_quantity or self._rules.freeze_quantity(
                self._at.date, instrument
            )
            day = ContractDay(
                opens=book.open_ts, closes=book.close_ts, freeze_quantity=freeze, date=date
            )
            self.exchange.start_day(book.index, day)
            self._feed.arm(book)
        self._feed.schedule()

    def advance(self, due: int) -> None:
        """Do what is due at the exchange by `due` (UTC ns): step 1 of an input."""
        self._feed.begin_due()
        at = self._at
        self._take(self.exchange.advance(at.now, ticking=at.ticking, until=due))

    def on_tick(self, book: Book) -> None:
        """Show the tick that a book has just taken: step 2 of its input."""
        if not book.expects_tick:
            return
        self._take(self.exchange.on_tick(book.index, self._feed.tick_of(book)), book)
        for order_id in list(self._resend[book.index]):
            del self._resend[book.index][order_id]
            position = self._ledger.positions.get(order_id)
            if position is not None and position.pending is not None:
                self._send_exit(position, book)
        self._feed.arm(book)

    def forget_taken(self, books: list[Book]) -> None:
        """Forget what was taken: data was missed."""
        self.exchange.forget_taken([book.index for book in books])

    def _believes(self, instrument: int) -> bool:
        return self._quotes.fresh_quote(self._quotes.books[instrument]) is not None

    def _admits(self, exchange_order: ExchangeOrder, depth: DepthBook) -> Refused | None:
        order = self._ledger.orders[self._trades[exchange_order.root]]
        return unprotected(order, exchange_order, depth)

    # reports

    def _take(self, reports: list[ExecutionReport], book: Book | None = None) -> None:
        touched: dict[int, Book] = {}
        grown: dict[str, Position] = {}
        for report in reports:
            exchange_order = self.exchange.orders[report.order_id]
            order_id = self._trades[exchange_order.root]
            order = self._ledger.orders[order_id]
            at = self._quotes.books[exchange_order.terms.instrument]
            touched[at.index] = at
            if exchange_order.terms.is_exit:
                self._take_exit(order, exchange_order, report, at)
            else:
                self._take_entry(order, exchange_order, report, at, grown)
        for order_id, position in grown.items():
            if order_id in self._ledger.positions and position.pending is None:
                self._watches.refresh(position)
        if book is not None:
            touched[book.index] = book
        for at in touched.values():
            self._feed.arm(at)
        self._feed.schedule()

    def _take_entry(
        self,
        order: Order,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        book: Book,
        grown: dict[str, Position],
    ) -> None:
        if report.kind == "filled":
            fill = self._fills.of(order, exchange_order, report, book)
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
        if position.pending is None:
            grown[order.order_id] = position
        else:
            self._send_exit(position, book)

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
        fill = self._fills.of(order, exchange_order, report, book)
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
