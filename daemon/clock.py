"""The only place that reads a clock; the core gets its time from its inputs."""

from __future__ import annotations

import time


class Clock:
    """Wall time at start plus monotonic time since, so that it never goes back."""

    def __init__(self) -> None:
        self._wall = time.time_ns()
        self._start = time.monotonic_ns()

    def now_ns(self) -> int:
        """UTC ns."""
        return self._wall + time.monotonic_ns() - self._start
