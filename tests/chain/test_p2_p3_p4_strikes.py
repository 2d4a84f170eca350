"""P2 to P4: ATM, the n-th listed strike, levels, exact strikes, strikes from another leg."""

from __future__ import annotations

import pytest

from daemon.chain.choice import Chosen, Never
from daemon.chain.strikes import OptionKind
from tests.chain.market import market_of, option, pick, refused, strike_of, universe_of

# a gap between 24,100 and 24,200: the n-th strike is the n-th listed one
STRIKES = (23_800, 23_850, 23_900, 23_950, 24_000, 24_050, 24_100, 24_200, 24_300)
UNIVERSE = universe_of(STRIKES)
MARKET = market_of(UNIVERSE, {"NIFTY 50": 24_010.0})
BLIND = market_of(UNIVERSE, {})


@pytest.mark.parametrize(
    ("spot", "atm"), [(24_025.0, 24_000), (24_025.05, 24_050), (24_150, 24_100), (24_300, 24_300)]
)
def test_p2_atm_is_the_nearest_listed_strike_and_a_tie_goes_lower(spot: float, atm: int) -> None:
    assert strike_of(pick(market_of(UNIVERSE, {"NIFTY 50": spot}), "ATM")) == atm


@pytest.mark.parametrize(
    ("strike", "call", "put"),
    [
        ("OTM1", 24_050, 23_950),
        ("OTM3", 24_200, 23_850),
        ("ITM2", 23_900, 24_100),
        ({"atm": 0}, 24_000, 24_000),
        ({"atm": 4}, 24_300, 23_800),
        ({"atm": -3}, 23_850, 24_200),
    ],
)
def test_p3_counts_listed_strikes_out_of_the_money(strike: object, call: int, put: int) -> None:
    assert strike_of(pick(MARKET, strike, "CE")) == call
    assert strike_of(pick(MARKET, strike, "PE")) == put


def test_p3_the_basis_says_where_the_money_is() -> None:
    found = [pick(MARKET, strike, "PE") for strike in ("ITM1", "ATM", "OTM1")]
    said = [each.basis.moneyness for each in found if isinstance(each, Chosen)]
    assert said == ["itm", "atm", "otm"]


@pytest.mark.parametrize(
    ("kind", "strike"), [("CE", "OTM5"), ("PE", "OTM5"), ("CE", "ITM5"), ("PE", {"atm": -5})]
)
def test_p8_an_nth_strike_that_is_not_there_is_outside_the_window(
    kind: OptionKind, strike: object
) -> None:
    found = pick(MARKET, strike, kind)
    assert refused(found) == "outside_window"
    assert isinstance(found, Never)
    assert found.numbers["from"] == 24_000
    assert (found.numbers["lowest"], found.numbers["highest"]) == (23_800, 24_300)


@pytest.mark.parametrize(
    ("percent", "strike"),
    [
        (0, 24_000),
        (0.3, 24_050),  # 24,072
        (-0.3, 23_950),  # 23,928
        (0.625, 24_100),  # 24,150: a tie, nearer to ATM
        (1.25, 24_300),  # 24,300: the highest is inside
    ],
)
def test_p4_a_percentage_is_the_nearest_strike_with_sign_for_both_types(
    percent: float, strike: int
) -> None:
    assert strike_of(pick(MARKET, {"atm_percent": percent}, "CE")) == strike
    assert strike_of(pick(MARKET, {"atm_percent": percent}, "PE")) == strike


def test_p4_a_tie_below_atm_goes_up_to_it() -> None:
    market = market_of(universe_of((23_800, 23_900, 24_000)), {"NIFTY 50": 24_000.0})
    level = -100 * 150 / 24_000  # 23,850
    assert strike_of(pick(market, {"atm_percent": level})) == 23_900


def test_p8_a_level_beyond_the_strikes_is_outside_with_the_level() -> None:
    found = pick(MARKET, {"atm_percent": 1.26})
    assert refused(found) == "outside_window"
    assert isinstance(found, Never)
    assert found.numbers["level"] == 24_302.4
    assert found.text == ("the level is 24302.4, outside the strikes of the run, 23800 to 24300")


@pytest.mark.parametrize("spot", [23_799.95, 24_300.05])
def test_p8_a_spot_beyond_the_strikes_is_outside(spot: float) -> None:
    found = pick(market_of(UNIVERSE, {"NIFTY 50": spot}), "ATM")
    assert isinstance(found, Never)
    assert (found.reason, found.numbers["level"]) == ("outside_window", spot)


def test_p4_an_exact_strike_needs_no_reference_price() -> None:
    assert strike_of(pick(BLIND, 24_200)) == 24_200
    assert strike_of(pick(market_of(UNIVERSE, {"NIFTY 50": 30_000.0}), 24_200)) == 24_200
    assert refused(pick(BLIND, 24_150)) == "no_strike"


def test_p8_a_strike_without_this_type_is_no_strike() -> None:
    universe = universe_of(STRIKES, without=[option(24_000, "PE")])
    market = market_of(universe, {"NIFTY 50": 24_010.0})
    assert strike_of(pick(market, "ATM", "CE")) == 24_000
    assert refused(pick(market, "ATM", "PE")) == "no_strike"


@pytest.mark.parametrize(
    ("kind", "rule", "strike"),
    [
        ("CE", {"leg": "x"}, 24_000),
        ("CE", {"leg": "x", "points": 0}, 24_000),
        ("CE", {"leg": "x", "points": 60}, 24_050),
        ("PE", {"leg": "x", "points": 60}, 23_950),
        ("CE", {"leg": "x", "points": 75}, 24_050),  # a tie: nearer to the money
        ("PE", {"leg": "x", "points": 75}, 23_950),
        ("CE", {"leg": "x", "points": 10}, 24_050),  # never the other's own
        ("PE", {"leg": "x", "points": 25}, 23_950),
        ("CE", {"leg": "x", "points": -75}, 23_900),  # a tie: nearer to the money again
        ("CE", {"leg": "x", "points": -10}, 24_000),
        ("CE", {"leg": "x", "steps": 3}, 24_200),
        ("PE", {"leg": "x", "steps": 3}, 23_850),
        ("PE", {"leg": "x", "steps": -1}, 24_050),
        ("PE", {"leg": "x", "steps": 0}, 24_000),
    ],
)
def test_p4_a_strike_from_a_leg_goes_away_from_the_money(
    kind: OptionKind, rule: object, strike: int
) -> None:
    assert strike_of(pick(BLIND, rule, kind, leg=24_000)) == strike


def test_p4_a_leg_of_another_expiry_may_have_a_strike_that_is_not_listed_here() -> None:
    assert strike_of(pick(BLIND, {"leg": "x", "steps": 1}, leg=24_150)) == 24_200
    assert strike_of(pick(BLIND, {"leg": "x", "points": 20}, leg=24_150)) == 24_200
    assert refused(pick(BLIND, {"leg": "x"}, leg=24_150)) == "no_strike"
    assert refused(pick(BLIND, {"leg": "x", "steps": 0}, leg=24_150)) == "no_strike"


@pytest.mark.parametrize("rule", [{"leg": "x", "points": 101}, {"leg": "x", "steps": 2}])
def test_p8_a_wing_beyond_the_strikes_is_outside(rule: object) -> None:
    assert refused(pick(BLIND, rule, leg=24_200)) == "outside_window"


def test_a_leg_whose_strike_was_not_handed_over_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="strike of leg 'x'"):
        pick(BLIND, {"leg": "x", "points": 50})
