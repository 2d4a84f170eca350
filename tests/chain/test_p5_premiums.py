"""P5 and P5a: the choice by premium, its ties, coverage and what may still come."""

from __future__ import annotations

import pytest

from daemon.chain.choice import Chosen, NotYet
from tests.chain.market import market_of, option, pick, strike_of, universe_of, waits

CALLS = {23_900: 160.0, 23_950: 130.0, 24_000: 105.0, 24_050: 80.0, 24_100: 60.0, 24_150: 45.0}
UNIVERSE = universe_of(tuple(CALLS))


def prices(calls: dict[int, float] | None = None) -> dict[str, float]:
    told = {option(strike, "CE"): ltp for strike, ltp in (calls or CALLS).items()}
    return {"NIFTY 50": 24_000.0} | told


MARKET = market_of(UNIVERSE, prices())


@pytest.mark.parametrize(
    ("rule", "strike"),
    [
        ({"premium_closest": 100}, 24_000),
        ({"premium_closest": 70}, 24_100),  # 10 away on both sides: the lower premium
        ({"premium_at_least": 80}, 24_050),
        ({"premium_at_least": 80.05}, 24_000),
        ({"premium_at_most": 80}, 24_050),
        ({"premium_at_most": 79.95}, 24_100),
        ({"premium_between": [60, 160]}, 24_000),  # the middle is 110
        ({"premium_between": [45, 75]}, 24_100),
        ({"premium_closest": 150, "only": "otm"}, 24_050),
        ({"premium_between": [60, 160], "only": "otm"}, 24_050),
    ],
)
def test_p5_each_form_has_its_premium(rule: object, strike: int) -> None:
    assert strike_of(pick(MARKET, rule)) == strike


def test_p5_equal_premiums_go_nearer_to_atm_then_lower() -> None:
    flat = dict.fromkeys(CALLS, 50.0)
    market = market_of(UNIVERSE, prices(flat | {24_000: 90.0}))
    assert strike_of(pick(market, {"premium_closest": 50})) == 23_950
    assert strike_of(pick(market, {"premium_at_least": 50})) == 23_950
    assert strike_of(pick(market, {"premium_at_most": 50})) == 23_950
    assert strike_of(pick(market, {"premium_between": [40, 60]})) == 23_950


def test_p5_between_two_as_far_from_the_middle_goes_nearer_to_atm() -> None:
    rule = {"premium_between": [60, 100]}  # the middle is 80
    told = prices({23_900: 160.0, 23_950: 130.0, 24_000: 90.0, 24_050: 70.0, 24_100: 60.0})
    assert strike_of(pick(market_of(UNIVERSE, told), rule)) == 24_000
    at = market_of(UNIVERSE, told | {"NIFTY 50": 24_060.0})
    assert strike_of(pick(at, rule)) == 24_050


def test_p5_the_basis_carries_the_premium_and_says_itm() -> None:
    found = pick(MARKET, {"premium_closest": 128.5})
    assert isinstance(found, Chosen)
    assert found.basis.moneyness == "itm"
    assert found.basis.numbers == {"wanted": 128.5, "premium": 130.0}


def test_p5_a_premium_that_is_not_believed_is_no_candidate() -> None:
    market = market_of(UNIVERSE, prices(), stale=[option(24_000, "CE")])
    assert strike_of(pick(market, {"premium_closest": 100})) == 24_050


def test_p5_fewer_than_half_of_the_strikes_near_atm_waits() -> None:
    # all six lie within five of ATM: three are half of them
    half = {strike: CALLS[strike] for strike in (24_050, 24_100, 24_150)}
    assert strike_of(pick(market_of(UNIVERSE, prices(half)), {"premium_closest": 80})) == 24_050
    less = {strike: CALLS[strike] for strike in (24_050, 24_100)}
    found = pick(market_of(UNIVERSE, prices(less)), {"premium_closest": 80})
    assert waits(found) == "no_premium"
    assert isinstance(found, NotYet)
    assert found.numbers == {"believed": 2.0, "strikes": 6.0}


def test_p5_strikes_further_than_five_from_atm_do_not_count_for_coverage() -> None:
    strikes = range(23_000, 25_050, 50)
    near = dict.fromkeys(range(23750, 24250, 50), 100.0)
    far = {strike: 50.0 for strike in strikes if abs(strike - 24_000) > 250}
    universe = universe_of(strikes)
    rule = {"premium_closest": 50}
    assert waits(pick(market_of(universe, prices(far)), rule)) == "no_premium"
    assert strike_of(pick(market_of(universe, prices(far | near)), rule)) == 23_700


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"premium_at_least": 160.05}, "160.05 or more"),
        ({"premium_at_most": 44.95}, "44.95 or less"),
        ({"premium_between": [46, 59]}, "from 46 to 59"),
    ],
)
def test_p5a_no_candidate_may_still_come(rule: object, said: str) -> None:
    found = pick(MARKET, rule)
    assert waits(found) == "no_premium"
    assert isinstance(found, NotYet)
    assert found.text == f"none of 6 CE premiums of 2026-12-01 is {said}"
