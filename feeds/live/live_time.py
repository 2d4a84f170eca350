"""Give a live feed its time: the machine's, or that of a served recording's ticks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import Int64s, Ticks
from feeds.live.clock_check import ClockCheck
from feeds.live.tick_times import TickTimes
from feeds.stream.blocks import join


class Jump(Protocol):
    """Time that the run did not live through (ns), and why."""

    @property
    def ns(self) -> int:
        """Return the length of the jump, ns."""

    @property
    def cause(self) -> str:
        """Return the cause in a word."""


class FeedTime(Protocol):
    """The source of the feed's time."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Return the number of ticks refused for their time, by reason."""

    def stamp(self, block: Ticks) -> Ticks | None:
        """Return the ticks the engine may have now, with their times; None if there are none."""

    def now(self) -> int:
        """Return UTC ns, -1 if there is no time yet."""

    def advance_to(self, now: int) -> None:
        """Note that the engine was given this time: no later tick may come before it."""

    def jump(self) -> Jump | None:
        """Return the time missed since the last call. Raises ClockError."""


class WallTime:
    """The machine's time; the first ticks check it, see `ClockCheck`."""

    def __init__(self, now_ns: Callable[[], int], keep_right: Callable[[], Jump | None]) -> None:
        self.refused: Mapping[str, int] = {}
        self.now = now_ns
        self.jump = keep_right
        self._clock_check: ClockCheck | None = ClockCheck()

    def stamp(self, block: Ticks) -> Ticks:
        """Return the block unchanged. Raises ClockError if the exchange's time proves the clock
        wrong.
        """
        if self._clock_check is not None and self._clock_check.confirms(block):
            self._clock_check = None
        return block

    def advance_to(self, now: int) -> None:
        """Do nothing: the machine's time does not go back."""


class ExchangeTime:
    """The ticks' time: that of the last one, plus at most a second."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._times = TickTimes()
        self._last = -1
        """The time of the last tick, which arrived at `_real` by the machine's clock."""
        self._real = 0
        self._given = -1

    @property
    def refused(self) -> Mapping[str, int]:
        """Return refusals by reason, including ticks that still wait to be confirmed."""
        refused = Counter(self._times.refused)
        refused["time_ahead"] += len(self._times.waiting)
        return +refused

    def stamp(self, block: Ticks) -> Ticks | None:
        """Replace times of arrival with believed exchange times."""
        times = block.ts
        if block.exchange_ts is not None:
            times = block.exchange_ts
            if not self._times.believes_all(times):
                believed = self._times.sift(block, times)
                if not believed:
                    return None
                block = join([row for _, row in believed])
                times = np.array([time for time, _ in believed], dtype=np.int64)
        self._give(block, times)
        return block

    def _give(self, block: Ticks, times: Int64s) -> None:
        block.ts = np.maximum.accumulate(np.maximum(times, max(self._given, 0)))
        self._last = self._given = int(block.ts[-1])
        self._real = self._now_ns()

    def now(self) -> int:
        """Return UTC ns, -1 until a tick is believed."""
        if self._last < 0:
            return -1
        return self._last + min(self._now_ns() - self._real, SECOND_NS - 1)

    def advance_to(self, now: int) -> None:
        """Note the time that the engine was given."""
        self._given = now

    def jump(self) -> None:
        """Return None: jumps of the machine's clock do not affect this time."""
