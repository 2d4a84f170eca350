"""Replay at a multiple of real speed, which a person may change or pause on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import anyio
import anyio.lowlevel
import numpy as np

from daemon.domain.dates import SECOND_NS, ist_day
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from feeds.stream.blocks import RunningTime

BLOCK_REAL_SECONDS: Final = 0.25
FASTEST: Final = 1e9
"""A day in a tenth of a millisecond; sums of anything faster would not be exact."""


def parse_speed(text: str) -> float | None:
    """Return None for `max`, else the factor in `10` or `10x`. Raises ConfigError."""
    if text == "max":
        return None
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = math.nan
    if not math.isfinite(factor) or factor <= 0:
        raise ConfigError(f"speed: expected max or a factor such as 10, was {text!r}")
    return factor


class Pace:
    """How fast session time passes now: `speed` times real time, or not at all while paused."""

    def __init__(self, speed: float | None) -> None:
        self.speed = speed
        """None: as fast as the rows can be taken."""
        self.is_paused = False
        self._passed_s = 0.0
        self._since_real: float | None = None
        self._changed: anyio.Event | None = None

    @property
    def text(self) -> str:
        """Return the speed as a person writes it: `10`, or `max`."""
        return "max" if self.speed is None else f"{self.speed:g}"

    def pause(self) -> None:
        """Stand still until `resume`."""
        self._change(self.speed, is_paused=True)

    def resume(self) -> None:
        """Let time pass again, from where it stands."""
        self._change(self.speed, is_paused=False)

    def change(self, speed: float | None) -> None:
        """Go on from here at another speed; a pause stays one."""
        self._change(speed, is_paused=self.is_paused)

    def passed_s(self) -> float:
        """Return the session time that has passed since the first call; at `max` none does."""
        now = anyio.current_time()
        since = now if self._since_real is None else self._since_real
        if not self.is_paused and self.speed is not None:
            self._passed_s += (now - since) * min(self.speed, FASTEST)
        self._since_real = now
        return self._passed_s

    async def wait_until(self, passed_s: float) -> None:
        """Return when so much session time has passed, or at once at `max`; never in a pause."""
        while self.is_paused or self.speed is not None:
            left_s = passed_s - self.passed_s()
            if not self.is_paused and left_s <= 0:
                return
            waiting = self._changed = self._changed or anyio.Event()
            real_s = math.inf if self.is_paused or self.speed is None else left_s / self.speed
            with anyio.move_on_after(real_s):
                await waiting.wait()

    def _change(self, speed: float | None, *, is_paused: bool) -> None:
        self.passed_s()  # what passed until now passed at the old pace
        self.speed, self.is_paused = speed, is_paused
        if self._changed is not None:
            self._changed.set()
            self._changed = None


class Pacer:
    """Waits so that session time keeps a pace; nights are skipped."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._time = RunningTime()
        self._day: int | None = None
        self._from_ts = 0
        self._from_passed_s = 0.0

    def pieces(self, block: Ticks) -> Iterator[tuple[int, int, Ticks]]:
        """Yield the block in pieces that each span little real time, with their first and last
        time.
        """
        if self._pace.speed is None:  # no waiting, so the times do not matter
            yield int(block.ts[0]), int(block.ts[-1]), block
            return
        keys = self._time.keys(block.ts)
        start = 0
        while start < len(block):
            stop = self._end_of_piece(keys, start)
            yield int(keys[start]), int(keys[stop - 1]), block.rows(start, stop)
            start = stop

    def _end_of_piece(self, keys: np.ndarray[tuple[int, ...], np.dtype[np.int64]], at: int) -> int:
        """Return where the piece that begins at `at` ends, at the speed of now."""
        if self._pace.speed is None:
            return len(keys)
        step = max(1, int(min(self._pace.speed, FASTEST) * BLOCK_REAL_SECONDS * SECOND_NS))
        return int(np.searchsorted(keys, (int(keys[at]) // step + 1) * step))

    async def wait(self, since: int, ts: int) -> None:
        """Return when `ts` is due; let other tasks run in any case.

        A new day begins without delay at `since`, the first time waited for.
        """
        await anyio.lowlevel.checkpoint()
        pace = self._pace
        await pace.wait_until(-math.inf)  # a pause is over
        if self._day != ist_day(since):
            self._day, self._from_ts = ist_day(since), since
            self._from_passed_s = pace.passed_s()
        await pace.wait_until(self._from_passed_s + (ts - self._from_ts) / SECOND_NS)
        if pace.speed is None:
            self._day = None  # a speed that is given later counts from where it is then
