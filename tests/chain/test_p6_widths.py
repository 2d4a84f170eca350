"""P6 and the examples 1 to 3 of the contract."""

from __future__ import annotations

import pytest

from daemon.chain.choice import Chosen, Never
from tests.chain.market import market_of, option, pick, refused, strike_of, universe_of, waits

WIDE = universe_of(range(17_000, 17_750, 50))
TOLD = {"NIFTY 50": 17_358.0, option(17_350, "CE"): 106.55, option(17_350, "PE"): 74.40}
MARKET = market_of(WIDE, TOLD)


def test_example_1_atm() -> None:
    universe = universe_of(range(23_900, 24_150, 50))
    assert strike_of(pick(market_of(universe, {"NIFTY 50": 24_025.00}), "ATM")) == 24_000
    assert strike_of(pick(market_of(universe, {"NIFTY 50": 24_025.05}), "ATM")) == 24_050


def test_example_2_straddle_width() -> None:
    half = {kind: pick(MARKET, {"straddle_width": 0.5}, kind) for kind in ("CE", "PE")}
    assert [strike_of(half[kind]) for kind in ("CE", "PE")] == [17_450, 17_250]
    assert isinstance(half["CE"], Chosen)
    assert isinstance(half["PE"], Chosen)
    assert half["CE"].basis.numbers == {"width": 180.95, "level": 17_440.475}
    assert half["PE"].basis.numbers == {"width": 180.95, "level": 17_259.525}
    assert strike_of(pick(MARKET, {"straddle_width": 1}, "CE")) == 17_550
    assert strike_of(pick(MARKET, {"straddle_width": 1}, "PE")) == 17_150


def test_example_3_straddle_percent() -> None:
    strikes = range(23_700, 24_500, 100)
    calls = {24_000: 182.40, 24_100: 150.20, 24_200: 118.40, 24_300: 92.35, 24_400: 70.90}
    told = {option(strike, "CE"): ltp for strike, ltp in calls.items()}
    told |= {"NIFTY 50": 24_000.0, option(24_000, "PE"): 171.10}
    market = market_of(universe_of(strikes), told)
    found = pick(market, {"straddle_percent": 40})
    assert strike_of(found) == 24_100
    assert isinstance(found, Chosen)
    assert found.basis.numbers == {"wanted": 141.4, "premium": 150.2}
    at_most = {"straddle_percent": 40, "how": "at_most"}
    assert strike_of(pick(market, at_most)) == 24_200
    assert strike_of(pick(market, at_most | {"how": "at_least"})) == 24_100


def test_p6_a_tie_goes_lower_for_calls_and_puts() -> None:
    told = TOLD | {option(17_350, "CE"): 75.6, option(17_350, "PE"): 74.4}  # W = 150
    market = market_of(WIDE, told)
    assert strike_of(pick(market, {"straddle_width": 0.5}, "CE")) == 17_400  # 17,425
    assert strike_of(pick(market, {"straddle_width": 0.5}, "PE")) == 17_250  # 17,275


@pytest.mark.parametrize("rule", [{"straddle_width": 1}, {"straddle_percent": 40}])
@pytest.mark.parametrize("kind", ["CE", "PE"])
def test_p5a_a_straddle_without_a_believed_premium_waits(rule: object, kind: str) -> None:
    stale = option(17_350, "CE" if kind == "CE" else "PE")
    assert waits(pick(market_of(WIDE, TOLD, [stale]), rule)) == "no_premium"


def test_p8_a_straddle_that_is_not_listed_is_final() -> None:
    universe = universe_of(range(17_000, 17_750, 50), without=[option(17_350, "PE")])
    told = {symbol: ltp for symbol, ltp in TOLD.items() if symbol != option(17_350, "PE")}
    assert refused(pick(market_of(universe, told), {"straddle_width": 1}, "CE")) == "no_strike"


def test_p8_a_width_beyond_the_strikes_is_outside_with_the_level() -> None:
    found = pick(MARKET, {"straddle_width": 2}, "CE")
    assert refused(found) == "outside_window"
    assert isinstance(found, Never)
    assert found.numbers["level"] == 17_711.9
