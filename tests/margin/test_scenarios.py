"""Rules of the scenario margin, one fact each (docs/MARGIN.md, "The model")."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.margin.portfolio import Contract, Holding, Underlying, far_after
from daemon.margin.scenario_margin import (
    EXPOSURE_SCALE,
    SPAN_SCALE,
    Margin,
    margin_of,
    margins,
)
from daemon.margin.scenarios import EXTREME, ORDINARY, SCENARIOS, option_risks
from tests.margin.portfolios import Market, half, rates_of

NEAR, FAR = "2026-11-23", "2026-12-29"
NOW = "2026-11-18 11:00"


def held(underlying: Underlying) -> Margin:
    return margin_of(underlying).held


def test_there_are_fourteen_scenarios_and_two_extremes() -> None:
    assert len(ORDINARY) == 14
    assert {(each.thirds, each.volatility) for each in ORDINARY} == {
        (thirds, way) for thirds in range(-3, 4) for way in (1, -1)
    }
    assert [(each.thirds, each.volatility) for each in EXTREME] == [(6, 0), (-6, 0)]


@pytest.mark.parametrize(
    ("name", "expiry", "ppm", "exposure"),
    [
        ("NIFTY", FAR, 93_000, "2"),
        ("NIFTY", "2027-12-28", 177_000, "2"),
        ("RELIANCE", FAR, 142_000, "3.5"),
        ("RELIANCE", "2027-12-28", 142_000, "3.5"),
    ],
)
def test_a_deep_option_moves_by_its_scan_range(
    name: str, expiry: str, ppm: int, exposure: str
) -> None:
    """A put so deep that it is the forward sold: no volatility counts, nor does time."""
    market = Market(NOW, spot=1_000, name=name)
    put = market.contract("PE", expiry, 99_000, 100_000)
    found = held(market.underlying([Holding(contract=put, held=-10)]))
    # 70 % of the range would be the extreme's; NOV gives the premium back
    lost = Fraction(1_000 * ppm * 10, 10**6)
    assert Fraction(found.span_parts, SPAN_SCALE) == lost + 99_000 * 10
    assert Fraction(found.exposure_parts, EXPOSURE_SCALE) == 1_000 * 10 * Fraction(exposure) / 100


def test_nine_months_are_of_the_calendar() -> None:
    assert far_after("2026-02-10") == "2026-11-10"
    assert far_after("2026-11-18") == "2027-08-18"
    assert far_after("2026-05-31") < "2027-03-01"


def test_an_extreme_counts_by_35_percent() -> None:
    """A far put sold for a paisa or two loses nothing before the market falls twice the range."""
    market = Market(NOW, spot=10_000)
    put = market.contract("PE", "2026-11-19", 0.05, 8_500)
    (risks,) = option_risks([(put, market.rates, market.today)]).losses.tolist()
    ordinary, extreme = risks[:14], risks[14:]
    fallen = -extreme[1] / 10**6
    assert fallen == pytest.approx(8_500 - 8_140 - 0.05, abs=1)
    assert -min(ordinary) / 10**6 < 1
    found = held(market.underlying([Holding(contract=put, held=-100)]))
    assert found.span == pytest.approx(100 * 0.35 * fallen + 5, abs=1)


def test_the_calendar_charge_is_of_the_smaller_delta_at_the_near_price() -> None:
    market = Market(NOW, spot=24_000)
    near = market.contract("FUT", NEAR, 24_010)
    far = market.contract("FUT", FAR, 24_100)
    one = [Holding(contract=near, held=-65), Holding(contract=far, held=130)]
    found = held(market.underlying(one))
    scan = Fraction(93, 1000) * (130 * 24_100 - 65 * 24_010)
    assert Fraction(found.span_parts, SPAN_SCALE) == scan + 65 * 24_010 * Fraction(15, 1000)
    same_side = [Holding(contract=near, held=65), Holding(contract=far, held=130)]
    scan = Fraction(93, 1000) * (130 * 24_100 + 65 * 24_010)
    assert Fraction(held(market.underlying(same_side)).span_parts, SPAN_SCALE) == scan


def test_a_near_expiry_that_ends_today_offsets_nothing() -> None:
    market = Market("2026-11-23 11:00", spot=24_000)
    near = market.contract("FUT", NEAR, 24_010)
    far = market.contract("FUT", FAR, 24_100)
    both = [Holding(contract=near, held=-65), Holding(contract=far, held=65)]
    found = held(market.underlying(both))
    assert Fraction(found.span_parts, SPAN_SCALE) == Fraction(93, 1000) * 65 * (24_010 + 24_100)
    before = rates_of("NIFTY", dt.date(2024, 12, 2))
    assert before.calendar_on_expiry_day
    older = held(market.underlying(both, rates=before))
    assert Fraction(older.span_parts, SPAN_SCALE) == (
        Fraction(93, 1000) * 65 * 90 + 65 * 24_010 * Fraction(15, 1000)
    )


def test_expiries_that_stand_apart_have_one_option_value() -> None:
    market = Market("2026-11-23 11:00", spot=24_000)
    short = Holding(contract=market.contract("CE", NEAR, 50, 24_100), held=-65)
    long = Holding(contract=market.contract("CE", FAR, 700, 24_100), held=65)
    near, far, both = (held(market.underlying(some)) for some in ([short], [long], [short, long]))
    # what the far option is worth beyond its own scan counts for the near one
    assert far.span_parts == 0
    assert 0 < both.span_parts < near.span_parts
    # the same on any other day has the calendar's charge instead of two scans
    day_before = Market("2026-11-20 11:00", spot=24_000)
    assert held(day_before.underlying([short, long])).span_parts < both.span_parts


@pytest.mark.parametrize(
    ("day", "expected"), [("2024-10-31", 2), ("2024-11-21", 4), ("2026-12-01", 4)]
)
def test_a_short_index_option_costs_more_on_its_expiry_day(day: str, expected: int) -> None:
    market = Market(f"{day} 11:00", spot=24_000)
    short = Holding(contract=market.contract("CE", day, 20, 24_100), held=-75)
    hedge = Holding(contract=market.contract("CE", day, 10, 24_200), held=75)
    for holdings in ([short], [short, hedge]):
        found = held(market.underlying(holdings))
        assert Fraction(found.exposure_parts, EXPOSURE_SCALE) == Fraction(
            24_000 * 75 * expected, 100
        )


def test_a_short_share_option_does_not() -> None:
    market = Market("2026-12-29 11:00", spot=1_000, name="RELIANCE")
    short = Holding(contract=market.contract("PE", FAR, 20, 980), held=-500)
    assert held(market.underlying([short])).exposure == 17_500


def test_without_a_spot_the_exposure_is_of_the_reference() -> None:
    market = Market(NOW, forward=24_050)
    short = Holding(contract=market.contract("CE", FAR, 300, 24_500), held=-65)
    assert held(market.underlying([short])).exposure == 31_265


@pytest.mark.parametrize(("is_delivery", "blocked"), [(True, 100_050), (False, 20_010)])
def test_shares_block_all_or_a_fifth_of_their_value(is_delivery: bool, blocked: int) -> None:
    market = Market(NOW, spot=1_000.5, name="RELIANCE")
    share = Contract(
        symbol="RELIANCE", kind="EQ", price_half=half(1_000.5), is_delivery=is_delivery
    )
    found = held(market.underlying([Holding(contract=share, held=100)]))
    assert (found.span, found.exposure, found.blocked) == (0, blocked, blocked)


# working orders


def test_working_orders_count_as_the_worst_of_four_cases() -> None:
    market = Market(NOW, spot=24_000)
    future = market.contract("FUT", FAR, 24_100)
    whole = margin_of(market.underlying([Holding(contract=future, held=65, buys=65, sells=195)]))
    alone = {units: held(market.underlying([Holding(contract=future, held=units)])).blocked
             for units in (65, 130, -130, -65)}  # fmt: skip
    assert whole.held.blocked == alone[65]
    assert whole.working.blocked == max(alone.values()) == alone[-130]


def test_a_working_hedge_lowers_nothing() -> None:
    market = Market(NOW, spot=24_000)
    short = Holding(contract=market.contract("CE", FAR, 300, 24_500), held=-65)
    hedge = Holding(contract=market.contract("CE", FAR, 200, 24_800), buys=65)
    filled = replace(hedge, held=65, buys=0)
    waiting = margin_of(market.underlying([short, hedge]))
    done = margin_of(market.underlying([short, filled]))
    assert waiting.working == waiting.held
    assert done.working.blocked < waiting.working.blocked
    assert waiting.hedge_benefit == 0
    assert done.hedge_benefit == waiting.held.span - done.held.span > 0


# what holds of all portfolios

MARKET = Market(NOW, spot=24_000)
STRIKES = st.integers(-12, 12).map(lambda steps: 24_000 + 100 * steps)
LOTS = st.integers(-6, 6).map(lambda lots: 65 * lots)


@st.composite
def holdings(draw: st.DrawFn, *, expiries: tuple[str, ...] = (NEAR, FAR)) -> list[Holding]:
    count = draw(st.integers(1, 6))
    found: dict[str, Holding] = {}
    for _ in range(count):
        expiry = draw(st.sampled_from(expiries))
        kind = draw(st.sampled_from(("FUT", "CE", "PE")))
        strike = draw(STRIKES)
        if kind == "FUT":
            contract = MARKET.contract("FUT", expiry, 24_000 + draw(st.integers(-20, 40)))
        else:
            sign = 1 if kind == "CE" else -1
            inner = max(0, sign * (24_000 - strike))
            price = inner + draw(st.integers(1, 8_000)) / 20
            contract = MARKET.contract("CE" if sign > 0 else "PE", expiry, price, strike)
        found[contract.symbol] = Holding(
            contract=contract,
            held=draw(LOTS),
            buys=draw(st.sampled_from((0, 0, 65))),
            sells=draw(st.sampled_from((0, 0, 130))),
        )
    return list(found.values())


@settings(deadline=None)
@given(holdings().flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_holdings_changes_nothing(orders: tuple[list[Holding], list[Holding]]) -> None:
    some, other = orders
    assert margin_of(MARKET.underlying(some)) == margin_of(MARKET.underlying(other))


@settings(deadline=None)
@given(holdings(), holdings())
def test_underlyings_do_not_touch_each_other(first: list[Holding], second: list[Holding]) -> None:
    both = [MARKET.underlying(first), MARKET.underlying(second)]
    assert margins(both) == [margin_of(one) for one in both]


@settings(deadline=None)
@given(holdings(), st.integers(2, 10**9))
def test_n_times_the_quantities_block_n_times_as_much(some: list[Holding], times: int) -> None:
    """Exactly, whatever the size: beyond 64 bits the sums are as exact."""
    more = [
        replace(each, held=each.held * times, buys=each.buys * times, sells=each.sells * times)
        for each in some
    ]
    one, many = (margin_of(MARKET.underlying(each)) for each in (some, more))
    assert many.held.span_parts == times * one.held.span_parts
    assert many.held.exposure_parts == times * one.held.exposure_parts


@settings(deadline=None)
@given(holdings())
def test_working_orders_never_lower_what_is_blocked(some: list[Holding]) -> None:
    found = margin_of(MARKET.underlying(some))
    assert found.working.blocked >= found.held.blocked >= 0
    assert found.hedge_benefit >= 0


@settings(deadline=None)
@given(holdings(expiries=(FAR,)), STRIKES, st.integers(1, 6_000))
def test_a_bought_option_never_adds_to_the_span_of_its_expiry(
    some: list[Holding], strike: int, ticks: int
) -> None:
    option = MARKET.contract("PE", FAR, max(0, strike - 24_000) + ticks / 20, strike)
    before = MARKET.underlying([each for each in some if each.contract.symbol != option.symbol])
    after = before.with_added([Holding(contract=option, held=65)])
    assert held(after).span <= held(before).span


@settings(deadline=None)
@given(holdings())
def test_options_that_are_only_bought_block_nothing(some: list[Holding]) -> None:
    bought = [
        Holding(contract=each.contract, held=abs(each.held))
        for each in some
        if each.contract.kind != "FUT"
    ]
    assert held(MARKET.underlying(bought)).exposure == 0
    assert (
        held(MARKET.underlying([each for each in bought if each.contract.expiry == FAR])).span == 0
    )


def test_a_portfolio_of_a_hundred_has_these_figures() -> None:
    """Pinned: the same on every machine, whatever kernels numpy has there."""
    held_now: list[Holding] = []
    working: list[Holding] = []
    for step in range(25):
        for kind in ("CE", "PE"):
            for expiry, extra in ((NEAR, 60), (FAR, 240)):
                strike = 22_800 + 100 * step
                inner = max(0, (24_000 - strike) * (1 if kind == "CE" else -1))
                price = inner + extra * 300 // (300 + abs(24_000 - strike)) + 0.05 * step
                contract = MARKET.contract("CE" if kind == "CE" else "PE", expiry, price, strike)
                units = 65 * ((7 * step + len(held_now)) % 5 - 3)
                held_now.append(Holding(contract=contract, held=units))
                working.append(replace(held_now[-1], buys=65 * (step % 2), sells=65 * (step % 3)))
    assert len(held_now) == 100
    found = margin_of(MARKET.underlying(working))
    assert (found.held.span, found.held.exposure) == (7_703_520, 3_744_000)
    assert (found.working.span, found.working.exposure) == (14_725_582, 6_333_600)
    assert found.hedge_benefit == 10_324_700


def test_scenarios_are_in_one_order() -> None:
    assert SCENARIOS == ORDINARY + EXTREME
