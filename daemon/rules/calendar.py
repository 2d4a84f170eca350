"""Tell when a segment trades on a date: weekdays except holidays, plus special sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.rules.exchanges import SEGMENTS, segment_of
from daemon.rules.tables import (
    CalendarFile,
    Exchange,
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

    Dates outside the table's years count as open on weekdays; see `is_known`.
    """

    def __init__(self, table: CalendarFile, index_underlyings: frozenset[str]) -> None:
        self._years = table.years
        self._holidays = frozenset(day.date for year in table.years for day in year.holidays)
        self._specials = {row.from_: row for row in table.special_sessions}
        self._hours = hours_by_segment(table.hours)
        self._indices = index_underlyings
        self._cache: dict[tuple[dt.date, Exchange, Segment, bool], Session | None] = {}

    def is_known(self, date: dt.date) -> bool:
        """Return whether the holidays of this date's year are in the table."""
        return any(year.from_ <= date <= year.to for year in self._years)

    def session(self, date: dt.date, instrument: Instrument) -> Session | None:
        """Return the instrument's session that day, None on a holiday or a weekend.

        An instrument may close earlier on its own expiry date; dates after it are not checked.
        Raises ConfigError for an exchange without rows.
        """
        exchange, segment = segment_of(instrument)
        expiring = (
            segment == SEGMENTS[exchange][0]
            and instrument.expiry == date.isoformat()
            and instrument.name in self._indices
        )
        key = (date, exchange, segment, expiring)
        if key not in self._cache:
            self._cache[key] = self._find(*key)
        return self._cache[key]

    def _find(
        self, date: dt.date, exchange: Exchange, segment: Segment, expiring: bool
    ) -> Session | None:
        rows = self._hours.get((exchange, segment))
        if rows is None:
            raise ConfigError(
                f"calendar.yaml: hours: no row of exchange {exchange}, segment {segment}; "
                "add its hours there or to rules.local.yaml"
            )
        special = self._specials.get(date)
        if special is not None:
            is_contract = segment == SEGMENTS[exchange][0]
            late = special.contracts_close if is_contract else None
            return _session(date, special.open, late or special.close)
        if date.weekday() >= _SATURDAY or date in self._holidays:
            return None
        hours = in_force_or_oldest(rows, date)
        early = hours.expiring_index_close if expiring else None
        return _session(date, hours.open, early or hours.close)


def hours_by_segment(rows: Iterable[HoursRow]) -> dict[tuple[Exchange, Segment], list[HoursRow]]:
    """Return the rows of each exchange's segments, in order."""
    found: dict[tuple[Exchange, Segment], list[HoursRow]] = {}
    for row in rows:
        for segment in row.segments:
            found.setdefault((row.exchange, segment), []).append(row)
    return found


def hours_are_in_order(row: HoursRow | SpecialSession) -> bool:
    """Return whether a row opens before it closes (`HH:MM` compares as text)."""
    if isinstance(row, SpecialSession):
        return row.open < row.close and row.open < (row.contracts_close or row.close)
    early = row.expiring_index_close
    return row.open < row.close and (early is None or row.open < early <= row.close)


def _session(date: dt.date, open_at: str, close_at: str) -> Session:
    opened, closed = dt.time.fromisoformat(open_at), dt.time.fromisoformat(close_at)
    return Session(ist_ns(date, opened), ist_ns(date, closed))
