"""How far a sweep is, and how long the rest may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import Final, NamedTuple

FEWEST: Final = 3
"""Finished batches before which nothing is estimated."""


class Batch(NamedTuple):
    """A finished batch: how long it took, and what it was made of."""

    seconds: float
    rows: int
    """Of the data, each variant's."""
    variants: int

    @property
    def cost(self) -> float:
        """Return seconds for a million rows and a variant."""
        return self.seconds / (max(self.rows, 1) / 1e6) / self.variants


class Estimate(NamedTuple):
    """Seconds that the rest takes: the middle, and where half of the batches lie."""

    middle: float
    low: float
    high: float


def estimate(finished: Sequence[Batch], rows: int, workers: int) -> Estimate | None:
    """Return how long the rest takes; `rows` is the sum of its jobs' rows.

    By the median cost of the finished batches, from the 25th to the 75th percentile. None before
    three batches.
    """
    if len(finished) < FEWEST:
        return None
    costs = [batch.cost for batch in finished]
    low, _, high = quantiles(costs, n=4, method="inclusive")
    scale = rows / 1e6 / max(workers, 1)
    return Estimate(median(costs) * scale, low * scale, high * scale)


def seconds_text(seconds: float) -> str:
    """Return a duration as a person says it: 40 s, 12 min, 3 h 5 min."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """Tells how far a sweep is, quietly: a line for each tenth of it."""

    def __init__(self, workers: int, say: Callable[[str], object]) -> None:
        self._workers, self._say = workers, say
        self._batches: list[Batch] = []
        self._jobs = self._done = self._rows = self._told = 0

    def expect(self, jobs: int, missing: Sequence[int]) -> None:
        """Note jobs that are asked for, and the rows of each that must be run."""
        self._jobs += jobs
        self._done += jobs - len(missing)
        self._rows += sum(missing)
        if len(missing) < jobs:
            self._say(f"{jobs - len(missing):,} of {jobs:,} are done already")
        self._told = self._tenth

    def finished(self, batch: Batch) -> None:
        """Note a batch, and tell where a tenth more is done."""
        self._batches.append(batch)
        self._done += batch.variants
        self._rows -= batch.rows * batch.variants
        if self._tenth > self._told:
            self._told = self._tenth
            self._say(f"{self._done:,} of {self._jobs:,} done{self._rest()}")

    def skipped(self, rows: int) -> None:
        """Note a job that ended without an outcome."""
        self._done += 1
        self._rows -= rows

    @property
    def _tenth(self) -> int:
        return 10 * self._done // self._jobs if self._jobs else 0

    def _rest(self) -> str:
        found = estimate(self._batches, self._rows, self._workers)
        if found is None or self._done >= self._jobs:
            return ""
        middle, low, high = map(seconds_text, found)
        return f", about {middle} left" + (f" ({low} to {high})" if low != high else "")
