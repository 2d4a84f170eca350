"""The end of a session for positions without a trade: forced closes, expiries and settlements.

What holds for trades (`session_end.py`) holds for them: an intraday position that square-off could
not close, or one that would be delivered, is closed on the last quote; what expires settles at the
official close as soon as that is known. No exchange order does either.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from msgspec import structs

from daemon.domain.events import Fill
from daemon.domain.exchange_order import OrderTerms
from daemon.domain.instrument import Instrument
from daemon.domain.untraded import UntradedPosition
from daemon.exchange.fills import FillEngine
from daemon.exchange.settlement import settlement_fill, settlement_price
from daemon.execution.carry import NO_DELIVERY, REASON, Delivery
from daemon.execution.costs import Costs
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.untraded_recorder import UntradedRecorder

Settlements = Mapping[tuple[str, str], tuple[int, int]]
"""(underlying, date) -> (official close in paise, when it became known, UTC ns)."""


class UntradedEnds:
    """Close positions without a trade that no order can close any more."""

    def __init__(
        self,
        desk: ExchangeDesk,
        recorder: Recorder,
        quotes: Quotes,
        costs: Costs,
        fills: FillEngine,
        holdings: UntradedHoldings,
        delivery: Delivery,
        settlements: Settlements,
        *,
        squares_off: bool,
    ) -> None:
        self._universe = desk.universe
        self._at = desk.at
        self._untraded_recorder = UntradedRecorder(recorder)
        self._quotes = quotes
        self._costs = costs
        self._fills = fills
        self._holdings = holdings
        self._delivery = delivery
        self._settlements = settlements
        self._squares_off = squares_off
        self._over: set[str] = set()
        """Contracts whose last session has ended."""

    def start_day(self, date: dt.date) -> None:
        """Let what expired before a date wait for its settlement."""
        today = date.isoformat()
        for position in self._holdings.positions():
            expiry = self._expiry(position)
            if expiry and expiry < today:
                self._over.add(position.tradingsymbol)
        self.settle()

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """End the session of some instruments, after the end of their orders."""
        for position in self._holdings.positions():
            index = self._holdings.index_of(position)
            if index is None or index not in indices:
                continue
            expiry = self._expiry(position)
            if expiry and expiry <= date:
                self._over.add(position.tradingsymbol)
            elif self._squares_off:
                self._close_at_end(position, index)
        self.settle()

    def settle(self) -> None:
        """Settle what has expired and whose official close is known."""
        for position in self._holdings.positions():
            index = self._holdings.index_of(position)
            if index is not None and position.tradingsymbol in self._over:
                self._settle(position, self._universe[index])

    def pending(self) -> list[str]:
        """Return the positions that wait for their official close, by name."""
        return [each.key for each in self._holdings.positions() if each.tradingsymbol in self._over]

    def _expiry(self, position: UntradedPosition) -> str:
        index = self._holdings.index_of(position)
        return "" if index is None else self._universe[index].expiry

    def _close_at_end(self, position: UntradedPosition, index: int) -> None:
        assert self._at.date is not None
        if position.product == "MIS":
            self._force(position, index, "square_off")
        elif self._delivery.since(index, self._at.date) != NO_DELIVERY:
            self._force(position, index, REASON)

    def _force(self, position: UntradedPosition, index: int, reason: str) -> None:
        quote = self._quotes.quote_of(self._quotes.books[index])
        if quote is None:
            return
        instrument, side, units = self._universe[index], position.closing_side, position.cost.units
        fill = self._fills.fill_order(
            instrument, quote, ts=self._at.now, side=side, quantity=units, stale=True
        )
        charges = self._costs.of_order(
            instrument, side=side, quantity=units, price_paise=fill.price_paise
        )
        self._book(position, index, structs.replace(fill, charges=charges), reason)

    def _settle(self, position: UntradedPosition, instrument: Instrument) -> None:
        known = self._settlements.get((instrument.name, instrument.expiry))
        if known is None:
            return
        close, known_ts = known
        price = settlement_price(instrument, close)
        sign, units = position.cost.sign, position.cost.units
        fill = settlement_fill(
            position.closing_side, units, price, close_paise=close, known_ts=known_ts,
            now=self._at.now,
        )  # fmt: skip
        charges = self._costs.of_exercise(
            instrument, sign=sign, quantity=units, intrinsic_paise=price
        )
        index = self._quotes.index_of(position.tradingsymbol)
        self._book(position, index, structs.replace(fill, charges=charges), "expiry")

    def _book(self, position: UntradedPosition, index: int, fill: Fill, reason: str) -> None:
        terms = OrderTerms(
            instrument=index,
            side=fill.transaction_type,
            quantity=fill.quantity,
            product=position.product,
            is_exit=True,
            tag=reason,
        )
        self._untraded_recorder.settled(terms, position.tradingsymbol, fill)
