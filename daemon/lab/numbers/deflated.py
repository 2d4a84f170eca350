"""The deflated Sharpe ratio: how sure is the best of many tries? (Bailey, Lopez de Prado 2014)"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

_EULER: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()


def expected_best_sharpe(variance: float, tries: int) -> float | None:
    """Return the highest daily Sharpe ratio that tries without any skill would show.

    `variance` is the sample variance of the tries' daily ratios. None for fewer than two tries or
    a variance of 0.
    """
    if tries < 2 or variance <= 0:
        return None
    first = _NORMAL.inv_cdf(1 - 1 / tries)
    second = _NORMAL.inv_cdf(1 - 1 / (tries * math.e))
    return math.sqrt(variance) * ((1 - _EULER) * first + _EULER * second)


def probabilistic_sharpe(
    daily: float, benchmark: float, days: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float | None:
    """Return the probability that the true daily ratio is above the benchmark.

    Skewness and kurtosis are those of the population, the latter not in excess. None where the
    formula has no root.
    """
    spread = 1 - skewness * daily + (kurtosis - 1) / 4 * daily**2
    if days < 2 or spread <= 0:
        return None
    return _NORMAL.cdf((daily - benchmark) * math.sqrt(days - 1) / math.sqrt(spread))


def deflated_sharpe(
    daily: float, *, days: int, tries: int, variance: float, skewness: float = 0.0,
    kurtosis: float = 3.0,
) -> float | None:  # fmt: skip
    """Return the probability that a chosen try's daily Sharpe ratio is better than luck.

    `tries` is how many different variants were tried, `variance` that of their daily ratios. None
    where there is nothing to deflate by.
    """
    benchmark = expected_best_sharpe(variance, tries)
    if benchmark is None:
        return None
    return probabilistic_sharpe(daily, benchmark, days, skewness, kurtosis)


def shape_of(values: Sequence[float]) -> tuple[float, float] | None:
    """Return skewness and kurtosis of the population, None if all values are equal."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    second, third, fourth = (
        math.fsum((value - mean) ** power for value in values) / len(values) for power in (2, 3, 4)
    )
    return (third / second**1.5, fourth / second**2) if second > 0 else None
