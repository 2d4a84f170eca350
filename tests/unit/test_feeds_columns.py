from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import parse_ts
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE
from daemon.files.zones import UNREADABLE
from feeds.files.columns import codes, counts, prices
from feeds.files.time_column import TimeRules, times


@given(st.lists(st.integers(-(10**13), 10**13), min_size=1))
def test_every_price_in_whole_paise_is_read_exactly_from_text_and_floats(paise: list[int]) -> None:
    texts = [f"{Decimal(p) / 100}" for p in paise]
    assert prices(pa.array(texts)).tolist() == paise
    assert prices(pa.array([float(t) for t in texts])).tolist() == paise
    assert prices(pa.array([Decimal(t) for t in texts])).tolist() == paise


def test_whole_rupees_are_paise_times_hundred() -> None:
    assert prices(pa.array([25000, None, -3])).tolist() == [2_500_000, ABSENT, -300]
    assert prices(pa.array([2**62])).tolist() == [NOT_PAISE]


def test_a_cell_that_is_no_price_is_a_sentinel_and_spoils_no_neighbour() -> None:
    cells = ["100.05", "", "abc", "nan", "inf", "-inf", "1_000", "0.005", " 7.5 ", "1e3", "1,000"]
    expected = [10005, ABSENT, NOT_FINITE, ABSENT, *[NOT_FINITE] * 3, NOT_PAISE, 750]
    assert prices(pa.array(cells)).tolist() == [*expected, 100_000, NOT_FINITE]
    assert prices(pa.array([float("nan"), float("inf"), 1.005, None])).tolist() == [
        ABSENT, NOT_FINITE, NOT_PAISE, ABSENT,
    ]  # fmt: skip


@pytest.mark.parametrize("column", [pa.array([True]), pa.array([{"a": 1}])])
def test_a_column_of_another_kind_has_no_prices(column: Any) -> None:
    assert prices(column).tolist() == [NOT_FINITE]
    assert units(column, -1) == ([-1], 1)
    assert times(column).tolist() == [UNREADABLE]


def test_a_column_without_values_has_nothing_and_nothing_bad() -> None:
    column = pa.array([None])
    assert prices(column).tolist() == [ABSENT]
    assert units(column, -1) == ([-1], 0)
    assert times(column).tolist() == [UNREADABLE]


def units(column: Any, absent: int) -> tuple[list[int], int]:
    values, bad = counts(column, absent)
    return values.tolist(), bad


def test_units_that_are_missing_negative_or_no_numbers_are_absent() -> None:
    assert units(pa.array([5, None, -2]), -1) == ([5, -1, -1], 1)
    assert units(pa.array([5.0, float("nan"), float("inf"), 2.0**63, 7.5]), -1) == (
        [5, -1, -1, -1, -1], 3,
    )  # fmt: skip
    assert units(pa.array(["5", "", "x", "7.0"]), 0) == ([5, 0, 0, 7], 1)
    assert units(pa.array([2**64 - 1, 3, None], pa.uint64()), -1) == ([-1, 3, -1], 1)


def test_a_time_without_a_zone_is_indian() -> None:
    at = parse_ts("2025-10-08T10:08:40.986193+05:30")
    naive = "2025-10-08 10:08:40.986193"
    for column in (
        pa.array([naive]),
        pa.array([naive.replace(" ", "T")]),
        pa.array(["2025-10-08T04:38:40.986193Z"]),
        pa.array([naive + "+05:30"]),
        pa.array([naive]).cast(pa.timestamp("us")),
        pa.array([at]).cast(pa.timestamp("ns", "UTC")),
        pa.array([at]),
        pa.array([at // 1000]),
        pa.array([str(at)]),
    ):
        assert times(column).tolist() == [at]


@pytest.mark.parametrize(("unit", "scale"), [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)])
def test_epoch_numbers_go_by_their_unit_or_their_size(unit: Any, scale: int) -> None:
    at = parse_ts("2025-10-08T10:08:40+05:30")
    for column in (pa.array([at // scale]), pa.array([str(at // scale)])):
        assert times(column, TimeRules(unit=unit)).tolist() == times(column).tolist() == [at]
    assert times(pa.array([f"{at // scale}.0"]), TimeRules(unit=unit)).tolist() == [at]


def test_epoch_seconds_with_a_fraction_keep_their_microseconds() -> None:
    at = 1765771372335123000
    assert times(pa.array([1765771372.335123])).tolist() == [at]
    assert times(pa.array(["1765771372.335123"])).tolist() == [at]


def test_times_of_several_forms_in_one_column_are_read_one_by_one() -> None:
    cells = ["2025-10-08 10:00:00", "2025-10-08T04:30:00Z", "1759897800", "soon", "", None]
    assert times(pa.array(cells)).tolist() == [1759897800 * 10**9] * 3 + [UNREADABLE] * 3


@given(st.text(max_size=30), st.sampled_from(["auto", "iso", "ns", "us", "ms", "s"]))
def test_no_text_makes_reading_a_time_fail(text: str, unit: Any) -> None:
    value = times(pa.array([text, "2025-10-08"]), TimeRules(unit=unit))
    assert value.dtype == np.int64
    assert len(value) == 2


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**70), 2**70)), min_size=1))
def test_no_float_makes_reading_fail(values: list[Any]) -> None:
    column = pa.array([None if v is None else float(v) for v in values], pa.float64())
    assert len(times(column)) == len(prices(column)) == len(counts(column, 0)[0]) == len(values)


def test_a_year_outside_1990_to_2100_is_no_time() -> None:
    column = pa.array(["1989-12-31", "1970-01-01 00:00:01", "2100-01-02", "2024-02-29"])
    dates = TimeRules(dates=True)
    assert (times(column, dates) == UNREADABLE).tolist() == [True, True, True, False]


def test_an_instrument_is_looked_up_once_for_each_value() -> None:
    asked: list[str] = []

    def lookup(key: str) -> int:
        asked.append(key)
        return {"A": 0, "256265": 1}.get(key, -1)

    assert codes(pa.array(["A", "B", "A", None]), lookup).tolist() == [0, -1, 0, -1]
    assert codes(pa.array([256265, 256265]), lookup).tolist() == [1, 1]
    assert codes(pa.array([256265.0]), lookup).tolist() == [1]
    assert asked == ["A", "B", "256265", "256265"]
