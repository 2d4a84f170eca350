"""The margin's oracle gives the vectors of its contract."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from tests.oracle.margin import Contract, Market, blocked, calendar, scan

IST = dt.timezone(dt.timedelta(hours=5, minutes=30))
JUNE = dt.date(2026, 6, 30)
JULY = dt.date(2023, 7, 27)


def at(day: dt.date, hour: int = 15, minute: int = 30) -> int:
    return int(dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=IST).timestamp())


def last(price: str) -> tuple[Fraction, None, None]:
    return Fraction(price), None, None


def market_of_2026(spot: str, *contracts: Contract, **prices: str) -> Market:
    day = dt.date(2026, 5, 29)
    quoted = {symbol: last(price) for symbol, price in prices.items()}
    return Market("index", at(day), day, Fraction(spot), contracts, quoted)


FUTURE = Contract("FUT", "FUT", JUNE, at(JUNE))
CALL = Contract("CALL", "CE", JUNE, at(JUNE), Fraction(23700))
NEAR = Contract("NEAR", "CE", JULY, at(JULY), Fraction(20600))
FAR = Contract("FAR", "CE", JULY, at(JULY), Fraction(20700))


def market_of_2023() -> Market:
    day = dt.date(2023, 7, 10)
    prices = {"NEAR": last("35.65"), "FAR": last("6.95")}
    return Market("index", at(day, 15, 0), day, Fraction("19434.15"), [NEAR, FAR], prices)


def test_a_long_future() -> None:
    market = market_of_2026("23547.75", FUTURE, FUT="23748.50")
    assert scan(market, {FUTURE: 65}) == pytest.approx(Fraction("143559.68"), abs=0.005)
    assert blocked(market, {"FUT": 65}) == (143_560, 30_874)


@pytest.mark.parametrize(
    ("forward", "span"), [("23748.50", 148_460), ("23650", 142_864), ("23547.75", 137_504)]
)
def test_a_short_call(forward: str, span: int) -> None:
    market = market_of_2026(forward, CALL, CALL="437.65")
    assert blocked(market, {"CALL": -65})[0] == span


def test_a_short_call_of_the_mocks() -> None:
    assert blocked(market_of_2023(), {"NEAR": -75}) == (66_050, 29_152)


def test_a_vertical_spread_needs_less_than_half_of_its_naked_short() -> None:
    market, held = market_of_2023(), {NEAR: -75, FAR: 75}
    premium = 75 * (Fraction("6.95") - Fraction("35.65"))
    span = scan(market, held) + calendar(market, held) - premium
    total = span + Fraction("29151.225") + premium
    assert total == pytest.approx(Fraction("37632.50"), abs=0.01)
    assert total < Fraction(66_050 + 29_152) / 2


def test_exposure_is_exact_before_it_is_rounded_up() -> None:
    market = market_of_2026("10010", FUTURE, FUT="10010.00")
    assert blocked(market, {"FUT": 65})[1] == 13_013


def test_a_short_on_its_expiry_day_pays_two_percent_more() -> None:
    quoted = {"CALL": last("10")}
    markets = [
        Market("index", at(day, 10, 0), day, Fraction(23_500), [CALL], quoted)
        for day in (JUNE - dt.timedelta(days=1), JUNE)
    ]
    before, on = (blocked(market, {"CALL": -75})[1] for market in markets)
    assert on - before == 35_250


def test_two_longs_and_a_short_that_work_count_by_the_worst_case() -> None:
    market = market_of_2026("23547.75", FUTURE, FUT="23748.50")
    alone = blocked(market, {"FUT": 65})
    assert blocked(market, {"FUT": 65}, [("FUT", -65)]) == alone
    assert sum(blocked(market, {"FUT": 65}, [("FUT", 65)])) > sum(alone)
