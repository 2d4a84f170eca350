"""Money the Indian way, and the arithmetic of curves and axes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import rupees_text
from daemon.report.model import Point
from daemon.report.numbers import drawdown_curve, max_drawdown
from daemon.report.svg import LEFT, RIGHT, WIDTH, TimeAxis, money_axis, round_step, thin
from daemon.report.text import duration, rupees_short, signed, words
from tests.kit.report_events import at


@pytest.mark.parametrize(
    ("paise", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (99_999, "999.99"),
        (100_000, "1,000.00"),
        (12_345_678, "1,23,456.78"),
        (-12_345_678, "-1,23,456.78"),
        (10_000_000_00, "1,00,00,000.00"),
        (123_456_789_012, "1,23,45,67,890.12"),
    ],
)
def test_amounts_are_grouped_as_in_india(paise: int, text: str) -> None:
    assert rupees_text(paise) == text


@given(paise=st.integers(-(10**15), 10**15))
def test_grouping_loses_nothing(paise: int) -> None:
    text = rupees_text(paise)
    assert round(float(text.replace(",", "")) * 100) == paise
    groups = text.lstrip("-").split(".")[0].split(",")
    assert all(len(each) == 2 for each in groups[1:-1])
    assert len(groups) == 1 or (len(groups[-1]) == 3 and 1 <= len(groups[0]) <= 2)


def test_a_gain_always_carries_its_sign() -> None:
    assert (signed(1), signed(0), signed(-1)) == ("+0.01", "0.00", "-0.01")


def test_axis_labels_use_lakh_and_crore() -> None:
    shown = [rupees_short(rupees * 100) for rupees in (950, 12_500, 125_000, 31_000_000)]
    assert shown == ["950", "12.5k", "1.25L", "3.1Cr"]


def test_spans_and_codes_read_as_words() -> None:
    second = 1_000_000_000
    assert [duration(s * second) for s in (12, 250, 7500)] == ["12s", "4m 10s", "2h 05m"]
    assert (words("stop_loss"), words("NIFTY")) == ("Stop loss", "NIFTY")


points = st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**9), 10**9)), min_size=1)


@given(curve=points)
def test_drawdown_is_the_deepest_fall_from_the_peak(curve: list[Point]) -> None:
    curve = sorted(curve)
    values = [0, *(paise for _, paise in curve)]
    naive = max(max(values[: at + 1]) - values[at] for at in range(len(values)))
    assert max_drawdown(curve).depth_paise == naive
    assert min(paise for _, paise in drawdown_curve(curve)) == -naive


@given(curve=points, limit=st.integers(4, 50))
def test_thinning_keeps_the_ends_the_high_and_the_low(curve: list[Point], limit: int) -> None:
    curve = sorted(curve)
    kept = thin(curve, limit)
    assert (kept[0], kept[-1]) == (curve[0], curve[-1])
    assert max(paise for _, paise in kept) == max(paise for _, paise in curve)
    assert min(paise for _, paise in kept) == min(paise for _, paise in curve)
    assert len(kept) <= limit + 4
    assert [ts for ts, _ in kept] == sorted(ts for ts, _ in kept)


@given(times=st.lists(st.integers(0, 40 * 86_400 * 10**9), min_size=1))
def test_time_goes_right_and_stays_on_the_chart(times: list[int]) -> None:
    axis = TimeAxis(times)
    xs = [axis.x(ts) for ts in sorted(times)]
    assert xs == sorted(xs)
    assert xs[0] >= LEFT - 1e-6
    assert xs[-1] <= WIDTH - RIGHT + 1e-6


def test_one_day_is_labelled_by_the_clock_and_several_by_date() -> None:
    one = TimeAxis([at("09:15:00"), at("15:30:00")])
    assert [text for _, text in one.labels()][:2] == ["10:00", "11:00"]
    two = TimeAxis([at("09:15:00"), at("15:30:00"), at("09:15:00") + 86_400 * 10**9])
    assert [text for _, text in two.labels()] == ["20 Nov", "21 Nov"]


@given(values=st.lists(st.integers(-(10**12), 10**12), min_size=1), with_zero=st.booleans())
def test_every_value_has_a_place_on_the_money_axis(values: list[int], *, with_zero: bool) -> None:
    axis = money_axis(values, 260, with_zero=with_zero)
    assert all(0 <= axis.y(each) <= 260 for each in values)
    assert len(axis.grid()) <= 12


def test_steps_are_round() -> None:
    assert [round_step(rough) for rough in (0.3, 1, 3, 12, 51, 730)] == [1, 1, 5, 20, 100, 1000]
