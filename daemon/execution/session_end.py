"""The end of a session: forced closes, expiries and settlements, the archive."""

from __future__ import annotations

from daemon.domain.events import (
    Charges,
    ExitDemand,
    Fill,
)
from daemon.domain.inputs import Settlement
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.core import ExecutionCore

_S = OrderState


class SessionEnd(ExecutionCore):
    """What happens to what is still there when a session ends (semantics.md section 7)."""

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Close what square-off could not, settle what expires, archive what is over."""
        for position in self.ledger.open_positions():
            index = self._index(position.tradingsymbol)
            if index not in indices:
                continue
            expiry = self.universe[index].expiry
            if expiry and expiry <= date:
                self._expire(position)
            elif position.product == "MIS":
                self._force_close(position)
        for order in list(self.ledger.orders.values()):
            at = self.universe.index_of(order.tradingsymbol)
            ended = at is None or at in indices
            if ended and self.lifecycle.can_transition(order, _S.ARCHIVED):
                self._move(order, _S.ARCHIVED, "session_end")

    def settle(self, settlement: Settlement) -> None:
        """The official close of an underlying: settles what waits for it."""
        key = (settlement.underlying, settlement.date)
        self.settlements[key] = (settlement.close_paise, settlement.ts)
        for position in self.ledger.open_positions():
            if position.order_id in self._settling:
                self._settle_if_known(position)

    def settlements_pending(self) -> list[str]:
        """Order ids of expired positions whose official close is not known."""
        return sorted(self._settling)

    def _force_close(self, position: Position) -> None:
        book = self.book_of(position.tradingsymbol)
        quote = self.quote_of(book)
        if quote is None:
            return
        if position.pending is None:
            order = self.ledger.orders[position.order_id]
            self._release(position)
            demand = ExitDemand(quantity=position.quantity)
            self._move(order, _S.EXIT_PENDING, "square_off", demand=demand)
        self._stop_waiting(book, position.order_id)
        self._fill_exit(position, book, quote, forced=True)

    def _expire(self, position: Position) -> None:
        if position.order_id in self._settling:
            return
        if position.pending is None:
            order = self.ledger.orders[position.order_id]
            self._release(position)
            demand = ExitDemand(quantity=position.quantity, settling=True)
            self._move(order, _S.EXIT_PENDING, "expiry", demand=demand)
        self._stop_waiting(self.book_of(position.tradingsymbol), position.order_id)
        self._settling.add(position.order_id)
        self._settle_if_known(position)

    def _settle_if_known(self, position: Position) -> None:
        book = self.book_of(position.tradingsymbol)
        instrument = book.instrument
        assert instrument is not None
        known = self.settlements.get((instrument.name, instrument.expiry))
        if known is None:
            return
        close, known_ts = known
        price = close
        if instrument.is_option:
            sign = 1 if instrument.instrument_type == "CE" else -1
            price = max(0, sign * (close - instrument.strike_paise))
        charges = Charges()
        if self.config.charges:
            charges = self.rules.exercise_charges(
                self._booking_date(),
                instrument,
                sign=position.sign,
                quantity=position.quantity,
                intrinsic_paise=price,
            )
        fill = Fill(
            transaction_type="SELL" if position.sign > 0 else "BUY",
            quantity=position.quantity,
            price_paise=price,
            rule="settlement",
            base_half_paise=2 * price,
            slippage_half_paise=0,
            ltp_paise=close,
            bid_paise=0,
            ask_paise=0,
            quote_ts=known_ts,
            quote_age_ns=self.at.now - known_ts,
            bid_ask_paise=price,
            charges=charges,
        )
        self._book_exit(position, book, fill, "expiry")
