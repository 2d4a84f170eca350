"""The numbers, each against its definition and its check values (docs/LAB.md, Numbers)."""

from __future__ import annotations

import datetime as dt
import math
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.drawdown import Drawdown
from daemon.lab.numbers import (
    bootstrap,
    days_of,
    deflated_sharpe,
    expected_best_sharpe,
    ratios_of,
    sharpe,
    sortino,
    volatility,
)
from daemon.lab.numbers.bootstrap import drawn
from daemon.lab.numbers.deflated import probabilistic_sharpe, shape_of
from daemon.lab.numbers.ratios import daily_drawdown
from tests.lab.compare_libraries import CAPITAL
from tests.lab.compare_libraries import CHANGES as CHANGES_OF_LIBRARIES

N6_DAYS = [1200, -800, 0, 450, -300, 2100, -1500, 700, 0, -250, 900, -600]
MONDAY = dt.date(2026, 11, 16)
CHANGES = st.lists(st.integers(-(10**7), 10**7), max_size=40)


def weekday(date: dt.date) -> bool:
    return date.weekday() < 5


def test_n1_days_are_sessions_and_a_missing_recording_is_none() -> None:
    closes = {
        MONDAY: 500,
        MONDAY + dt.timedelta(2): 300,  # Tuesday has no data
        MONDAY + dt.timedelta(3): 300,  # nothing traded
        MONDAY + dt.timedelta(5): 300,  # a Saturday
        MONDAY + dt.timedelta(7): 1_000,  # Friday has no data
    }
    days = days_of(closes, weekday)
    assert days.changes_paise == (500, -200, 0, 700)
    assert days.missing == (MONDAY + dt.timedelta(1), MONDAY + dt.timedelta(4))
    assert sum(days.changes_paise) == 1_000


def test_n1_what_changes_after_the_last_session_is_not_lost() -> None:
    closes = {MONDAY + dt.timedelta(4): 100, MONDAY + dt.timedelta(5): 70}
    assert days_of(closes, weekday).changes_paise == (70,)
    assert days_of({}, weekday).changes_paise == ()


def test_n2_by_hand() -> None:
    returns = [0.01, -0.02, 0.03, 0.0]
    mean, below = 0.005, math.sqrt(0.02**2 / 4)
    deviation = math.sqrt(sum((each - mean) ** 2 for each in returns) / 3)
    assert sharpe(returns) == pytest.approx(mean / deviation * math.sqrt(252), rel=1e-12)
    assert sortino(returns) == pytest.approx(mean / below * math.sqrt(252), rel=1e-12)
    assert volatility(returns) == pytest.approx(deviation * math.sqrt(252), rel=1e-12)


def test_n2_of_rupees_and_capital() -> None:
    changes = [100_000, -200_000, 300_000, 0]  # paise
    fall = Drawdown(depth_paise=250_000, peak_paise=100_000)
    told = ratios_of(changes, 100_000.0, fall)
    assert told.annual_return == pytest.approx(0.02 * 252 / 4)
    assert told.max_drawdown_rupees == 2_500
    assert told.max_drawdown_percent == pytest.approx(2_500 / 101_000)
    assert told.calmar == pytest.approx((0.02 * 252 / 4) / (2_000 / 100_000))
    assert (told.drawdown_sessions, told.drawdown_is_open) == (2, False)
    assert told.too_few_days
    bare = ratios_of(changes, None, fall)
    assert bare.sharpe == pytest.approx(told.sharpe)
    assert bare.annual_return is bare.calmar is bare.max_drawdown_percent is None


LIBRARIES = {
    "sharpe": 1.5775196766432222,
    "sortino": 2.249885142933991,
    "volatility": 0.1426158439295855,
    "max_drawdown_percent": 0.021919770492511037,
}
"""What quantstats 0.0.86 and empyrical-reloaded 0.7.1 say, by `compare_libraries.py`."""


@pytest.mark.parametrize("name", LIBRARIES)
def test_n4_the_ratios_are_those_of_the_libraries(name: str) -> None:
    changes = [round(change * 100) for change in CHANGES_OF_LIBRARIES]
    drawdown = Drawdown()
    for at, net in enumerate(accumulate(changes), 1):
        drawdown = drawdown.after(at, net)
    told = ratios_of(changes, CAPITAL, drawdown)
    assert getattr(told, name) == pytest.approx(LIBRARIES[name], rel=1e-9)


