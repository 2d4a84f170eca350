"""How far a sweep is, and how long the rest may take."""

from __future__ import annotations

from collections.abc import Sequence
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
