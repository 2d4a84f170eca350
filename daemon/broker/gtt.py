"""The GTTs of an account as a machine: requests, prices and dates in, moves out.

It holds no state of its own: what is active is the fold of the moves (`Ledger.gtts`), so a start
continues where the events end. Every move is recorded before the order that it sends, and nothing
leads out of `triggered`, so a leg is sent at most once, whatever ends the process in between.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from daemon.broker.gtt_checks import GttFault, first_gtt_fault
from daemon.domain.exchange_order import OrderTerms
from daemon.domain.gtt import Gtt, GttStatus, GttTerms
from daemon.domain.instrument import Instrument

YEAR_DAYS: Final = 365
"""How long a GTT of a share lives; that of a contract ends with it (domain facts, 3)."""
_G = GttStatus


class GttMoves(Protocol):
    """Record a move of a GTT as an event, which changes it."""

    def gtt_placed(self, gtt_id: int, terms: GttTerms, expires: str) -> None:
        """Record a new GTT."""

    def gtt_modified(self, gtt: Gtt, terms: GttTerms) -> None:
        """Record other terms."""

    def gtt_triggered(self, gtt: Gtt, leg: int, ltp_paise: int, exchange_id: str) -> None:
        """Record that a leg was fired, and the order that it is about to send."""

    def gtt_ended(self, gtt: Gtt, status: GttStatus, reason: str) -> None:
        """Record an end without an order, or a pause."""

    def gtt_refused(self, gtt: Gtt | None, terms: GttTerms | None, fault: GttFault) -> None:
        """Record that a request changed nothing."""


class GttOrders(Protocol):
    """Send exchange orders that belong to no trade."""

    def next_id(self) -> str:
        """Return the id that the next order will have."""

    def send(self, exchange_id: str, terms: OrderTerms) -> None:
        """Send a new order."""


class GttLevels(Protocol):
    """Watch prices for GTTs: one interval for each instrument, however many there are."""

    def watch(self, gtt: Gtt) -> None:
        """Wait for the levels of an active GTT."""

    def forget(self, gtt: Gtt) -> None:
        """Wait for none of its levels any more."""


class Gtts:
    """Place, modify, delete and fire the GTTs of an account."""

    def __init__(
        self,
        active: Mapping[int, Gtt],
        instrument_of: Callable[[str], tuple[int, Instrument] | None],
        moves: GttMoves,
        orders: GttOrders,
        levels: GttLevels,
    ) -> None:
        """`active` is the fold, by id: it changes with every move."""
        self._gtts = active
        self._instrument_of = instrument_of
        self._moves = moves
        self._orders = orders
        self._levels = levels

    def restore(self) -> None:
        """Wait for what the GTTs of an earlier day wait for."""
        for _, gtt in sorted(self._gtts.items()):
            if gtt.status is _G.ACTIVE:
                self._levels.watch(gtt)

    # requests

    def place(self, gtt_id: int, terms: GttTerms, date: dt.date) -> bool:
        """Take a new GTT on a date; return False if it was refused."""
        instrument = self._instrument(terms.tradingsymbol)
        fault = first_gtt_fault(terms, instrument, date.isoformat())
        if fault is not None:
            self._moves.gtt_refused(None, terms, fault)
            return False
        assert instrument is not None
        year = (date + dt.timedelta(days=YEAR_DAYS)).isoformat()
        expires = instrument.expiry or year
        self._moves.gtt_placed(gtt_id, terms, expires)
        self._levels.watch(self._gtts[gtt_id])
        return True

    def modify(self, gtt_id: int, terms: GttTerms, date: dt.date) -> bool:
        """Give a GTT other terms, on the same contract; a disabled one is active again."""
        gtt = self._gtts.get(gtt_id)
        if gtt is None:
            return self._not_active(gtt_id)
        if terms.tradingsymbol != gtt.terms.tradingsymbol:
            fault: GttFault | None = GttFault("bad_gtt", {"symbol": terms.tradingsymbol})
        else:
            instrument = self._instrument(terms.tradingsymbol)
            fault = first_gtt_fault(terms, instrument, date.isoformat())
        if fault is not None:
            self._moves.gtt_refused(gtt, terms, fault)
            return False
        self._moves.gtt_modified(gtt, terms)
        self._levels.watch(gtt)
        return True

    def delete(self, gtt_id: int) -> bool:
        """Delete a GTT; return False if no such one could be."""
        gtt = self._gtts.get(gtt_id)
        if gtt is None:
            return self._not_active(gtt_id)
        self._end(gtt, _G.DELETED, "user")
        return True

    # prices and dates

    def fire(self, gtt_id: int, ltp_paise: int) -> None:
        """Fire the leg that a price has reached: record it, then send its order.

        A GTT that is not active, or whose levels the price has not reached, does nothing.
        """
        gtt = self._gtts.get(gtt_id)
        if gtt is None or gtt.status is not _G.ACTIVE:
            return
        number = gtt.terms.leg_at(ltp_paise)
        found = self._instrument_of(gtt.terms.tradingsymbol)
        if not number or found is None:
            return
        leg = gtt.terms.legs[number - 1]
        exchange_id = self._orders.next_id()
        self._moves.gtt_triggered(gtt, number, ltp_paise, exchange_id)
        self._levels.forget(gtt)
        self._orders.send(
            exchange_id,
            OrderTerms(
                instrument=found[0],
                side=leg.side,
                quantity=leg.quantity,
                kind="LIMIT",
                price_paise=leg.price_paise,
                product=leg.product,
                is_api=True,
                tag="gtt",
            ),
        )

    def start_day(self, date: dt.date) -> None:
        """Cancel GTTs whose contract is over or has another lot, end those that are too old."""
        today = date.isoformat()
        for _, gtt in sorted(self._gtts.items()):
            instrument = self._instrument(gtt.terms.tradingsymbol)
            if gtt.expires < today:
                self._expire(gtt, instrument)
            elif instrument is not None and _breaks_lots(gtt, instrument):
                self._end(gtt, _G.CANCELLED, "lot_size")

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Cancel the GTTs of contracts among these that expire on a date (ISO)."""
        for _, gtt in sorted(self._gtts.items()):
            found = self._instrument_of(gtt.terms.tradingsymbol)
            if found is not None and found[0] in indices and gtt.expires <= date:
                self._expire(gtt, found[1])

    def disable_all(self, reason: str) -> None:
        """Fire nothing more until a person says otherwise, one by one."""
        for _, gtt in sorted(self._gtts.items()):
            if gtt.status is _G.ACTIVE:
                self._end(gtt, _G.DISABLED, reason)

    def _expire(self, gtt: Gtt, instrument: Instrument | None) -> None:
        """End a GTT on its last day: with its contract, or because it is a year old."""
        if instrument is None or instrument.expiry:
            self._end(gtt, _G.CANCELLED, "expiry")
        else:
            self._end(gtt, _G.EXPIRED, "too_old")

    def _end(self, gtt: Gtt, status: GttStatus, reason: str) -> None:
        self._moves.gtt_ended(gtt, status, reason)
        self._levels.forget(gtt)

    def _not_active(self, gtt_id: int) -> bool:
        self._moves.gtt_refused(None, None, GttFault("not_active", {"gtt_id": gtt_id}))
        return False

    def _instrument(self, tradingsymbol: str) -> Instrument | None:
        found = self._instrument_of(tradingsymbol)
        return None if found is None else found[1]


def _breaks_lots(gtt: Gtt, instrument: Instrument) -> bool:
    return any(leg.quantity % instrument.lot_size for leg in gtt.terms.legs)