@pytest.mark.parametrize("changes", [[], [100], [0, 0, 0], [5, 5, 5]])
def test_n2_a_number_without_a_meaning_is_null(changes: list[int]) -> None:
    told = ratios_of(changes, 1_000.0)
    assert told.sharpe is told.sortino is told.calmar is None
    assert told.drawdown_sessions is None


@given(changes=CHANGES, quiet=st.integers(1, 5))
@settings(deadline=None)
def test_n2_days_without_trades_change_no_drawdown(changes: list[int], quiet: int) -> None:
    before, after = daily_drawdown(changes), daily_drawdown([*changes, *[0] * quiet])
    assert after.depth_paise == before.depth_paise
    assert after.is_open == before.is_open
    if not before.is_open:
        assert after == before


@given(changes=CHANGES)
@settings(deadline=None)
def test_n2_the_drawdown_is_the_deepest_fall_below_the_peak_so_far(changes: list[int]) -> None:
    net = np.concatenate([[0], np.cumsum(changes)]) if changes else np.zeros(1)
    assert daily_drawdown(changes).depth_paise == (np.maximum.accumulate(net) - net).max()


@given(changes=st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30))
@settings(deadline=None)
def test_n2_the_order_of_days_changes_no_sharpe(changes: list[int]) -> None:
    one, other = ratios_of(changes, 5e5), ratios_of(changes[::-1], 5e5)
    for name in ("sharpe", "sortino", "volatility", "annual_return"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))


@pytest.mark.parametrize(
    ("tries", "skewness", "kurtosis", "expected"),
    [(100, -3.0, 10.0, 0.900397), (46, -3.0, 10.0, 0.950502), (88, 0.0, 3.0, 0.950491)],
)
def test_n5_check_values(tries: int, skewness: float, kurtosis: float, expected: float) -> None:
    found = deflated_sharpe(
        2.5 / math.sqrt(250), days=1250, tries=tries, variance=0.5 / 250, skewness=skewness,
        kurtosis=kurtosis,
    )  # fmt: skip
    assert found == pytest.approx(expected, abs=5e-7)


def test_n5_the_best_of_100_tries_without_skill() -> None:
    assert expected_best_sharpe(0.5 / 250, 100) == pytest.approx(0.113172, abs=5e-7)


def test_n5_without_tries_or_variance_there_is_nothing_to_deflate_by() -> None:
    for tries, variance in ((1, 0.1), (5, 0.0)):
        assert deflated_sharpe(0.1, days=100, tries=tries, variance=variance) is None
    assert probabilistic_sharpe(0.1, 0.0, 1) is None
    assert probabilistic_sharpe(0.0, 0.0, 100) == 0.5


def test_n5_skewness_and_kurtosis_are_those_of_the_population() -> None:
    assert shape_of([1.0, 2.0, 3.0]) == pytest.approx((0.0, 1.5))
    assert shape_of([1.0, 1.0]) is shape_of([1.0]) is None


def test_n6_check_values() -> None:
    assert drawn(12, 20261129)[0].tolist() == [11, 2, 10, 1, 4, 3, 2, 10, 4, 8, 9, 7]
    found = bootstrap(N6_DAYS, seed=20261129)
    assert found is not None
    assert (found.low, found.high) == (-4_250.0, 8_350.0)
    assert found.share_at_or_below_0 == 0.2848


def test_n6_under_ten_days_there_is_no_interval() -> None:
    assert bootstrap(N6_DAYS[:9], seed=1) is None


def test_n6_over_nights_days_are_drawn_in_blocks_of_five() -> None:
    rising = list(range(1, 11))
    found = bootstrap(rising, seed=1, over_nights=True)
    assert found is not None
    sums = {sum(rising[(at + step) % 10] for step in range(5)) for at in range(10)}
    possible = {one + other for one in sums for other in sums}
    assert {found.low, found.high} <= possible
    assert bootstrap(rising, seed=1) != found


@given(days=st.lists(st.integers(-1000, 1000), min_size=10, max_size=12), seed=st.integers(0, 9))
@settings(deadline=None, max_examples=5)
def test_n6_the_interval_is_the_same_every_time_and_moves_with_the_days(
    days: list[int], seed: int
) -> None:
    found = bootstrap(days, seed=seed)
    assert found == bootstrap(days, seed=seed)
    assert found is not None
    moved = bootstrap([each + 7 for each in days], seed=seed)
    assert moved is not None
    assert moved.low == found.low + 7 * len(days)
