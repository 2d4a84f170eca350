"""Sessions and boundaries by date: which instruments trade when, and when bars end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import numpy as np

from daemon.domain.dates import ist_date, ist_midnight
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Int64s

DAYS_AHEAD_MAX: Final = 400
"""Days ahead to look for the next session; a calendar without one for longer has ended."""
_KEPT_MAX: Final = 64
"""Boundaries to keep: many entries of one time wait for the same one."""


class SessionTimes(Protocol):
    """A span [open_ts, close_ts), UTC ns."""

    @property
    def open_ts(self) -> int:
        """The first ns of the session."""

    @property
    def close_ts(self) -> int:
        """The first ns after it."""


class Sessions(Protocol):
    """The part of the rulebook that the market needs."""

    def session(self, date: dt.date, instrument: Instrument, /) -> SessionTimes | None:
        """Return the instrument's session on a date, None if it has none."""


class DaySessions(NamedTuple):
    """All sessions of one date as columns by instrument (0 and 0 without a session)."""

    date: dt.date
    opens: Int64s
    closes: Int64s
    opens_or_idle: Int64s
    """The opens, with 0 for the idle book at the end."""
    latest_open: int
    earliest_close: int
    distinct_opens: tuple[int, ...]
    """Ascending, of the instruments that have a session."""

    @property
    def groups(self) -> dict[tuple[int, int], list[int]]:
        """Instruments by their (open, close), in declaration order."""
        groups: dict[tuple[int, int], list[int]] = {}
        for index, times in enumerate(zip(self.opens.tolist(), self.closes.tolist(), strict=True)):
            if times[1]:
                groups.setdefault(times, []).append(index)
        return groups


class Schedule:
    """Look sessions up by date, once per date, and count boundaries."""

    def __init__(self, sessions: Sessions, universe: Universe) -> None:
        self._sessions = sessions
        self._universe = universe
        self._days: dict[dt.date, DaySessions] = {}
        self._spans: dict[tuple[int, dt.date], tuple[int, int]] = {}
        self._boundary = lru_cache(_KEPT_MAX)(self._count_on)

    def day(self, date: dt.date) -> DaySessions:
        """Return the sessions of a date."""
        found = self._days.get(date)
        if found is None:
            spans = [self._lookup(index, date) for index in range(len(self._universe))]
            opens = np.array([span[0] for span in spans], dtype=np.int64)
            closes = np.array([span[1] for span in spans], dtype=np.int64)
            found = self._days[date] = DaySessions(
                date, opens, closes, np.append(opens, 0),
                latest_open=int(opens.max(initial=0)),
                earliest_close=int(closes.min(initial=1 << 62)),
                distinct_opens=tuple(sorted(set(opens[closes > 0].tolist()))),
            )  # fmt: skip
            if len(self._days) > DAYS_AHEAD_MAX:
                self._days.pop(next(iter(self._days)))
        return found

    def next_date(self, date: dt.date) -> dt.date | None:
        """Return the next date on which anything trades, None if the calendar has ended."""
        for ahead in range(1, DAYS_AHEAD_MAX):
            candidate = date + dt.timedelta(days=ahead)
            if any(self.span(index, candidate)[1] for index in range(len(self._universe))):
                return candidate
        return None

    def span(self, index: int, date: dt.date) -> tuple[int, int]:
        """Return (open, close) of an instrument on a date, (0, 0) if it has no session."""
        key = (index, date)
        found = self._spans.get(key)
        if found is None:
            if len(self._spans) > 100_000:
                self._spans.clear()
            found = self._spans[key] = self._lookup(index, date)
        return found

    def _lookup(self, index: int, date: dt.date) -> tuple[int, int]:
        times = self._sessions.session(date, self._universe[index])
        return (0, 0) if times is None else (times.open_ts, times.close_ts)

    def nth_boundary_after(self, index: int, timeframe_ns: int, ts: int, n: int) -> int | None:
        """Return the n-th bar boundary after `ts` (UTC ns), in sessions; None past the calendar."""
        return self._boundary(index, timeframe_ns, ts, n)

    def _count_on(self, index: int, timeframe_ns: int, ts: int, n: int) -> int | None:
        for open_ts, close_ts in self._sessions_from(index, ts):
            passed = boundaries_by(ts, open_ts, close_ts, timeframe_ns)
            left = boundaries_by(close_ts, open_ts, close_ts, timeframe_ns) - passed
            if n <= left:
                return min(open_ts + (passed + n) * timeframe_ns, close_ts)
            n -= left
        return None

    def boundaries_between(self, index: int, timeframe_ns: int, after: int, until: int) -> int:
        """Return the number of boundaries b with after < b <= until (UTC ns), in sessions."""
        count = 0
        for open_ts, close_ts in self._sessions_from(index, after):
            if open_ts > until:
                break
            count += boundaries_by(until, open_ts, close_ts, timeframe_ns)
            count -= boundaries_by(after, open_ts, close_ts, timeframe_ns)
        return count

    def _sessions_from(self, index: int, ts: int) -> Iterator[tuple[int, int]]:
        first = ist_date(ts)
        for ahead in range(DAYS_AHEAD_MAX):
            span = self.span(index, first + dt.timedelta(days=ahead))
            if span[1]:
                yield span


def boundaries_by(ts: int, open_ts: int, close_ts: int, timeframe_ns: int) -> int:
    """Return the number of a session's boundaries at or before `ts`; the last is the close."""
    if ts >= close_ts:
        return -(-(close_ts - open_ts) // timeframe_ns)
    return max(0, ts - open_ts) // timeframe_ns


def midnight_after(ts: int) -> int:
    """Return the UTC ns at which the next Indian date begins."""
    return ist_midnight(ist_date(ts) + dt.timedelta(days=1))
