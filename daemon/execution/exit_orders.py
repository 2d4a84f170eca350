"""Exits at the paper exchange: sent, sent again, filled in parts (exchange.md, F33, F34, F52)."""

from __future__ import annotations

from typing import Final

from daemon.domain.exchange_order import (
    OVER_STATES,
    ExchangeOrder,
    ExchangeOrderState,
    OrderTerms,
)
from daemon.domain.order import Order
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exit_notes import ExitNotes
from daemon.execution.exit_progress import Bookings, ExitProgress, Watches
from daemon.execution.exits.at_exchange import AtExchange, Place, is_met
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.resting_exits import RestingExits
from daemon.execution.unfilled_stops import UnfilledStops
from daemon.market.book import Book

RefusedOrder = tuple[ExchangeOrder, ExecutionReport]
"""An order at the exchange, and the report that it was refused."""
_HARMLESS: Final = frozenset({"not_open", "already_filled"})


class ExitOrders:
    """The exits of trades at the exchange: those that leave, and those that lie and wait."""

    def __init__(
        self,
        desk: ExchangeDesk,
        entries: EntryOrders,
        recorder: Recorder,
        quotes: Quotes,
        fills: ExchangeFills,
        holdings: Holdings,
        held: AtExchange,
    ) -> None:
        self._desk = desk
        self._entries = entries
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._held = held
        self._unfilled = unfilled = UnfilledStops(desk.agenda)
        self._resting = RestingExits(desk, held)
        self._notes = ExitNotes(recorder, is_simple=not desk.is_depth)
        self._progress = ExitProgress(
            entries, recorder, fills, holdings, self._resting, unfilled, self._notes, self.touch,
            self._send,
        )  # fmt: skip
        self._touched: dict[str, Book] = {}
        """Trades whose orders are brought in line with them at the end of the step."""
        self._refused: dict[str, list[RefusedOrder]] = {}
        """What the exchange refused of a trade's stop or target in this step."""
        desk.step.do_at_end(self.end_step)

    def attach(self, bookings: Bookings, watches: Watches) -> None:
        """Set who hears what reports mean."""
        self._progress.attach(bookings, watches)
        self._watches = watches

    def handles(self, position: Position) -> bool:
        """Return whether a position leaves through the exchange: some do in the simple modes."""
        exits = position.exits
        lies = exits.stop_at_exchange or exits.target_at_exchange
        return lies or self._desk.is_depth

    # out

    def opened(self, position: Position, book: Book) -> None:
        """Let the exits of a position lie at the exchange from now on."""
        if self.handles(position):
            self._desk.exchange.grow(position.order_id, position.quantity)
            self.touch(position, book)

    def grown(self, position: Position, book: Book, quantity: int) -> None:
        """Note that an entry has filled further: its exits must be larger (F51)."""
        if self.handles(position):
            self._desk.exchange.grow(position.order_id, quantity)
            self.touch(position, book)

    def touch(self, position: Position, book: Book) -> None:
        """Bring the orders of a position in line with it at the end of the step."""
        self._touched[position.order_id] = book

    def entry_over(self, order_id: str, book: Book) -> None:
        """Close a trade whose exit had nothing left to wait for but its entry (F51)."""
        self._progress.entry_over(order_id, book)

    def leave(self, position: Position, book: Book) -> bool:
        """Send the pending exit of a position; return whether it was done at once."""
        self._entries.drop_rest(position.order_id, "exit_began")
        self._progress.begin(position.order_id)
        self._send(position, book)
        self._progress.begin("")
        return position.pending is None

    def send_at_next_tick(self, position: Position, book: Book) -> None:
        """Send the pending exit of a position at the next tick of its instrument."""
        self._desk.expect_tick(position.order_id, book)

    def send_again(self, book: Book) -> None:
        """Send what waits for a tick of this book, which has just come."""
        waiting = self._desk.resend[book.index]
        for order_id in list(waiting):
            del waiting[order_id]
            self._touched[order_id] = book

    def start_day(self) -> None:
        """Place stops and targets again at the first believed quote of a new day (F6)."""
        self._held.start_day()
        for position in self._ledger.open_positions():
            if self._held.holds_stop(position) or self._held.holds_target(position):
                self._desk.expect_tick(
                    position.order_id, self._quotes.book_of(position.tradingsymbol)
                )

    def end_step(self) -> None:
        """Bring the orders of every trade that changed in line with it."""
        while self._touched:
            order_id = next(iter(self._touched))
            book = self._touched.pop(order_id)
            refused = self._refused.pop(order_id, [])
            position = self._ledger.positions.get(order_id)
            if position is None:
                self._resting.forget(order_id)
            elif position.pending is None:
                self._arrange(position, book, refused)
            elif not position.pending.settling:
                self._send(position, book)

    def _arrange(self, position: Position, book: Book, refused: list[RefusedOrder]) -> None:
        """Let stop and target lie as they should; what the exchange refuses the engine watches."""
        exits = position.exits
        if not exits.stop_at_exchange and not exits.target_at_exchange:
            return
        quote = self._quotes.fresh_quote(book)
        if quote is None:
            if self._held.holds_stop(position) or self._held.holds_target(position):
                self._desk.expect_tick(position.order_id, book)
            return
        must_leave = False
        for order, report in refused:
            is_stop = self._resting.place_of(order) is not Place.TARGET
            if is_stop and is_met(position, quote.ltp):
                must_leave = True
            else:
                self._watch_instead(position, order, report)
        if must_leave or not self._resting.arrange(position, book, quote.ltp):
            self._held.fall(position, Place.STOP)
            self._watches.reached(position, quote.ltp)
            self._held.rise(position, Place.STOP)

    def _watch_instead(
        self, position: Position, order: ExchangeOrder, report: ExecutionReport
    ) -> None:
        """Let the engine watch a level that the exchange refused to hold, and say so."""
        if self._resting.place_of(order) is Place.TARGET:
            reason = "target_not_at_exchange"
            self._held.fall(position, Place.TARGET)
            self._resting.drop_target(position.order_id, reason)
        elif self._held.holds_stop(position):
            reason = "stop_not_at_exchange"
            self._held.fall(position, Place.STOP)
            self._resting.drop_stops(position.order_id, reason)
        else:  # the other part of the same stop was refused before
            return
        self._notes.alert(order, reason, {"refused": report.reason})
        self._watches.refresh(position)

    def _send(self, position: Position, book: Book) -> None:
        """Send what no order that leaves covers of a pending exit."""
        order_id, pending = position.order_id, position.pending
        assert pending is not None
        if self._desk.at.date is None:  # an engine that resumes has no session yet
            self._desk.expect_tick(order_id, book)
            return
        missing = pending.quantity - self._leaving(order_id)
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
        self._desk.send(order_id, terms, book)

    def _leaving(self, order_id: str) -> int:
        """Return the units that leave already: at the market, or by a stop that was triggered."""
        return sum(
            order.pending
            for order in self._desk.exchange.working_of(order_id)
            if (order.kind == "MARKET" or order.triggered) and not _replaces_another(order)
        )

    # in

    def take(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        """Turn a report into events of its trade."""
        place = self._resting.place_of(exchange_order)
        if place is not None:
            self._resting.hear(order.order_id, exchange_order, report)
            self._touched[order.order_id] = book
        if report.kind == "filled":
            self._progress.filled(order, exchange_order, report, book)
            return
        position = self._ledger.positions.get(order.order_id)
        if report.kind == "triggered" and position is not None:
            self._progress.triggered(order, position, exchange_order, report)
            return
        self._notes.tell(order, exchange_order, report)
        if position is None:
            return
        if place is not None and report.kind in ("rejected", "modify_refused"):
            self._note_refusal(position, exchange_order, report, book)
        is_lost = report.state in OVER_STATES and report.reason not in ("replaced", "exit_group")
        if is_lost and position.pending is not None:
            self._desk.expect_tick(order.order_id, book)

    def tell_unfilled(self) -> None:
        """Say which stops stand unfilled a second after their trigger."""
        for stop in self._unfilled.take_due(self._recorder.now):
            position = self._ledger.positions.get(stop.order_id)
            pending = None if position is None else position.pending
            if pending is None or pending.seq != stop.exit_seq:
                continue
            order = self._desk.exchange.orders[stop.exchange_id]
            self._notes.alert(order, "stop_unfilled", {"unfilled": pending.quantity})

    def _note_refusal(
        self, position: Position, order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        if position.pending is None and report.reason not in _HARMLESS and not order.triggered:
            self._refused.setdefault(position.order_id, []).append((order, report))
        self.touch(position, book)


def _replaces_another(order: ExchangeOrder) -> bool:
    """Return whether an order is on its way to take over what another still has."""
    return bool(order.replaces) and order.state is ExchangeOrderState.NEW
