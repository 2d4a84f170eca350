"""Kite's rates for reading: token buckets of the wall, one for each kind of address.

Orders have no bucket here: the engine counts them, in the time of its inputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

from daemon.web.kite.errors import KiteError

Rate = Literal["quote", "historical", "other", "orders"]
PER_SECOND: Final[Mapping[Rate, int]] = {"quote": 1, "historical": 3, "other": 10}
"""Requests a second, each also the most that may come at once (Kite's documentation)."""


class Rates:
    """The buckets of one API key. `clock` is monotonic seconds."""

    def __init__(self, *, is_on: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        self._buckets: dict[Rate, tuple[float, float]] = (
            {rate: (float(most), now) for rate, most in PER_SECOND.items()} if is_on else {}
        )

    def take(self, rate: Rate) -> None:
        """Count a request. Raises KiteError, 429, where there were too many."""
        bucket = self._buckets.get(rate)
        if bucket is None:
            return
        most, now = PER_SECOND[rate], self._clock()
        left = min(float(most), bucket[0] + (now - bucket[1]) * most)
        if left < 1:
            self._buckets[rate] = (left, now)
            raise KiteError(
                429, "NetworkException", f"Too many requests: {rate} has {most} a second"
            )
        self._buckets[rate] = (left - 1, now)
