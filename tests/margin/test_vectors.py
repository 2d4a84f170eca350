"""The model beside margins that were really asked, each with its bound.

Real figures: NSE margins of 29 May 2026, and `basket_margins.json` of Kite's public mock responses
(zerodha/kiteconnect-mocks) of July 2023.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from daemon.margin.portfolio import Contract, Holding, Underlying
from daemon.margin.scenario_margin import EXPOSURE_SCALE, SPAN_SCALE, Margin, margin_of
from tests.margin.portfolios import Market

MOCK_SPAN, MOCK_EXPOSURE, MOCK_PREMIUM = 66_832.50, 29_151.225, 521.25
MOCK_INITIAL, MOCK_FINAL, MOCK_FINAL_PREMIUM = 96_504.975, 34_786.725, -2_152.50
MOCK_FINAL_SPAN = 7_788.0


def held(underlying: Underlying) -> Margin:
    return margin_of(underlying).held


def exact_span(margin: Margin) -> Fraction:
    return Fraction(margin.span_parts, SPAN_SCALE)


def exact_exposure(margin: Margin) -> Fraction:
    return Fraction(margin.exposure_parts, EXPOSURE_SCALE)


def july_2023() -> tuple[Market, Contract, Contract]:
    market = Market("2023-07-10 15:00", spot=19_434.15)
    short = market.contract("CE", "2023-07-27", 35.65, 20_600)
    long = market.contract("CE", "2023-07-27", 6.95, 20_700)
    return market, short, long


def test_a_long_future_of_may_2026() -> None:
    market = Market("2026-05-29 15:30", forward=23_748.50)
    future = market.contract("FUT", "2026-06-30", 23_748.50)
    found = held(market.underlying([Holding(contract=future, held=65)]))
    assert exact_span(found) == Fraction("143559.6825")
    assert exact_exposure(found) == Fraction("30873.05")
    assert (found.span, found.exposure, found.blocked) == (143_560, 30_874, 174_434)
    assert found.span == pytest.approx(143_666, rel=0.005)
    assert found.exposure == pytest.approx(30_873, rel=0.005)


@pytest.mark.parametrize(
    ("forward", "span"), [(23_748.50, 148_460), (23_650.00, 142_864), (23_547.75, 137_504)]
)
def test_a_short_call_of_may_2026(forward: float, span: int) -> None:
    market = Market("2026-05-29 15:30", forward=forward)
    call = market.contract("CE", "2026-06-30", 437.65, 23_700)
    found = held(market.underlying([Holding(contract=call, held=-65)]))
    assert found.span == span
    assert found.span == pytest.approx(141_962, rel=0.05)
    assert found.blocked == pytest.approx(173_159, rel=0.05)


def test_a_short_call_of_the_july_2023_mock() -> None:
    market, short, _ = july_2023()
    found = held(market.underlying([Holding(contract=short, held=-75)]))
    assert found.span == 66_050
    assert found.span == pytest.approx(MOCK_SPAN, rel=0.05)
    assert exact_exposure(found) == Fraction(str(MOCK_EXPOSURE))


def test_the_same_call_with_a_long_one_above_it() -> None:
    market, short, long = july_2023()
    naked = held(market.underlying([Holding(contract=short, held=-75)]))
    whole = margin_of(
        market.underlying([Holding(contract=short, held=-75), Holding(contract=long, held=75)])
    )
    total = exact_span(whole.held) + exact_exposure(whole.held) + Fraction(MOCK_FINAL_PREMIUM)
    assert float(total) == pytest.approx(37_632.50, abs=0.01)
    assert float(total) == pytest.approx(MOCK_FINAL, rel=0.1)
    assert whole.held.blocked + MOCK_FINAL_PREMIUM < (naked.blocked + MOCK_PREMIUM) / 2
    assert whole.hedge_benefit == naked.span - whole.held.span


def test_the_total_of_the_mock_is_span_exposure_and_premium() -> None:
    assert pytest.approx(MOCK_INITIAL) == MOCK_SPAN + MOCK_EXPOSURE + MOCK_PREMIUM
    assert pytest.approx(MOCK_FINAL) == MOCK_FINAL_SPAN + MOCK_EXPOSURE + MOCK_FINAL_PREMIUM
    _, short, long = july_2023()
    premium = [75 * contract.price_half / 200 for contract in (long, short)]
    assert premium[0] == MOCK_PREMIUM
    assert premium[0] - premium[1] == MOCK_FINAL_PREMIUM


def test_a_hedge_that_comes_first_saves_its_benefit() -> None:
    """The day before expiry: a long call first, then the short one; or the short one first."""
    market = Market("2026-06-29 15:30", spot=23_400)
    long = market.contract("CE", "2026-06-30", 50, 23_600)
    short = market.contract("CE", "2026-06-30", 120, 23_400)
    first = held(market.underlying([Holding(contract=long, held=65)]))
    both = held(
        market.underlying([Holding(contract=long, held=65), Holding(contract=short, held=-65)])
    )
    alone = held(market.underlying([Holding(contract=short, held=-65)]))
    assert (first.blocked, both.blocked, alone.blocked) == (0, 43_420, 171_873)


def test_the_exposure_of_expiry_day() -> None:
    market = Market("2026-11-23 10:00", spot=23_500)
    today, later = (
        held(market.underlying([Holding(contract=market.contract("CE", day, 5, 24_000), held=-75)]))
        for day in ("2026-11-23", "2026-12-29")
    )
    assert exact_exposure(today) - exact_exposure(later) == Fraction("35250.00")


def test_whole_rupees_are_not_rounded_up() -> None:
    market = Market("2026-11-18 10:00", spot=10_010)
    call = market.contract("CE", "2026-12-29", 5, 11_000)
    found = held(market.underlying([Holding(contract=call, held=-65)]))
    assert exact_exposure(found) == 13_013
    assert found.exposure == 13_013
