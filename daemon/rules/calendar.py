"""When a segment trades on a date: weekdays, less holidays, plus special sessions."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument
from daemon.rules.tables import (
    CalendarFile,
    HoursRow,
    Segment,
    SpecialSession,
    in_force_or_oldest,
)

_SATURDAY: Final = 5


class Session(msgspec.Struct, frozen=True):
    """A trading session `[open_ts, close_ts)`, UTC ns."""

    open_ts: int
    close_ts: int


class Calendar:
    """The sessions of every segment, from the dated tables.

    Dates that no year of the table covers are taken as open on weekdays; `is_known` tells.
    """

    def __init__(self, table: CalendarFile, index_underlyings: frozenset[str]) -> None:
        self._years = table.years
        self._holidays = frozenset(day.date for year in table.years for day in year.holidays)
        self._specials = {row.from_: row for row in table.special_sessions}
        self._hours = {
            segment: [row for row in table.hours if segment in row.segments]
            for segment in ("NFO", "NSE", "INDICES")
        }
        self._indices = index_underlyings
        self._cache: dict[tuple[dt.date, Segment, bool], Session | None] = {}

    def is_known(self, date: dt.date) -> bool:
        """Whether the holidays of this date's year are in the table."""
        return any(year.from_ <= date <= year.to for year in self._years)

    def session(self, date: dt.date, instrument: Instrument) -> Session | None:
        """The instrument's session that day, None on a holiday or a weekend.

        An instrument on its own expiry date may close earlier; after it there is no check.
        """
        segment = segment_of(instrument)
        expiring = (
            segment == "NFO"
            and instrument.expiry == date.isoformat()
            and instrument.name in self._indices
        )
        key = (date, segment, expiring)
        if key not in self._cache:
            self._cache[key] = self._find(date, segment, expiring)
        return self._cache[key]

    def _find(self, date: dt.date, segment: Segment, expiring: bool) -> Session | None:
        special = self._specials.get(date)
        if special is not None:
            return _session(date, special.open, special.close)
        if date.weekday() >= _SATURDAY or date in self._holidays:
            return None
        hours = in_force_or_oldest(self._hours[segment], date)
        early = hours.expiring_index_close if expiring else None
        return _session(date, hours.open, early or hours.close)


def segment_of(instrument: Instrument) -> Segment:
    """Whose hours an instrument keeps: shares those of NSE, contracts those of NFO.

    By what it is, not by its exchange: other exchanges are given NSE's hours.
    """
    if instrument.is_index or instrument.segment == "INDICES":
        return "INDICES"
    return "NSE" if instrument.instrument_type == "EQ" else "NFO"


def hours_are_in_order(row: HoursRow | SpecialSession) -> bool:
    """Whether a row opens before it closes (`HH:MM` compares as text)."""
    early = row.expiring_index_close if isinstance(row, HoursRow) else None
    return row.open < row.close and (early is None or row.open < early <= row.close)


def _session(date: dt.date, open_at: str, close_at: str) -> Session:
    opened, closed = dt.time.fromisoformat(open_at), dt.time.fromisoformat(close_at)
    return Session(ist_ns(date, opened), ist_ns(date, closed))
