"""Money the Indian way, and the arithmetic of curves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import rupees_text
from daemon.report.model import Point
from daemon.report.numbers import drawdown_curve, max_drawdown
from daemon.report.text import duration, signed, words
from daemon.report.thin import thin


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
