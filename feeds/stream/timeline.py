"""Interleave rows with settlements, and with closes that no tick marks."""

from __future__ import annotations

import datetime as dt
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter

import numpy as np

from daemon.domain.dates import DAY_NS, ist_date, ist_midnight
from daemon.domain.inputs import Clock, Settlement
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Int64s, Ticks
from feeds.stream.blocks import RunningTime

Closes = Callable[[dt.date], Sequence[int]]
"""The times (UTC ns, ascending) at which sessions end on a date."""
Moment = Clock | Settlement
_BY_TIME = attrgetter("ts")


def no_closes(date: dt.date) -> Sequence[int]:
    """Return no closes, for a feed without a calendar."""
    return ()


def closing_time(
    session: Callable[[Instrument, dt.date], tuple[int, int] | None],
) -> Callable[[Instrument, dt.date], int | None]:
    """Return a function that gives the close of the (open, close) that `session` gives."""

    def close(instrument: Instrument, date: dt.date) -> int | None:
        span = session(instrument, date)
        return None if span is None else span[1]

    return close


def closes_of(
    universe: Universe,
    close: Callable[[Instrument, dt.date], int | None] | None,
    grace_ns: int = 0,
) -> Closes:
    """Return the times at which sessions are over: each distinct close plus the candle grace."""
    if close is None:
        return no_closes

    def closes(date: dt.date) -> Sequence[int]:
        found = {close(instrument, date) for instrument in universe}
        return sorted(ts + grace_ns for ts in found if ts is not None)

    return closes


def timeline(
    blocks: Iterable[Ticks], settlements: Sequence[Settlement], closes: Closes
) -> Iterator[Ticks | Moment]:
    """Yield the rows, cut where a session ends or a settlement is due, with a Clock at each close.

    A close that no row follows is not given: the end of a recording is not the end of a session.
    Without the Clock, whatever is due at a close would wait for the next day's first tick.
    """
    due: list[Moment] = sorted(settlements, key=_BY_TIME)
    time, day = RunningTime(), None
    for block in blocks:
        block.freeze()
        rest, keys = block, time.keys_of(block)
        while len(rest):
            date = ist_date(int(keys[0]))
            if date != day:
                day = date
                for close in closes(date):
                    if close > keys[0]:
                        insort(due, Clock(ts=close), key=_BY_TIME)
            size = int(np.searchsorted(keys, ist_midnight(date) + DAY_NS, side="left"))
            part = rest if size == len(rest) else rest.rows(0, size)
            yield from _with_due(part, keys[:size], due)
            rest, keys = rest.rows(size, len(rest)), keys[size:]
    while any(isinstance(moment, Settlement) for moment in due):
        yield due.pop(0)


def _with_due(block: Ticks, keys: Int64s, due: list[Moment]) -> Iterator[Ticks | Moment]:
    while due and due[0].ts <= keys[-1]:
        at = int(np.searchsorted(keys, due[0].ts, side="left"))
        if at:
            yield block.rows(0, at)
        yield due.pop(0)
        block, keys = block.rows(at, len(block)), keys[at:]
    yield block
