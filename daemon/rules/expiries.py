"""Compute the days on which contracts expire: a weekday by date, moved before a holiday."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from daemon.domain.symbols import exchange_of, parse_symbol
from daemon.rules.tables import CalendarYear, ExpiryRow, in_force

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri")
_DAY: Final = dt.timedelta(days=1)
_WEEK: Final = dt.timedelta(days=7)
_MONTHS_AHEAD: Final = 60


class ExpiryTable:
    """The expiry days of every underlying, by the dated rows and the known holidays."""

    def __init__(self, rows: Sequence[ExpiryRow], years: Sequence[CalendarYear]) -> None:
        self._rows: dict[tuple[str, str], list[ExpiryRow]] = {}
        for row in rows:
            self._rows.setdefault((row.exchange, row.name), []).append(row)
        self._years = years
        self._holidays = frozenset(day.date for year in years for day in year.holidays)

    def monthly(self, exchange: str, name: str, year: int, month: int) -> dt.date | None:
        """Return the day on which a month's contracts expire, None if no table states it.

        The row in force on the month's last day decides. Also None where that day's holidays are
        not known: a guess could be a day off.
        """
        nominal = self._nominal_monthly(exchange, name, year, month)
        return None if nominal is None else self.trading_day_on_or_before(nominal)

    def of_symbol(self, tradingsymbol: str) -> dt.date | None:
        """Return the day on which a symbol's contract expires, None if not known."""
        parts = parse_symbol(tradingsymbol)
        if parts is None:
            return None
        if parts.expiry:
            return dt.date.fromisoformat(parts.expiry)
        exchange = exchange_of(parts.instrument_type, parts.name)
        return self.monthly(exchange, parts.name, parts.year, parts.month)

    def coming_monthly(self, exchange: str, name: str, date: dt.date) -> Iterator[dt.date]:
        """Yield the monthly expiries on or after a date, as far as the tables reach."""
        for ahead in range(_MONTHS_AHEAD):
            years, month = divmod(date.month - 1 + ahead, 12)
            found = self.monthly(exchange, name, date.year + years, month + 1)
            if found is None:
                return
            if found >= date:
                yield found

    def coming(self, exchange: str, name: str, date: dt.date) -> Iterator[dt.date]:
        """Yield the expiries on or after a date, weekly and monthly, as far as the tables reach.

        A week with a monthly expiry has no other expiry.
        """
        # A holiday moves an expiry back, into the week before at most.
        monday = date - dt.timedelta(days=date.weekday())
        while True:
            nominal = self._nominal_of_week(exchange, name, monday)
            found = None if nominal is None else self.trading_day_on_or_before(nominal)
            if found is None and not self._is_known(monday, exchange, name):
                return
            if found is not None and found >= date:
                yield found
            monday += _WEEK

    def trading_day_on_or_before(self, nominal: dt.date) -> dt.date | None:
        """Return the trading day on or before a weekday, None where holidays are not known.

        Special sessions (Muhurat, a Saturday) do not count as trading days here.
        """
        day = nominal
        while self._has_holidays(day):
            if day.weekday() < len(WEEKDAYS) and day not in self._holidays:
                return day
            day -= _DAY
        return None

    def _nominal_of_week(self, exchange: str, name: str, monday: dt.date) -> dt.date | None:
        for day in {monday.replace(day=1), (monday + 6 * _DAY).replace(day=1)}:
            nominal = self._nominal_monthly(exchange, name, day.year, day.month)
            if nominal is not None and monday <= nominal < monday + _WEEK:
                return nominal
        row = self._row(exchange, name, monday)
        if row is None or row.weekly is None:
            return None
        return monday + WEEKDAYS.index(row.weekly) * _DAY

    def _nominal_monthly(self, exchange: str, name: str, year: int, month: int) -> dt.date | None:
        last = dt.date(year, month, calendar.monthrange(year, month)[1])
        row = self._row(exchange, name, last)
        if row is None:
            return None
        return last - (last.weekday() - WEEKDAYS.index(row.monthly)) % 7 * _DAY

    def _row(self, exchange: str, name: str, date: dt.date) -> ExpiryRow | None:
        rows = self._rows.get((exchange, name)) or self._rows.get((exchange, ""), [])
        return in_force(rows, date)

    def _is_known(self, monday: dt.date, exchange: str, name: str) -> bool:
        return self._has_holidays(monday) and self._row(exchange, name, monday) is not None

    def _has_holidays(self, date: dt.date) -> bool:
        return any(year.from_ <= date <= year.to for year in self._years)
