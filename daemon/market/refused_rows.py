"""Rows that the intake refuses or drops, each reason with its first example; free without any.

Counted and bounded: one example per reason, and the worst day of rows outside their session.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import IST_OFFSET_NS, MINUTE_NS
from daemon.domain.ticks import Ticks
from daemon.market.schedule import DaySessions

SHIFTS: Final = (IST_OFFSET_NS, -IST_OFFSET_NS)
"""A UTC time read as Indian is too early by this; an Indian one read as UTC is too late."""

NEAR_NS: Final = 30 * MINUTE_NS
"""Every good recording has rows this near to the session: no sign of a wrong time zone."""


class RowExample(NamedTuple):
    """A refused or dropped row: UTC ns, index in the universe, paise, time reached before it."""

    ts: int
    instrument: int
    ltp: int
    reached: int


class DayOutside(NamedTuple):
    """Rows of one date outside their instrument's session."""

    date: dt.date
    rows: int
    """Of the whole date, as far as it was read."""
    outside: int
    first: RowExample
    shift_ns: int
    """The shift that would bring most of them inside, 0 if neither would."""


def example(block: Ticks, row: int, reached: int) -> RowExample:
    """Return a row of a block as an example."""
    return RowExample(int(block.ts[row]), int(block.instrument[row]), int(block.ltp[row]), reached)


class OutsideRows:
    """Count rows outside their session, and remember the worst date."""

    def __init__(self) -> None:
        self.count = 0
        self.first: RowExample | None = None
        self.day: DaySessions | None = None
        """The sessions of the date being read."""
        self._worst: DayOutside | None = None
        self._rows_before = 0
        self._first_today: RowExample | None = None
        self._outside = 0
        self._inside_if = [0, 0]

    def begin(self, day: DaySessions, rows_before: int) -> None:
        """Begin a date, after `rows_before` rows of the feed."""
        self._worst = self.worst(rows_before)
        self.day = day
        self._rows_before = rows_before
        self._first_today = None
        self._outside = 0
        self._inside_if = [0, 0]

    def add(self, part: Ticks, outside: npt.NDArray[np.bool_]) -> None:
        """Count the rows of a part of the date's rows that are outside."""
        rows = np.flatnonzero(outside)
        if not len(rows):
            return
        assert self.day is not None
        if self._first_today is None:
            self._first_today = example(part, int(rows[0]), 0)
            self.first = self.first or self._first_today
        self.count += len(rows)
        self._outside += len(rows)
        ts, instrument = part.ts[rows], part.instrument[rows]
        opens, closes = self.day.opens[instrument], self.day.closes[instrument]
        far = (ts < opens - NEAR_NS) | (ts >= closes + NEAR_NS)
        for at, shift in enumerate(SHIFTS):
            would_be = far & (ts + shift >= opens) & (ts + shift < closes)
            self._inside_if[at] += int(would_be.sum())

    def worst(self, rows_before: int) -> DayOutside | None:
        """Return the worst date; `rows_before` are those of the feed so far."""
        if self.day is None or self._first_today is None:
            return self._worst
        better = max(range(len(SHIFTS)), key=self._inside_if.__getitem__)
        fits = 2 * self._inside_if[better] > self._outside
        today = DayOutside(
            self.day.date,
            rows_before - self._rows_before,
            self._outside,
            self._first_today,
            SHIFTS[better] if fits else 0,
        )
        known = [self._worst] if self._worst is not None else []
        return max([*known, today], key=_badness)


def _badness(day: DayOutside) -> tuple[bool, int]:
    """Rank a day that was mostly outside before one with more such rows among many others."""
    return 2 * day.outside > day.rows, day.outside
