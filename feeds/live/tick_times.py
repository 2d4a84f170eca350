"""Decide which exchange times to believe where ticks set the time of the run."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Final

import numpy as np

from daemon.domain.dates import DAY_NS, MINUTE_NS, ist_ns
from daemon.domain.ticks import Int64s, Ticks

EARLIEST: Final = ist_ns(dt.date(2000, 1, 1), dt.time())
"""A stamp before this counts as missing: no derivative was traded in India then."""
AHEAD_NS: Final = MINUTE_NS
"""A tick further ahead of the feed's time than this waits until others confirm it."""
CONFIRMED_BY: Final = 3
AGREE_NS: Final = 6 * 60 * MINUTE_NS
"""CONFIRMED_BY waiting ticks in a row within this time of each other confirm one another."""
NEVER_NS: Final = 400 * DAY_NS
"""No tick further ahead than this is believed; the engine has the same limit."""
MOST_WAITING: Final = 64

Timed = tuple[int, Ticks]
"""A believed time (UTC ns) and a block of one row."""


class TickTimes:
    """Follows the time that ticks show, and holds back those that show another.

    The feed's time `last` is the latest believed stamp. A tick

    - without a stamp, or with one before `EARLIEST`, takes `last`; it is refused (`no_time`) while
    it is unknown; - not after `last` is late, and takes `last`; - up to `AHEAD_NS` after `last`
    advances it, and refuses those that wait (`time_ahead`); - further ahead waits. When the last
    `CONFIRMED_BY` waiting ticks agree to within `AGREE_NS`, the earliest of them becomes the feed's
    time, and all that wait are judged again.

    Every decision follows from the stamps in their order, wherever a block ends.
    """

    def __init__(self) -> None:
        self.last = -1
        self.waiting: list[Timed] = []
        self.refused: Counter[str] = Counter()

    def believes_all(self, stamps: Int64s) -> bool:
        """Return whether nothing is odd about these stamps, and follow them if so."""
        latest = int(stamps[0]) if len(stamps) == 1 else int(stamps.max())
        if self.waiting or self.last < 0 or latest > self.last + AHEAD_NS:
            return False
        self.last = max(self.last, latest)
        return True

    def sift(self, block: Ticks, stamps: Int64s) -> list[Timed]:
        """Return the ticks that are believed now, including earlier ones that waited, in order."""
        believed: list[Timed] = []
        for row, stamp in enumerate(stamps.tolist()):
            self._take(stamp, block.take(np.array([row])), believed)
        return believed

    def _take(self, stamp: int, tick: Ticks, believed: list[Timed]) -> None:
        if stamp < EARLIEST and self.last < 0:
            self.refused["no_time"] += 1
        elif stamp < self.last:
            believed.append((self.last, tick))
        elif self.last >= 0 and stamp <= self.last + AHEAD_NS:
            self._refuse_waiting(len(self.waiting))
            self.last = stamp
            believed.append((stamp, tick))
        elif self.last >= 0 and stamp > self.last + NEVER_NS:
            self.refused["time_ahead"] += 1
        else:
            self._wait(stamp, tick, believed)

    def _wait(self, stamp: int, tick: Ticks, believed: list[Timed]) -> None:
        self.waiting.append((stamp, tick))
        newest = [stamp for stamp, _ in self.waiting[-CONFIRMED_BY:]]
        if len(newest) < CONFIRMED_BY or max(newest) - min(newest) > AGREE_NS:
            self._refuse_waiting(len(self.waiting) - MOST_WAITING)
            return
        self.last = min(newest)
        waited, self.waiting = self.waiting, []
        for time, row in waited:
            if time < self.last - AGREE_NS:
                self.refused["time_ahead"] += 1
            else:
                self._take(time, row, believed)

    def _refuse_waiting(self, count: int) -> None:
        """Refuse the `count` ticks that have waited longest."""
        if count > 0:
            self.refused["time_ahead"] += count
            del self.waiting[:count]
