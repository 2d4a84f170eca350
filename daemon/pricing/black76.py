"""Black-76 without interest, for arrays of options: values, implied volatility, Greeks.

Prices, forwards and strikes are rupees; `years` is the time to the contract's close in years of
31,557,600 seconds; `sign` is +1 for a call and -1 for a put. Arguments broadcast as in numpy, so
one call does an expiry, or a chain in many scenarios.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daemon.pricing.exactly import Floats, log, normal_cdf, normal_pdf

YEAR_SECONDS: Final = 31_557_600
DAY_YEARS: Final = 86_400 / YEAR_SECONDS
SIGMA_MIN: Final = 0.0001
SIGMA_MAX: Final = 5.0
HALVINGS: Final = 60
_AT_ONCE: Final = ((16, 5), (64, 4), (200, 3), (1 << 62, 1))
"""(most options, halvings that are done together): all their middles are valued at once, which
costs a few options less than one call after the other. The bits are the same."""
_DEVIATION_MIN: Final = 1e-12
"""Stands for no time left: values are then intrinsic, to less than a millionth of a rupee."""


class Greeks(NamedTuple):
    """Implied volatility and sensitivities of options, rounded half-even; NaN where unknown.

    `delta` and `gamma` are per rupee of the forward, `theta` is rupees per calendar day, `vega`
    rupees per point of volatility (0.01).
    """

    iv: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats


def values(forward: Floats, strike: Floats, years: Floats, sigma: Floats, sign: Floats) -> Floats:
    """Return the value of options, rupees."""
    return _values(log(forward / strike), forward, strike, _deviation(sigma, years), sign)


def deltas(forward: Floats, strike: Floats, years: Floats, sigma: Floats, sign: Floats) -> Floats:
    """Return what one rupee of the forward adds to the value of options, unrounded."""
    deviation = _deviation(sigma, years)
    return sign * normal_cdf(sign * _upper(log(forward / strike), deviation))


def implied_volatilities(
    price: Floats, forward: Floats, strike: Floats, years: Floats, sign: Floats
) -> Floats:
    """Return the volatility at which each value is the price, by bisection.

    A price below every value has SIGMA_MIN, one above every value SIGMA_MAX.
    """
    moneyness, root = log(forward / strike), np.sqrt(years)
    low = np.full(np.broadcast(price, moneyness, root).shape, SIGMA_MIN)
    high = np.full_like(low, SIGMA_MAX)
    at_once = next(halvings for options, halvings in _AT_ONCE if low.size <= options)
    for _ in range(HALVINGS // at_once):
        edges = _edges(low, high, at_once)
        deviation = np.maximum(edges[1:-1] * root, _DEVIATION_MIN)
        below = _values(moneyness, forward, strike, deviation, sign) < price
        low, high = _halved(edges, below)
    return 0.5 * (low + high)


def _edges(low: Floats, high: Floats, halvings: int) -> Floats:
    """Return the ends and all the middles that some halvings may ask for, ascending."""
    edges = np.stack((low, high))
    for _ in range(halvings):
        finer = np.empty((2 * len(edges) - 1, *low.shape))
        finer[::2] = edges
        finer[1::2] = 0.5 * (edges[:-1] + edges[1:])
        edges = finer
    return edges


def _halved(edges: Floats, below: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the ends that halving leads to, by whether the value at each middle is too low."""
    if len(below) == 1:
        return np.where(below[0], edges[1], edges[0]), np.where(below[0], edges[2], edges[1])
    step, flat = (len(edges) - 1) // 2, edges.reshape(len(edges), -1)
    answers = below.reshape(len(below), -1)
    options = np.arange(flat.shape[1])
    place = np.zeros(flat.shape[1], dtype=np.intp)
    while step:
        place = place + step * answers[place + step - 1, options]
        step //= 2
    shape = edges.shape[1:]
    return flat[place, options].reshape(shape), flat[place + 1, options].reshape(shape)


def greeks(price: Floats, forward: Floats, strike: Floats, years: Floats, sign: Floats) -> Greeks:
    """Return the Greeks at the implied volatility.

    NaN where the contract is over or its price is not strictly between the values at the ends of
    the bisection: such a price implies no volatility.
    """
    low, high = np.array(SIGMA_MIN), np.array(SIGMA_MAX)
    inside = (
        (values(forward, strike, years, low, sign) < price)
        & (price < values(forward, strike, years, high, sign))
        & (years > 0)
    )
    sigma = implied_volatilities(price, forward, strike, years, sign)
    left = np.where(years > 0, years, 1.0)
    deviation = _deviation(sigma, left)
    upper = _upper(log(forward / strike), deviation)
    density = normal_pdf(upper)
    yearly_decay = -forward * density * sigma / (2.0 * np.sqrt(left))
    found = Greeks(
        iv=rounded(sigma, 6),
        delta=rounded(sign * normal_cdf(sign * upper), 4),
        gamma=rounded(density / (forward * deviation), 7),
        theta=rounded(yearly_decay * DAY_YEARS, 2),
        vega=rounded(forward * density * np.sqrt(left) * 0.01, 2),
    )
    return Greeks(*(np.where(inside, numbers, np.nan) for numbers in found))


def rounded(numbers: Floats, decimals: int) -> Floats:
    """Return numbers rounded half-even to decimals, by one product, rounding and quotient."""
    scale = float(10**decimals)
    whole: Floats = np.rint(numbers * scale)
    return whole / scale


def _deviation(sigma: Floats, years: Floats) -> Floats:
    """Return the standard deviation of the forward's logarithm at the close, never quite 0."""
    return np.maximum(sigma * np.sqrt(years), _DEVIATION_MIN)


def _upper(moneyness: Floats, deviation: Floats) -> Floats:
    return moneyness / deviation + 0.5 * deviation


def _values(
    moneyness: Floats, forward: Floats, strike: Floats, deviation: Floats, sign: Floats
) -> Floats:
    half = 0.5 * deviation
    middle = moneyness / deviation
    upper, lower = normal_cdf(sign * np.array((middle + half, middle - half)))
    found: Floats = sign * (forward * upper - strike * lower)
    return found
