"""How an exit at the exchange gets on: triggered, filled in parts, over (exchange.md, F52)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from daemon.domain.events import Charges, ExitDemand, Fill
from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exit_notes import ExitNotes
from daemon.execution.exits.at_exchange import Place
from daemon.execution.exits.partial import gapped_through_rest, is_part_of_stop
from daemon.execution.exits.stop_loss import StopLossManager
from daemon.execution.holdings import Holdings
from daemon.execution.recorder import Recorder
from daemon.execution.resting_exits import RestingExits
from daemon.execution.unfilled_stops import UnfilledStops
from daemon.market.book import Book

Touch = Callable[[Position, Book], None]
"""Bring the orders of a position in line with it, at once or at the end of the step."""
_RULE: Final = StopLossManager()


class Bookings(Protocol):
    """Book exits; `Closing` does."""

    def book_fill(
        self, position: Position, book: Book, fill: Fill, charges: Charges, reason: str
    ) -> None:
        """Book the last fill of an exit."""

    def close(self, position: Position, book: Book, reason: str) -> None:
        """Record that a position is closed from which everything had left before."""

    def priced(self, position: Position, fill: Fill) -> Fill:
        """Return a fill of an exit with what it realizes."""


class Watches(Protocol):
    """Watch positions; `ExitRunner` does."""

    def filled(self, position: Position) -> None:
        """Resume after an exit."""

    def refresh(self, position: Position) -> None:
        """Ask the rules for a position's levels again."""

    def exit_began(self, position: Position) -> None:
        """Watch no level while an exit that began at the exchange is pending."""

    def reached(self, position: Position, ltp_paise: int) -> None:
        """Ask the rules what a price leads to."""


class ExitProgress:
    """Turn triggers and fills of exits into moves of their trades."""

    def __init__(
        self,
        entries: EntryOrders,
        recorder: Recorder,
        fills: ExchangeFills,
        holdings: Holdings,
        resting: RestingExits,
        unfilled: UnfilledStops,
        notes: ExitNotes,
        touch: Touch,
        send: Touch,
    ) -> None:
        self._entries = entries
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._fills = fills
        self._holdings = holdings
        self._resting = resting
        self._unfilled = unfilled
        self._notes = notes
        self._touch = touch
        self._send = send
        self._beginning = ""

    def attach(self, bookings: Bookings, watches: Watches) -> None:
        """Set who hears what reports mean."""
        self._bookings = bookings
        self._watches = watches

    def begin(self, order_id: str) -> None:
        """Note that an exit is being sent: who sends it resumes by itself. "" ends that."""
        self._beginning = order_id

    def triggered(
        self,
        order: Order,
        position: Position,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
    ) -> None:
        """Begin the exit that the exchange has begun; a second stop widens it to everything."""
        pending = position.pending
        if pending is not None:
            widened = position.quantity if pending.partial else 0
            self._notes.tell(order, exchange_order, report, exit_quantity=widened)
            return
        self._notes.tell(order, exchange_order, report)
        place = self._resting.place_of(exchange_order)
        is_part = place is Place.STOP and self._resting.splits(order.order_id)
        demand = ExitDemand(
            quantity=report.pending if is_part else position.quantity,
            partial=is_part,
            level_paise=exchange_order.trigger_paise,
            ltp_paise=int((report.numbers or {})["ltp_paise"]),
            at_exchange=True,
        )
        self._begin(order, position, OrderState.SL_PENDING, _RULE.reason(position), demand)
        began = position.pending
        assert began is not None
        self._unfilled.triggered(
            order.order_id, exchange_order.order_id, began.seq, self._recorder.now
        )

    def filled(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        """Book a fill of an exit: a part of it, or its last."""
        position = self._ledger.positions[order.order_id]
        fill = self._fills.of(order, exchange_order, report, book)
        pending = position.pending
        is_target = exchange_order.kind == "LIMIT"
        if pending is None or (pending.partial and is_target):
            self._target_filled(order, exchange_order, report, book, fill)
            return
        is_last = fill.quantity == pending.quantity
        rest = position.quantity - fill.quantity
        is_stop = is_part_of_stop(order, position)
        widens = is_last and is_stop and gapped_through_rest(position, book.ltp)
        if is_last and not widens and not self._may_regrow(position, fill):
            self._notes.tell(order, exchange_order, report)
            self._close(position, book, fill, pending.reason)
            return
        self._part(position, exchange_order, report, book, fill, rest if widens else 0)
        if widens and not self._resting.splits(order.order_id):
            self._send(position, book)

    def entry_over(self, order_id: str, book: Book) -> None:
        """Close a trade whose exit had nothing left to wait for but its entry (F51)."""
        position = self._ledger.positions.get(order_id)
        if position is None or position.quantity:
            return
        pending = position.pending
        assert pending is not None, position
        self._bookings.close(position, book, pending.reason)
        self._touch(position, book)
        self._watches.filled(position)

    def _target_filled(
        self,
        order: Order,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        book: Book,
        fill: Fill,
    ) -> None:
        """Book a fill of a target while no exit of everything is pending; the last part ends it."""
        position = self._ledger.positions[order.order_id]
        if fill.quantity < position.quantity:
            self._part(position, exchange_order, report, book, fill, 0)
            self._watches.refresh(position)
            return
        if position.pending is None:
            demand = ExitDemand(
                quantity=fill.quantity,
                level_paise=exchange_order.limit_paise,
                ltp_paise=book.ltp,
                at_exchange=True,
            )
            self._begin(order, position, OrderState.TP_PENDING, "take_profit", demand)
        if self._may_regrow(position, fill):
            self._part(position, exchange_order, report, book, fill, 0)
            return
        self._notes.tell(order, exchange_order, report)
        self._close(position, book, fill, "take_profit")

    def _begin(
        self, order: Order, position: Position, state: OrderState, reason: str, demand: ExitDemand
    ) -> None:
        """Begin an exit that came from the exchange: nothing asked for it."""
        self._recorder.moved(order, state, reason, demand=demand)
        self._watches.exit_began(position)
        self._entries.drop_rest(order.order_id, "exit_began")

    def _may_regrow(self, position: Position, fill: Fill) -> bool:
        """Return whether the entry may fill after this fill, which takes out all that is open."""
        is_all = fill.quantity == position.quantity
        return is_all and self._entries.works(position.order_id)

    def _part(
        self,
        position: Position,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        book: Book,
        fill: Fill,
        exit_quantity: int,
    ) -> None:
        """Book a part of an exit that makes no move of the trade."""
        order = self._ledger.orders[position.order_id]
        priced = self._bookings.priced(position, fill)
        self._recorder.exchange_moved(
            order, exchange_order, report, fill=priced, exit_quantity=exit_quantity
        )
        self._holdings.reduced(position, book.index, fill.quantity)
        self._touch(position, book)

    def _close(self, position: Position, book: Book, fill: Fill, reason: str) -> None:
        """Book the last fill of an exit, and watch what it leaves."""
        self._bookings.book_fill(position, book, fill, fill.charges, reason)
        self._touch(position, book)
        if self._beginning != position.order_id:
            self._watches.filled(position)
