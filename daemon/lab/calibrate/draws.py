"""How sure a measurement is: the days drawn again, as the bootstrap of results does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from daemon.lab.calibrate.fill_rules import Floats
from daemon.lab.calibrate.quotes import Places
from daemon.lab.numbers.bootstrap import DRAWS, drawn

SURE: Final = 0.95
"""The share of draws in which a rule must be nearer than the next one."""
_LOW: Final = 250
_HIGH: Final = 9_749
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
        """Return what 95 % of the means lie within."""
        means = np.sort(self.means(values))
        return float(means[_LOW]), float(means[_HIGH])


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
