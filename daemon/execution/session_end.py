"""The end of a session: forced closes, expiries and settlements, the archive.

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

from daemon.domain.carry_over import CarryOver
from daemon.domain.events import ExitDemand
from daemon.domain.inputs import Settlement
from daemon.domain.instrument import Universe
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.exchange.settlement import settlement_fill, settlement_price
from daemon.exchange.waiting import WaitingFills
from daemon.execution.carry import NO_DELIVERY, REASON, Delivery
from daemon.execution.closing import Closing
from daemon.execution.costs import Costs
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.market.book import Book
from daemon.market.moment import Moment


class SessionEnd:
    """Close what square-off could not, settle what expires, archive what is over.

    `settlements`: (underlying, date) -> (official close in paise, when it became known).
    `settling`: order ids of expired positions whose official close is not known yet.
    """

    def __init__(
        self,
        universe: Universe,
        at: Moment,
        recorder: Recorder,
        quotes: Quotes,
        waiting: WaitingFills,
        costs: Costs,
        closing: Closing,
        runner: ExitRunner,
        carry: CarryOver,
        delivery: Delivery,
        *,
        squares_off: bool,
    ) -> None:
        self._delivery = delivery
        self._universe = universe
        self._at = at
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._waiting = waiting
        self._costs = costs
        self._closing = closing
        self._runner = runner
        self._squares_off = squares_off
        self.settlements = {
            (name, date): (close, ts) for name, date, close, ts in carry.settlements
        }
        self.settling = {
            order_id for order_id in carry.settling if order_id in self._ledger.positions
        }

    def end(self, indices: frozenset[int], date: str) -> None:
        """End the session of some instruments."""
        for position in self._by_turn():
            index = self._quotes.index_of(position.tradingsymbol)
            if index not in indices:
                continue
            expiry = self._universe[index].expiry
            if expiry and expiry <= date:
                self._expire(position)
            elif self._squares_off:
                self._close_at_end(position, index)
        for order in list(self._ledger.orders.values()):
            index_or_none = self._universe.index_of(order.tradingsymbol)
            ended = index_or_none is None or index_or_none in indices
            if ended and self._recorder.lifecycle.can_transition(order, OrderState.ARCHIVED):
                self._recorder.moved(order, OrderState.ARCHIVED, "session_end")

    def _by_turn(self) -> list[Position]:
        """Return open positions by number, but shorts of a plan's round before its longs (P45a)."""
        found = self._ledger.open_positions()
        for round_ in self._ledger.rounds.values():
            own = {attempt.order_id for attempt in round_.attempts}
            places = [at for at, position in enumerate(found) if position.order_id in own]
            turns = sorted((found[at] for at in places), key=lambda position: position.sign)
            for at, position in zip(places, turns, strict=True):
                found[at] = position
        return found

    def settle(self, settlement: Settlement) -> None:
        """Take the official close of an underlying and settle what waits for it."""
        key = (settlement.underlying, settlement.date)
        self.settlements[key] = (settlement.close_paise, settlement.ts)
        for position in self._ledger.open_positions():
            if position.order_id in self.settling:
                self._settle_if_known(position)

    def resume(self, position: Position) -> bool:
        """Resume a position with a pending exit; return whether it waits for its settlement.

        That includes an exit that waited when its contract expired: only the settlement closes it.
        """
        pending = position.pending
        if pending is not None and pending.settling:
            self.settling.add(position.order_id)
        return position.order_id in self.settling

    def _close_at_end(self, position: Position, index: int) -> None:
        """Close what must not be held over night and square-off could not close."""
        assert self._at.date is not None
        if position.product == "MIS":
            self._force_close(position, "square_off")
        elif self._delivery.since(index, self._at.date) != NO_DELIVERY:
            self._force_close(position, REASON)

    def _force_close(self, position: Position, reason: str) -> None:
        book = self._quotes.book_of(position.tradingsymbol)
        quote = self._quotes.quote_of(book)
        if quote is None:
            return
        if position.pending is None:
            self._leave(position, reason, ExitDemand(quantity=position.quantity))
        self._stop_waiting(position, book)
        self._closing.force(position, book, quote)
        self._runner.filled(position)

    def _expire(self, position: Position) -> None:
        if position.order_id in self.settling:
            return
        if position.pending is None:
            self._leave(position, "expiry", ExitDemand(quantity=position.quantity, settling=True))
        self._stop_waiting(position, self._quotes.book_of(position.tradingsymbol))
        self.settling.add(position.order_id)
        self._settle_if_known(position)

    def _leave(self, position: Position, reason: str, demand: ExitDemand) -> None:
        """Release a position from its exit rules."""
        self._runner.release(position)
        order = self._ledger.orders[position.order_id]
        self._recorder.moved(order, OrderState.EXIT_PENDING, reason, demand=demand)

    def _stop_waiting(self, position: Position, book: Book) -> None:
        self._waiting.drop(book, position.order_id, self._at.now)

    def _settle_if_known(self, position: Position) -> None:
        book = self._quotes.book_of(position.tradingsymbol)
        instrument = book.instrument
        assert instrument is not None
        known = self.settlements.get((instrument.name, instrument.expiry))
        if known is None:
            return
        close, known_ts = known
        price = settlement_price(instrument, close)
        charges = self._costs.of_exercise(
            instrument, sign=position.sign, quantity=position.quantity, intrinsic_paise=price
        )
        fill = settlement_fill(
            position.closing_side, position.quantity, price, close_paise=close, known_ts=known_ts,
            now=self._at.now,
        )  # fmt: skip
        self._closing.book_fill(position, book, fill, charges, "expiry")
        self.settling.discard(position.order_id)
        self._runner.filled(position)
