"""Black-76 beside another library, and what must hold of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.pricing.black76 import (
    SIGMA_MAX,
    SIGMA_MIN,
    YEAR_SECONDS,
    deltas,
    greeks,
    implied_volatilities,
    rounded,
    values,
)
from daemon.pricing.exactly import Floats
from tests.pricing.vectors import FORWARD, IMPLIED, OPTIONS

FORWARDS = st.floats(10, 100_000)
RATIOS = st.floats(0.7, 1.4)
YEARS = st.floats(1e-4, 2)
SIGMAS = st.floats(0.02, 2)
SIGNS = st.sampled_from((-1.0, 1.0))


def one(*numbers: float) -> list[Floats]:
    return [np.array([number], dtype=np.float64) for number in numbers]


def value(forward: float, strike: float, years: float, sigma: float, sign: float) -> float:
    return float(values(*one(forward, strike, years, sigma, sign))[0])


def columns(rows: tuple[tuple[float, ...], ...]) -> list[Floats]:
    return [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]


def test_values_and_greeks_are_vollibs() -> None:
    sign, strike, days, sigma, expected, delta, gamma, theta, vega = columns(OPTIONS)
    forward, years = np.full_like(sign, FORWARD), days / 365.25
    found = values(forward, strike, years, sigma, sign)
    assert np.abs(found - expected).max() < 2e-11
    assert np.abs(deltas(forward, strike, years, sigma, sign) - delta).max() < 1e-14
    # the Greeks of a price are those of its volatility, where it has one
    known = greeks(found, forward, strike, years, sign)
    sure = expected - np.maximum(0, sign * (forward - strike)) > 0.05
    assert sure.sum() > 100
    for ours, theirs, unit in (
        (known.iv, sigma, 1e-6),
        (known.delta, delta, 1e-4),
        (known.gamma, gamma, 1e-7),
        (known.theta, theta * 365 / 365.25, 1e-2),
        (known.vega, vega, 1e-2),
    ):
        assert np.abs(ours - theirs)[sure].max() < 0.51 * unit


def test_implied_volatilities_are_vollibs() -> None:
    sign, strike, days, price, expected = columns(IMPLIED)
    found = implied_volatilities(price, np.full_like(sign, FORWARD), strike, days / 365.25, sign)
    assert len(found) > 80
    assert np.abs(found - expected).max() < 1e-9


def test_a_year_has_31_557_600_seconds() -> None:
    """A call 32 days before its close."""
    price, years = 437.65, 32 * 86_400 / YEAR_SECONDS
    (sigma,) = implied_volatilities(*one(price, 23_748.5, 23_700, years, 1))
    assert sigma == pytest.approx(0.1474165565, abs=1e-10)


@settings(deadline=None)
@given(FORWARDS, RATIOS, YEARS, SIGMAS)
def test_put_call_parity_holds(forward: float, ratio: float, years: float, sigma: float) -> None:
    strike = forward * ratio
    call = value(forward, strike, years, sigma, 1)
    put = value(forward, strike, years, sigma, -1)
    assert call - put == pytest.approx(forward - strike, abs=1e-15 * forward * 20)


@settings(deadline=None)
@given(FORWARDS, RATIOS, YEARS, SIGMAS, SIGNS)
def test_a_value_lies_between_intrinsic_and_the_whole(
    forward: float, ratio: float, years: float, sigma: float, sign: float
) -> None:
    strike, slack = forward * ratio, forward * 1e-14
    found = value(forward, strike, years, sigma, sign)
    assert max(0.0, sign * (forward - strike)) - slack <= found
    assert found <= (forward if sign > 0 else strike) + slack


@settings(deadline=None)
@given(FORWARDS, RATIOS, YEARS, st.floats(0.01, 3), SIGNS)
def test_a_higher_price_never_implies_less(
    forward: float, ratio: float, years: float, more: float, sign: float
) -> None:
    strike = forward * ratio
    low = value(forward, strike, years, 0.1, sign)
    at = one(forward, strike, years, sign)
    first, second = (
        float(implied_volatilities(np.array([price]), *at)[0]) for price in (low, low + more)
    )
    assert first <= second


@settings(deadline=None)
@given(FORWARDS, RATIOS, YEARS, SIGMAS, SIGNS)
def test_the_implied_volatility_gives_the_price_back(
    forward: float, ratio: float, years: float, sigma: float, sign: float
) -> None:
    strike = forward * ratio
    price = value(forward, strike, years, sigma, sign)
    (found,) = implied_volatilities(*one(price, forward, strike, years, sign))
    again = value(forward, strike, years, float(found), sign)
    assert again == pytest.approx(price, abs=forward * 2e-14)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_price_outside_takes_the_end(sign: float) -> None:
    at = one(24_000, 23_500, 0.05, sign)
    price = np.array([0.0, 480.0 if sign > 0 else 0.0, 24_000.0])
    found = implied_volatilities(price, *at)
    assert found[:2] == pytest.approx(SIGMA_MIN, abs=1e-17)
    assert found[2] == SIGMA_MAX
    over = implied_volatilities(np.array([0.05, 600.0]), *one(24_000, 24_600, 0, 1))
    assert over.tolist() == [SIGMA_MAX, SIGMA_MAX]


def test_a_price_that_implies_nothing_has_no_greeks() -> None:
    price = np.array([499.0, 560.0, 24_000.0, 560.0])
    years = np.array([0.05, 0.05, 0.05, 0.0])
    forward, strike, sign = one(24_000, 23_500, 1)
    known = greeks(price, forward, strike, years, sign)
    for numbers in known:
        assert np.isnan(numbers).tolist() == [True, False, True, True]


def test_with_no_time_left_a_value_is_intrinsic() -> None:
    strike = np.array([90.0, 100.0, 110.0])
    at = (np.array([100.0]), strike, np.array([0.0]), np.array([0.2]))
    assert rounded(values(*at, np.array([1.0])), 6).tolist() == [10, 0, 0]
    assert rounded(values(*at, np.array([-1.0])), 6).tolist() == [0, 0, 10]


@settings(deadline=None)
@given(
    st.floats(20_000, 26_000), st.floats(0.9, 1.1), st.floats(0.003, 1), st.floats(0.08, 0.8), SIGNS
)
def test_greeks_are_the_slopes_of_the_value(
    forward: float, ratio: float, years: float, sigma: float, sign: float
) -> None:
    strike = forward * ratio
    price = value(forward, strike, years, sigma, sign)
    known = greeks(*one(price, forward, strike, years, sign))
    (iv,), (delta,), (gamma,), (theta,), (vega,) = known
    if math.isnan(iv) or vega < 0.5:
        return
    assert iv == pytest.approx(sigma, abs=1e-6)

    def slope(step: float, *move: float) -> float:
        up, down = (
            value(
                forward + way * move[0] * step, strike, years + way * move[1] * step,
                sigma + way * move[2] * step, sign,
            )
            for way in (1, -1)
        )  # fmt: skip
        return (up - down) / (2 * step)

    h = forward * 1e-4
    second = (
        value(forward + h, strike, years, sigma, sign)
        - 2 * price
        + value(forward - h, strike, years, sigma, sign)
    ) / h**2
    day = 86_400 / YEAR_SECONDS
    assert delta == pytest.approx(slope(h, 1, 0, 0), abs=6e-5 + 2e-5)
    assert gamma == pytest.approx(second, abs=6e-8 + 0.002 * abs(second))
    assert theta == pytest.approx(-slope(years * 1e-4, 0, 1, 0) * day, abs=6e-3, rel=1e-3)
    assert vega == pytest.approx(slope(1e-4, 0, 0, 1) * 0.01, abs=6e-3, rel=1e-3)


def test_numbers_are_rounded_half_even() -> None:
    assert rounded(np.array([0.5, 1.5, 2.5, -0.5]), 0).tolist() == [0, 2, 2, -0.0]
    assert rounded(np.array([0.125, 0.375]), 2).tolist() == [0.12, 0.38]


@pytest.mark.parametrize("count", [1, 16, 17, 64, 65, 200, 201])
def test_options_in_any_number_have_the_bits_of_one_alone(count: int) -> None:
    """However many halvings are done together."""
    strike = np.linspace(22_000, 26_000, count)
    sign = np.where(np.arange(count) % 3, 1.0, -1.0)
    forward, years = np.full(count, 24_000.0), np.full(count, 0.03)
    price = rounded(values(forward, strike, years, np.full(count, 0.17), sign), 1) + 0.05
    together = implied_volatilities(price, forward, strike, years, sign)
    for at in range(0, count, max(1, count // 20)):
        own = slice(at, at + 1)
        (alone,) = implied_volatilities(
            price[own], forward[own], strike[own], years[own], sign[own]
        )
        assert alone == together[at]


def test_options_in_rows_are_valued_as_in_a_row() -> None:
    strike = np.linspace(23_000, 25_000, 12)
    forward, years, sign = np.full(12, 24_000.0), np.full(12, 0.03), np.ones(12)
    price = values(forward, strike, years, np.full(12, 0.2), sign) + 0.5
    flat = implied_volatilities(price, forward, strike, years, sign)
    shaped = [each.reshape(3, 4) for each in (price, forward, strike, years, sign)]
    assert implied_volatilities(*shaped).reshape(-1).tolist() == flat.tolist()
