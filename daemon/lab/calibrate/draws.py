"""How sure a measurement is: the days drawn again, as the bootstrap of results does it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from daemon.lab.calibrate.fill_rules import Floats
from daemon.lab.calibrate.quotes import Places
from daemon.lab.numbers.bootstrap import DRAWS, drawn

SURE: Final = 0.95
"""The share of draws in which a rule must be nearer than the next one."""
_Z: Final = 1.959963984540054
"""The normal distribution has 2.5 % beyond it."""
_NUMBER: Final = 20
"""Tells these draws of a seed from others."""


class Draws:
    """Means over orders whose days are drawn again, 10,000 times, from a seed.

    `days` numbers the day of each order from 0. An order of its own may stand for a day.
    """

    def __init__(self, days: Places, seed: int) -> None:
        self._days = days
        self._count = int(days.max()) + 1
        rows = drawn(self._count, seed, _NUMBER)
        flat = rows + np.arange(DRAWS)[:, None] * self._count
        counts = np.bincount(flat.ravel(), minlength=DRAWS * self._count)
        self._weights = counts.reshape(DRAWS, self._count).astype(np.float64)
        self._orders = self._weights @ np.bincount(days, minlength=self._count)

    def means(self, values: Floats) -> Floats:
        """Return the mean of the drawn orders' values in each draw."""
        sums = np.bincount(self._days, weights=values, minlength=self._count)
        means: Floats = (self._weights @ sums) / self._orders
        return means

    def interval(self, values: Floats) -> tuple[float, float]:
        """Return what the mean lies within at 95 %.

        The ends are percentiles of the draws, further out the fewer days there are (expanded
        percentiles: Hesterberg 2015, "What teachers should know about the bootstrap").
        """
        means = np.sort(self.means(values))
        beyond = int(DRAWS * _share_beyond(self._count))
        return float(means[beyond]), float(means[DRAWS - 1 - beyond])


def _share_beyond(count: int) -> float:
    """Return the share of draws beyond each end of an interval: 2.5 % if there are many days."""
    if count < 2:
        return 0.0
    widened = math.sqrt(count / (count - 1)) * _student(count - 1)
    return 0.5 * math.erfc(widened / math.sqrt(2))


def _student(freedom: int) -> float:
    """Return Student's t with 2.5 % beyond it, by the expansion of Cornish and Fisher."""
    z, n = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The one of several that fits best, and those that the draws cannot tell from it.

    `sure` is the share of draws in which it is nearer than the next one.
    """

    best: str
    alike: list[str]
    sure: float


def choose(names: Sequence[str], means: Sequence[float], draws: Sequence[Floats]) -> Choice:
    """Return the lowest mean |error|, unless others are as near in over 5 % of the draws.

    `draws` are the means of each in each draw; what is equal is not lower.
    """
    order = sorted(range(len(names)), key=lambda at: means[at])
    best, others = order[0], order[1:]
    lower = {at: float((draws[best] < draws[at]).mean()) for at in others}
    alike = [names[at] for at in others if lower[at] < SURE]
    return Choice(best=names[best], alike=alike, sure=lower[others[0]] if others else 1.0)
