"""Net P&L by session: what every other number is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from daemon.domain.instrument import Instrument
from daemon.domain.symbols import INDEX_SYMBOLS, bare_instrument

_INDEX: Final = bare_instrument(INDEX_SYMBOLS["NIFTY"])
"""The exchanges have the same holidays."""
_CONTRACT: Final = bare_instrument("NIFTY26JANFUT")
"""When a session opens and closes is asked of it: what is traded are contracts."""


class Calendar(Protocol):
    """The part of the rulebook that says what a session is."""

    def session(self, date: dt.date, instrument: Instrument, /) -> Any:
        """Return the instrument's session on a date, None if it has none."""


class Days(NamedTuple):
    """The sessions between the first and the last date with data."""

    dates: tuple[dt.date, ...]
    changes_paise: tuple[int, ...]
    """Change of net P&L from close to close, with what is open at market; 0 without trades."""
    missing: tuple[dt.date, ...] = ()
    """Sessions that no data was there for: they are no days, and the next day has their change."""


def days_of(closes: Mapping[dt.date, int], is_session: Callable[[dt.date], bool]) -> Days:
    """Return the days of a run by its net P&L (paise) at the end of each date with data.

    What changes on a date that is no session counts on the next one, or on the last.
    """
    dates: list[dt.date] = []
    changes: list[int] = []
    missing: list[dt.date] = []
    known = sorted(closes)
    before = 0
    for date in _between(known[0], known[-1]) if known else ():
        if date not in closes:
            if is_session(date):
                missing.append(date)
        elif is_session(date):
            dates.append(date)
            changes.append(closes[date] - before)
            before = closes[date]
    if dates and closes[known[-1]] != before:
        changes[-1] += closes[known[-1]] - before
    return Days(tuple(dates), tuple(changes), tuple(missing))


def session_days(closes: Mapping[dt.date, int], calendar: Calendar) -> Days:
    """Return the days of a run by the exchanges' calendar."""
    return days_of(closes, lambda date: calendar.session(date, _INDEX) is not None)


def session_hours(dates: Iterable[dt.date], calendar: Calendar) -> dict[dt.date, tuple[int, int]]:
    """Return when contracts' sessions open and close (UTC ns), of those dates that have one."""
    sessions = {date: calendar.session(date, _CONTRACT) for date in dates}
    return {date: (each.open_ts, each.close_ts) for date, each in sessions.items() if each}


def _between(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=at) for at in range((last - first).days + 1)]
