"""K4: a rule is suggested only if the draws over days tell it from the next one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from daemon.lab.calibrate.draws import Draws, choose
from daemon.lab.numbers.bootstrap import drawn
from tests.lab.calibrate.kit import calibrated
from tests.lab.calibrate.made_up_books import Terms


def test_a_lower_mean_in_95_percent_of_the_draws_is_suggested() -> None:
    draws = [np.zeros(1_000), np.r_[np.full(50, -1.0), np.full(950, 1.0)]]
    chosen = choose(["a", "b"], [0.0, 0.9], draws)
    assert (chosen.best, chosen.alike, chosen.sure) == ("a", [], 0.95)


def test_what_is_lower_less_often_cannot_be_told_apart() -> None:
    draws = [np.zeros(1_000), np.r_[np.full(51, -1.0), np.full(949, 1.0)]]
    assert choose(["a", "b"], [0.0, 0.9], draws).alike == ["b"]


def test_equal_rules_cannot_be_told_apart() -> None:
    draws = [np.zeros(1_000), np.zeros(1_000), np.ones(1_000)]
    chosen = choose(["bid_ask", "depth", "ltp"], [0.0, 0.0, 1.0], draws)
    assert (chosen.best, chosen.alike) == ("bid_ask", ["depth"])


def test_days_are_drawn_as_the_bootstrap_draws_them() -> None:
    values, days = np.array([1.0, 2.0, 6.0]), np.array([0, 0, 1])
    means = Draws(days, seed=7).means(values)
    rows = drawn(2, 7, 20)
    sums, counts = np.array([3.0, 6.0])[rows].sum(axis=1), np.array([2, 1])[rows].sum(axis=1)
    assert np.allclose(means, sums / counts)


@pytest.mark.parametrize(("count", "beyond"), [(5, 9), (20, 158)])
def test_intervals_reach_further_out_the_fewer_days_there_are(count: int, beyond: int) -> None:
    draws, values = Draws(np.arange(count), seed=1), np.arange(count, dtype=np.float64)
    means = np.sort(draws.means(values))
    assert draws.interval(values) == (means[beyond], means[9_999 - beyond])


@pytest.mark.parametrize(("days", "a_day"), [(4, 10), (5, 5)])
def test_k4_too_few_days_or_orders_are_measured_and_suggest_nothing(
    days: int, a_day: int, tmp_path: Path
) -> None:
    found = calibrated(Terms(3, days=days, orders_a_day=a_day, minutes=5), tmp_path)
    assert found.orders == days * a_day
    assert found.suggestion.withheld_because == "few"
    assert found.suggestion.fill_mode is None
    assert found.suggestion.nearest_mode in ("bid_ask", "depth")
    assert found.width.ticks > 0
    assert found.width.orders_for_one_tick >= 1
    assert found.width.drawn_by == ("day" if days >= 5 else "order")


def test_k4_thirty_orders_on_five_days_are_enough(tmp_path: Path) -> None:
    found = calibrated(Terms(4, rule="mid", days=5, orders_a_day=6, minutes=4), tmp_path)
    assert found.suggestion.withheld == ""
    assert found.suggestion.nearest_mode == "mid"


def test_k4_what_cannot_be_identified_is_always_told(tmp_path: Path) -> None:
    first, second, third = calibrated(Terms(4, days=1, minutes=4), tmp_path).unidentifiable
    assert first.startswith("bid_ask and depth pay the same")
    assert second.startswith("mid and ltp are alike")
    assert third.startswith("several own orders in one contract and second")
