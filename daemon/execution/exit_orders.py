"""Exits at the paper exchange: sent, sent again, filled in parts (exchange.md, F33, F34, F52)."""

from __future__ import annotations

from typing import Final, Protocol

from daemon.domain.events import Charges, ExitDemand, Fill
from daemon.domain.exchange_order import (
    OVER_STATES,
    ExchangeOrder,
    ExchangeOrderState,
    OrderTerms,
)
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exits.at_exchange import AtExchange, Place, is_met
from daemon.execution.exits.partial import gapped_through_rest
from daemon.execution.exits.stop_loss import StopLossManager
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.resting_exits import RestingExits
from daemon.execution.step import Step
from daemon.execution.unfilled_stops import UnfilledStops
from daemon.market.book import Book

RefusedOrder = tuple[ExchangeOrder, ExecutionReport]
"""An order at the exchange, and the report that it was refused."""
_HARMLESS: Final = frozenset({"not_open", "already_filled"})
_TOLD_BY_TRADE: Final = frozenset({"accepted", "open", "filled"})
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
        unfilled: UnfilledStops,
        step: Step,
        *,
        is_simple: bool,
    ) -> None:
        self._desk = desk
        self._entries = entries
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._fills = fills
        self._holdings = holdings
        self._held = held
        self._unfilled = unfilled
        self._is_simple = is_simple
        self._resting = RestingExits(desk, held)
        self._beginning = ""
        self._touched: dict[str, Book] = {}
        """Trades whose orders are brought in line with them at the end of the step."""
        self._refused: dict[str, list[RefusedOrder]] = {}
        """What the exchange refused of a trade's stop or target in this step."""
        step.do_at_end(self.end_step)

    def attach(self, bookings: Bookings, watches: Watches) -> None:
        """Set who hears what reports mean."""
        self._bookings = bookings
        self._watches = watches

    def handles(self, position: Position) -> bool:
        """Return whether a position leaves through the exchange: some do in the simple modes."""
        exits = position.exits
        lies = exits.sl_limit_percent is not None or exits.target_at_exchange
        return lies or not self._is_simple

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

    def entry_over(self, order_id: str, book: Book) -> None:
        """Close a trade whose exit had nothing left to wait for but its entry (F51)."""
        position = self._ledger.positions.get(order_id)
        if position is None or position.quantity:
            return
        pending = position.pending
        assert pending is not None, position
        self._bookings.close(position, book, pending.reason)
        self.touch(position, book)
        self._watches.filled(position)

    def touch(self, position: Position, book: Book) -> None:
        """Bring the orders of a position in line with it at the end of the step."""
        self._touched[position.order_id] = book

    def leave(self, position: Position, book: Book) -> bool:
        """Send the pending exit of a position; return whether it was done at once."""
        self._entries.drop_rest(position.order_id, "exit_began")
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
        if exits.sl_limit_percent is None and not exits.target_at_exchange:
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
        place = self._resting.place_of(order)
        reason = "target_not_at_exchange"
        if place is Place.TARGET:
            self._held.fall(position, Place.TARGET)
            self._resting.drop_target(position.order_id, reason)
        else:
            reason = "stop_not_at_exchange"
            self._held.fall(position, Place.STOP)
            self._resting.drop_stops(position.order_id, reason)
        self._alert(order, reason, {"refused": report.reason})
        self._watches.refresh(position)

    def _send(self, position: Position, book: Book) -> None:
        """Send what no order that leaves covers of a pending exit."""
        order_id, pending = position.order_id, position.pending
        assert pending is not None
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
            self._filled(order, exchange_order, report, book)
            return
        position = self._ledger.positions.get(order.order_id)
        if report.kind == "triggered" and position is not None:
            self._triggered(order, position, exchange_order, report)
            return
        self._tell(order, exchange_order, report)
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
            self._alert(order, "stop_unfilled", {"unfilled": pending.quantity})

    def _triggered(
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
            self._tell(order, exchange_order, report, exit_quantity=widened)
            return
        self._tell(order, exchange_order, report)
        place = self._resting.place_of(exchange_order)
        is_part = place is Place.STOP and self._resting.splits(order.order_id)
        demand = ExitDemand(
            quantity=report.pending if is_part else position.quantity,
            partial=is_part,
            level_paise=exchange_order.trigger_paise,
            ltp_paise=int((report.numbers or {})["ltp_paise"]),
        )
        self._begin(order, position, OrderState.SL_PENDING, _RULE.reason(position), demand)
        began = position.pending
        assert began is not None
        self._unfilled.triggered(
            order.order_id, exchange_order.order_id, began.seq, self._recorder.now
        )

    def _begin(
        self, order: Order, position: Position, state: OrderState, reason: str, demand: ExitDemand
    ) -> None:
        """Begin an exit that came from the exchange: nothing asked for it."""
        self._recorder.moved(order, state, reason, demand=demand)
        self._watches.exit_began(position)
        self._entries.drop_rest(order.order_id)

    def _filled(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        position = self._ledger.positions[order.order_id]
        fill = self._fills.of(order, exchange_order, report, book)
        pending = position.pending
        is_target = exchange_order.kind == "LIMIT"
        if pending is None or (pending.partial and is_target):
            self._target_filled(order, exchange_order, report, book, fill)
            return
        is_last = fill.quantity == pending.quantity
        rest = position.quantity - fill.quantity
        widens = is_last and pending.partial and gapped_through_rest(position, book.ltp)
        if is_last and not widens and not self._may_regrow(position, fill):
            self._tell(order, exchange_order, report)
            self._close(position, book, fill, pending.reason)
            return
        self._part(position, exchange_order, report, book, fill, rest if widens else 0)

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
            )
            self._begin(order, position, OrderState.TP_PENDING, "take_profit", demand)
        if self._may_regrow(position, fill):
            self._part(position, exchange_order, report, book, fill, 0)
            return
        self._tell(order, exchange_order, report)
        self._close(position, book, fill, "take_profit")

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
        self.touch(position, book)

    def _close(self, position: Position, book: Book, fill: Fill, reason: str) -> None:
        """Book the last fill of an exit, and watch what it leaves."""
        self._bookings.book_fill(position, book, fill, fill.charges, reason)
        self.touch(position, book)
        if self._beginning != position.order_id:
            self._watches.filled(position)

    # telling

    def _note_refusal(
        self, position: Position, order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        if position.pending is None and report.reason not in _HARMLESS and not order.triggered:
            self._refused.setdefault(position.order_id, []).append((order, report))
        self.touch(position, book)

    def _tell(
        self,
        order: Order,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        *,
        exit_quantity: int = 0,
    ) -> None:
        """Record a report; a MARKET that fills whole in the simple modes is told by its trade."""
        is_quiet = self._is_simple and exchange_order.kind == "MARKET"
        if is_quiet and not exchange_order.replaces and report.kind in _TOLD_BY_TRADE:
            return
        self._recorder.exchange_moved(order, exchange_order, report, exit_quantity=exit_quantity)

    def _alert(
        self, exchange_order: ExchangeOrder, reason: str, numbers: dict[str, int | str]
    ) -> None:
        """Record what a trader wants to know of an order, which changes nothing."""
        order = self._ledger.orders[exchange_order.terms.group]
        report = ExecutionReport(
            ts=self._recorder.now,
            order_id=exchange_order.order_id,
            kind="alert",
            state=exchange_order.state,
            filled=exchange_order.filled,
            pending=exchange_order.pending,
            reason=reason,
            numbers=numbers,
        )
        self._recorder.exchange_moved(order, exchange_order, report)


def _replaces_another(order: ExchangeOrder) -> bool:
    """Return whether an order is on its way to take over what another still has."""
    return bool(order.replaces) and order.state is ExchangeOrderState.NEW
