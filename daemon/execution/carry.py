"""What holding over night does: daily marks of futures, and no delivery of shares.

The exchange pays the difference to the contract's close each day (domain facts, 4). Contracts on
shares are delivered at expiry, so they are closed on the session before it, as brokers ask for.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.position import Position
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.untraded_recorder import UntradedRecorder
from daemon.market.moment import Moment
from daemon.market.schedule import Schedule
from daemon.settings.config import ExecutionConfig

NO_DELIVERY: Final = 1 << 62
REASON: Final = "physical_settlement"
_DAYS_CLOSED_MAX: Final = 10
"""No two sessions of these exchanges are further apart."""


class Delivery:
    """Know when a contract on a share must not be held any more."""

    def __init__(self, config: ExecutionConfig, universe: Universe, schedule: Schedule) -> None:
        self._is_on = config.avoids_delivery
        self._square_off_ns = config.square_off_ns
        self._universe = universe
        self._schedule = schedule

    def since(self, index: int, date: dt.date) -> int:
        """Return the time (UTC ns) on a date from which a contract is closed and not opened.

        That is square-off on the last session before its expiry, all of the expiry day, and
        NO_DELIVERY on earlier days and for what is not delivered.
        """
        instrument = self._universe[index]
        if not self._is_on or not is_delivered(instrument):
            return NO_DELIVERY
        expiry = dt.date.fromisoformat(instrument.expiry)
        if date >= expiry:
            return 0
        if (expiry - date).days > _DAYS_CLOSED_MAX or self._has_session(index, date, expiry):
            return NO_DELIVERY
        _, close_ts = self._schedule.span(index, date)
        return close_ts - self._square_off_ns

    def _has_session(self, index: int, after: dt.date, before: dt.date) -> bool:
        between = ((after + dt.timedelta(days=n)) for n in range(1, (before - after).days))
        return any(self._schedule.span(index, date)[1] for date in between)


class DailyMarks:
    """Mark carried futures to their contract's close."""

    def __init__(
        self,
        config: ExecutionConfig,
        universe: Universe,
        at: Moment,
        recorder: Recorder,
        quotes: Quotes,
    ) -> None:
        self._is_on = config.marks_futures
        self._universe = universe
        self._at = at
        self._recorder = recorder
        self._untraded_recorder = UntradedRecorder(recorder)
        self._quotes = quotes

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Mark the futures of these instruments that stay open after a date (ISO), by number.

        Their close is the last price of the session, which is near the exchange's own and not the
        same. A contract without a price today keeps its last mark.
        """
        if not self._is_on:
            return
        for position in self._recorder.ledger.open_positions():
            index = self._quotes.index_of(position.tradingsymbol)
            is_marked = index in indices and _is_carried_future(position, self._universe[index])
            if is_marked and (close := self._close(index)) is not None:
                self._recorder.marked(position, close)
        for _, untraded in sorted(self._recorder.ledger.untraded.positions.items()):
            found = self._universe.index_of(untraded.tradingsymbol)
            if found is None or found not in indices or self._universe[found].expiry <= date:
                continue
            is_marked = _is_marked(untraded.product, self._universe[found])
            if is_marked and (close := self._close(found)) is not None:
                self._untraded_recorder.marked(untraded, close)

    def _close(self, index: int) -> int | None:
        """Return the last price of the day, paise; None without one."""
        book = self._quotes.books[index]
        quote = self._quotes.quote_of(book)
        return None if quote is None or quote.ts < book.open_ts else quote.ltp


def is_delivered(instrument: Instrument) -> bool:
    """Return whether a contract is settled in shares: one on anything but a known index."""
    known = bool(instrument.name and instrument.expiry)
    return instrument.is_contract and known and instrument.name not in INDEX_SYMBOLS


def _is_carried_future(position: Position, instrument: Instrument) -> bool:
    is_waiting = position.pending is not None and position.pending.settling
    return _is_marked(position.product, instrument) and not is_waiting


def _is_marked(product: str, instrument: Instrument) -> bool:
    return product == "NRML" and instrument.instrument_type == "FUT"
