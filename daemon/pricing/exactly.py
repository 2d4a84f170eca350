"""Logarithm and normal distribution of arrays from operations that IEEE 754 rounds correctly.

`math.erf`, `math.log` and their numpy forms differ in the last bit between C libraries and between
processors (numpy chooses its kernels at run time). A margin that a replay must find again cannot
rest on them. Additions, products, quotients and square roots are the same everywhere, and so is
everything here: the table is computed once in decimals. The error is below 4e-16 absolute for the
distribution, 2e-15 for its density, and 4e-16 relative for the logarithm.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR: Final = 8.5
"""Standard deviations beyond which the distribution is 0 or 1 to the last bit of a price."""
_STEPS: Final = 64
"""Points of the table per standard deviation."""
_DEGREE: Final = 6
"""Of the polynomial between two points; the next term is below 1e-17."""
_TERMS: Final = 14
_TWO_PI: Final = Decimal("6.2831853071795864769252867665590057684")
_LN2: Final = 0.6931471805599453
_SQRT_HALF: Final = 0.7071067811865476
_LOG_TERMS: Final = 11


def log(values: Floats) -> Floats:
    """Return the natural logarithm of positive numbers."""
    mantissa, exponent = np.frexp(values)
    small = mantissa < _SQRT_HALF
    mantissa = np.where(small, mantissa + mantissa, mantissa)
    exponent = exponent - small
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = np.full_like(ratio, 1.0 / (2 * _LOG_TERMS + 1))
    for term in range(_LOG_TERMS - 1, -1, -1):
        series = series * square + 1.0 / (2 * term + 1)
    return exponent * _LN2 + 2.0 * ratio * series


def normal_cdf(deviations: Floats) -> Floats:
    """Return the standard normal distribution function."""
    rows, rest = _nearest(deviations)
    value: Floats = rows[_DEGREE]
    for power in range(_DEGREE - 1, -1, -1):
        value = value * rest + rows[power]
    return value


def normal_pdf(deviations: Floats) -> Floats:
    """Return the standard normal density, as the slope of the distribution's polynomial."""
    rows, rest = _nearest(deviations)
    slope: Floats = _DEGREE * rows[_DEGREE]
    for power in range(_DEGREE - 1, 0, -1):
        slope = slope * rest + power * rows[power]
    return slope


def _nearest(deviations: Floats) -> tuple[Floats, Floats]:
    """Return the polynomials (by power) of the nearest points, and the distances from them."""
    scaled = deviations.clip(-FAR, FAR) * _STEPS
    nearest = np.rint(scaled)
    points = (nearest + FAR * _STEPS).astype(np.intp)
    return _table().take(points, axis=1), (scaled - nearest) * (1.0 / _STEPS)


@cache
def _table() -> Floats:
    """Return the Taylor coefficients of the distribution by power and point, from -FAR to FAR.

    From 0 outwards, each point is the sum of the series at the one before; 34 digits and 14 terms
    leave an error far below a double's.
    """
    with localcontext(Context(prec=34)):
        right = list(_columns())
        left = [_mirrored(column) for column in reversed(right[1:])]
    kept = [[float(column[power]) for column in left + right] for power in range(_DEGREE + 1)]
    table = np.array(kept)
    table[:, 0] = table[:, -1] = 0.0
    table[0, -1] = 1.0  # flat from FAR on: nothing of a worthless option is left
    return table


def _columns() -> Iterator[list[Decimal]]:
    """Yield the coefficients at 0, at the first point above it, and so on."""
    step, value = Decimal(1) / _STEPS, Decimal("0.5")
    for point in range(int(FAR * _STEPS) + 1):
        x = point * step
        density = (x * x / -2).exp() / _TWO_PI.sqrt()
        column = _series(value, density, x)
        yield column
        value = Decimal(0)
        for coefficient in reversed(column):
            value = value * step + coefficient


def _series(value: Decimal, density: Decimal, x: Decimal) -> list[Decimal]:
    """Return the distribution's Taylor coefficients at x: its slopes are Hermite polynomials."""
    column, scale = [value], density
    before, hermite = Decimal(0), Decimal(1)
    for power in range(1, _TERMS):
        scale /= power
        column.append(scale * hermite)
        scale = -scale
        before, hermite = hermite, x * hermite - (power - 1) * before
    return column


def _mirrored(column: list[Decimal]) -> list[Decimal]:
    """Return the coefficients at -x: the distribution there is 1 less the one at x."""
    turned = [
        coefficient if power % 2 else -coefficient for power, coefficient in enumerate(column)
    ]
    return [1 + turned[0], *turned[1:]]
