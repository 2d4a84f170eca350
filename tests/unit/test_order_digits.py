"""Order ids as 15 digits: reversible, one to one, and never beyond their day."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.order_digits import order_digits, order_of_digits

DAYS = st.dates(dt.date(2021, 1, 1), dt.date(2099, 12, 31))
DIGITS = st.text("0123456789", min_size=9, max_size=9)


def exchange_id(day: dt.date, number: int, count: int, part: int) -> str:
    own = f"X-{day:%Y%m%d}-{number:06d}"
    return own + (f"-{count}" if count else "") + (f"/{part}" if part else "")


@given(
    day=DAYS,
    number=st.integers(1, 9_999),
    count=st.integers(0, 99),
    part=st.integers(0, 9),
)
def test_an_id_comes_back_from_its_digits(day: dt.date, number: int, count: int, part: int) -> None:
    whole = exchange_id(day, number, count, part)
    digits = order_digits(whole)
    assert digits.startswith(f"{day:%y%m%d}0")
    assert len(digits) == 15
    assert order_of_digits(digits) == whole


@given(day=DAYS, tail=DIGITS)
def test_digits_that_stand_for_an_id_are_those_of_that_id(day: dt.date, tail: str) -> None:
    digits = f"{day:%y%m%d}{tail}"
    found = order_of_digits(digits)
    assert found is None or order_digits(found) == digits


@given(day=DAYS, number=st.integers(1, 9_999_999))
def test_orders_of_a_day_without_a_trade_have_digits_in_their_order(
    day: dt.date, number: int
) -> None:
    assert order_digits(exchange_id(day, number, 0, 0)) == f"{day:%y%m%d}00{number:07d}"


@pytest.mark.parametrize(
    "digits",
    ["", "26113000000000", "2611300000000011", "261130000000000", "263130000000001",
     "261130990000001", "26113000000000a", "٢61130000000001", "-61130000000001"],
)  # fmt: skip
def test_what_no_order_has_is_no_id(digits: str) -> None:
    assert order_of_digits(digits) is None


@pytest.mark.parametrize(
    "wrong",
    ["", "X-20261130-1", "X-20261130-0000001", "Y-20261130-000001", "X-20261130-000001-0",
     "X-20261130-000001/0", "X-20261130-000001/1/2", "X-20261130-99999999", "X-19991130-000001",
     "X-20261130-000000"],
)  # fmt: skip
def test_what_is_no_id_has_no_digits(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"not the id|beyond"):
        order_digits(wrong)
