"""Replay at a multiple of real speed."""

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


class Pacer:
    """Waits so that session time runs `speed` times as fast as real time; nights are skipped."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._time = RunningTime()
        self._day: int | None = None
        self._from_ts = 0
        self._from_real = 0.0

    def pieces(self, block: Ticks) -> Iterator[tuple[int, int, Ticks]]:
        """Yield the block in pieces that each span little real time, with their first and last
        time.
        """
        if self._speed is None:  # no waiting, so the times do not matter
            yield int(block.ts[0]), int(block.ts[-1]), block
            return
        keys = self._time.keys(block.ts)
        step = max(1, int(self._speed * BLOCK_REAL_SECONDS * SECOND_NS))
        parts = np.flatnonzero(np.diff(keys // step)) + 1
        start = 0
        for stop in [*parts.tolist(), len(block)]:
            yield int(keys[start]), int(keys[stop - 1]), block.rows(start, stop)
            start = stop

    async def wait(self, since: int, ts: int) -> None:
        """Return when `ts` is due; let other tasks run in any case.

        A new day begins without delay at `since`, the first time waited for.
        """
        await anyio.lowlevel.checkpoint()
        if self._speed is None:
            return
        now = anyio.current_time()
        if self._day != ist_day(since):
            self._day, self._from_ts, self._from_real = ist_day(since), since, now
        due = self._from_real + (ts - self._from_ts) / SECOND_NS / self._speed
        if due > now:
            await anyio.sleep(due - now)
