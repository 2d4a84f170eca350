"""Space requests so that a rate limit is never reached."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_MARGIN: Final = 1.1
"""Kite counts by its own clock seconds, and evenly spaced requests may bunch on the way."""


class RateLimiter:
    """Allows `per_second` requests per second, evenly spaced; safe to share between threads.

    `monotonic` gives seconds, `sleep` takes seconds.
    """

    def __init__(
        self, per_second: float, monotonic: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._gap_s = _MARGIN / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_s = 0.0

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._lock:
            now = self._monotonic()
            at = max(now, self._next_s)
            self._next_s = at + self._gap_s
        if at > now:
            self._sleep(at - now)
