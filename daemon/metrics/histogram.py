"""How long something took, counted by upper bounds as monitoring systems add it up."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import msgspec

BOUNDS_S: Final = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip
"""The same for all, so that one can be laid over another."""
_DIGITS: Final = 6


class HistogramRow(msgspec.Struct, frozen=True):
    """A histogram as the metrics file has it: its bounds in seconds, ascending.

    `counts` has one more than `bounds_s`: each number is of what took longer than the bound before
    and no longer than its own, the last of what took longer than any.
    """

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float

    @property
    def is_whole(self) -> bool:
        """Return whether there is a count for each bound and one above."""
        return len(self.counts) == len(self.bounds_s) + 1


class Histogram:
    """Counts durations in seconds."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration; one below 0, of clocks that were read in turn, counts as 0."""
        seconds = max(seconds, 0.0)
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._sum_s += seconds

    def row(self) -> HistogramRow:
        """Return what was counted so far."""
        return HistogramRow(BOUNDS_S, tuple(self._counts), round(self._sum_s, _DIGITS))
