"""Exits at the paper exchange: sent, sent again, filled in parts (exchange.md, F34 and F52)."""

from __future__ import annotations

from typing import Protocol

from daemon.domain.events import Charges, Fill
from daemon.domain.exchange_order import OVER_STATES, ExchangeOrder, OrderTerms
from daemon.domain.order import Order
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exits.partial import gapped_through_rest
from daemon.execution.holdings import Holdings
from daemon.execution.recorder import Recorder
from daemon.market.book import Book


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


class ExitOrders:
    """The exits of trades at the exchange."""

    def __init__(
        self,
        desk: ExchangeDesk,
        entries: EntryOrders,
        recorder: Recorder,
        fills: ExchangeFills,
        holdings: Holdings,
    ) -> None:
        self._desk = desk
        self._entries = entries
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._fills = fills
        self._holdings = holdings
        self._beginning = ""

    def attach(self, bookings: Bookings, watches: Watches) -> None:
        """Set who hears what reports mean."""
        self._bookings = bookings
        self._watches = watches

    # out

    def leave(self, position: Position, book: Book) -> bool:
        """Send the pending exit of a position; return whether it was done at once."""
        self._entries.drop_rest(position.order_id)
        self._beginning = position.order_id
        self._send(position, book)
        self._beginning = ""
        return position.pending is None

    def send_at_next_tick(self, position: Position, book: Book) -> None:
        """Send the pending exit of a position at the next tick of its instrument."""
        self._desk.expect_tick(position.order_id, book)

    def send_again(self, book: Book) -> None:
        """Send what waits for a tick of this book, which has just come."""
        waiting = self._desk.resend[book.index]
        for order_id in list(waiting):
            del waiting[order_id]
            position = self._ledger.positions.get(order_id)
            if position is not None and position.pending is not None:
                self._send(position, book)

    def enlarge(self, position: Position, book: Book) -> None:
        """Send what the pending exit of a grown position lacks (F51)."""
        self._send(position, book)

    def _send(self, position: Position, book: Book) -> None:
        """Send what no order at the exchange covers of a pending exit."""
        order_id, pending = position.order_id, position.pending
        assert pending is not None
        missing = pending.quantity - self._covered(order_id)
        if missing <= 0:
            return
        terms = OrderTerms(
            instrument=book.index,
            side=position.closing_side,
            quantity=missing,
            product=position.product,
            group=order_id,
            is_exit=True,
        )
        self._desk.send(order_id, terms, book, open_units=position.quantity)

    def _covered(self, order_id: str) -> int:
        return sum(order.pending for order in self._desk.exchange.working_of(order_id))

    # in

    def take(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        """Turn a report into events of its trade."""
        if report.kind == "filled":
            self._filled(order, exchange_order, report, book)
            return
        self._recorder.exchange_moved(order, exchange_order, report)
        is_lost = report.state in OVER_STATES and report.reason not in ("replaced", "exit_group")
        position = self._ledger.positions.get(order.order_id)
        if is_lost and position is not None and position.pending is not None:
            self._desk.expect_tick(order.order_id, book)

    def _filled(
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
            self._send(position, book)
