"""The only place that reads a clock; the core gets its time from its inputs."""

from __future__ import annotations

import time


class Clock:
    """Wall time at start plus monotonic time since, so that it never goes back.

    `not_before` (UTC ns) is the last time that was recorded: a wall clock that was set back while
    nothing ran must not make time go back either.
    """

    def __init__(self, not_before: int = 0) -> None:
        self._wall = max(time.time_ns(), not_before)
        self._start = time.monotonic_ns()

    def now_ns(self) -> int:
        """UTC ns."""
        return self._wall + time.monotonic_ns() - self._start

    @staticmethod
    def wall_ns() -> int:
        """What the machine's clock says now, UTC ns; only for noticing that it was set."""
        return time.time_ns()
