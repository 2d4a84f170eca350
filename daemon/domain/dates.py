"""Indian wall time from UTC nanoseconds: UTC+05:30, never daylight saving."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Final

SECOND_NS: Final = 1_000_000_000
MILLISECOND_NS: Final = SECOND_NS // 1000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS
IST: Final = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")
IST_OFFSET_NS: Final = 5 * HOUR_NS + 30 * MINUTE_NS
MONTHS: Final = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_EPOCH: Final = dt.date(1970, 1, 1)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[- ](\d{4})")
_MIDNIGHT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:?00|\+05:?30)?)?"
)


def ist_day(ts: int) -> int:
    """Return the days from 1970-01-01 to the Indian date of `ts`."""
    return (ts + IST_OFFSET_NS) // DAY_NS


def ist_date(ts: int) -> dt.date:
    """Return the Indian date of `ts`. Raises OverflowError outside the years 1 to 9999."""
    return _date_of((ts + IST_OFFSET_NS) // DAY_NS)  # one call less: it is asked for every order


@lru_cache(maxsize=64)
def _date_of(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=day)


def ist_midnight(date: dt.date) -> int:
    """Return the UTC ns at which the Indian date begins."""
    return (date - _EPOCH).days * DAY_NS - IST_OFFSET_NS


def ist_ns(date: dt.date, time: dt.time) -> int:
    """Return the UTC ns of an Indian date and wall time."""
    seconds = time.hour * 3600 + time.minute * 60 + time.second
    return ist_midnight(date) + seconds * SECOND_NS + time.microsecond * 1000


def iso_ist(ts: int) -> str:
    """Return ISO 8601 with +05:30, cut to microseconds, for people and JSON."""
    midnight = ist_midnight(ist_date(ts))
    at = dt.datetime.combine(ist_date(ts), dt.time(), IST)
    return (at + dt.timedelta(microseconds=(ts - midnight) // 1000)).isoformat(
        timespec="microseconds"
    )


@lru_cache(maxsize=4096)  # a dump of 90,000 contracts has a few dozen expiries
def parse_date(text: str) -> str:
    """Return the date in a text as YYYY-MM-DD.

    Accepts YYYY-MM-DD, optionally followed by a time of midnight (Indian or UTC), and a day, an
    English month name and a four-digit year (`06-Jun-2024`). Raises ValueError for anything else:
    06-05-2024 could be in May or in June.
    """
    iso, named = _MIDNIGHT.fullmatch(text), _DAY_FIRST.fullmatch(text)
    try:
        if iso is not None:
            return dt.date.fromisoformat(iso[1]).isoformat()
        if named is not None:
            month = MONTHS.index(named[2].upper()) + 1
            return dt.date(int(named[3]), month, int(named[1])).isoformat()
    except ValueError:
        pass  # no such day or month: said below
    raise ValueError(f"expected a date as YYYY-MM-DD, was {text!r}")


def parse_ts(text: str) -> int:
    """Parse ISO 8601 (naive means IST) or a number of ns as UTC ns.

    Raises ValueError if it is neither.
    """
    if text.lstrip("-").isdigit() and len(text) > 10:
        return int(text)
    at = dt.datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=IST)
    delta = at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND_NS + delta.microseconds * 1000


@lru_cache(maxsize=64)
def parse_timeframe(text: str) -> int:
    """Return a bar's length in ns: `1m`, `5m`, `1h`, `30s`; `1d` (a bar a session) is a whole day.

    Raises ValueError for anything else.
    """
    units = {"s": SECOND_NS, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS}
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or int(number) == 0 or unit not in units:
        raise ValueError(f"expected a timeframe such as 1m, 5m or 1h, was {text!r}")
    return min(int(number) * units[unit], DAY_NS)


def is_timeframe(text: str) -> bool:
    """Return whether `parse_timeframe` can read it."""
    try:
        parse_timeframe(text)
    except ValueError:
        return False
    return True
