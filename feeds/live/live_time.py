"""The time of a live feed: the machine's, or that of the ticks of a recording which is served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import Int64s, Ticks
from feeds.live.clock_trial import ClockTrial
from feeds.live.tick_times import TickTimes
from feeds.stream.blocks import join


class Jump(Protocol):
    """Time that the run did not live through, ns, and why."""

    @property
    def ns(self) -> int:
        """Return how much."""

    @property
    def cause(self) -> str:
        """Why, in a word."""


class FeedTime(Protocol):
    """Where the feed's time comes from."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Return how many ticks were refused for their time, by reason."""

    def stamp(self, block: Ticks) -> Ticks | None:
        """Return what may be given to the engine now, with its times; None if that is nothing."""

    def now(self) -> int:
        """Return UTC ns; -1 if there is no time yet."""

    def told(self, now: int) -> None:
        """Note that the engine was given this time: no later tick may be before it."""

    def jump(self) -> Jump | None:
        """Return the time that was missed since the last call. Raises ClockError."""


class WallTime:
    """The machine's time. The first ticks are held against it: see `ClockTrial`."""

    def __init__(self, now_ns: Callable[[], int], keep_right: Callable[[], Jump | None]) -> None:
        self.refused: Mapping[str, int] = {}
        self.now = now_ns
        self.jump = keep_right
        self._trial: ClockTrial | None = ClockTrial()

    def stamp(self, block: Ticks) -> Ticks:
        """Return the block as it is. Raises ClockError if the exchange's time is another."""
        if self._trial is not None and self._trial.passed_by(block):
            self._trial = None
        return block

    def told(self, now: int) -> None:
        """Do nothing: the machine's time does not go back."""


class ExchangeTime:
    """The time of the ticks: that of the last one, and at most a second more."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._times = TickTimes()
        self._last = -1
        """The time of the last tick, at `_real` of the machine."""
        self._real = 0
        self._told = -1

    @property
    def refused(self) -> Mapping[str, int]:
        """Return those that still wait for others to confirm them are counted as refused."""
        refused = Counter(self._times.refused)
        refused["time_ahead"] += len(self._times.waiting)
        return +refused

    def stamp(self, block: Ticks) -> Ticks | None:
        """Replace times of arrival by believed times of the exchange."""
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
        block.ts = np.maximum.accumulate(np.maximum(times, max(self._told, 0)))
        self._last = self._told = int(block.ts[-1])
        self._real = self._now_ns()

    def now(self) -> int:
        """Return UTC ns; -1 as long as no tick was believed."""
        if self._last < 0:
            return -1
        return self._last + min(self._now_ns() - self._real, SECOND_NS - 1)

    def told(self, now: int) -> None:
        """Note what the engine was told."""
        self._told = now

    def jump(self) -> None:
        """Return None: it is nothing to this time what the machine's clock does."""
