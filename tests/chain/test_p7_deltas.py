"""P7 and P49: the choice by the size of a delta."""

from __future__ import annotations

import msgspec
import pytest

from daemon.chain.choice import Chosen
from tests.chain.market import market_of, option, pick, strike_of, universe_of, waits

PUTS = {23_850: -0.22, 23_900: -0.3, 23_950: -0.4, 24_000: -0.5, 24_050: -0.6}
UNIVERSE = universe_of(tuple(PUTS))
DELTAS = {option(strike, "PE"): delta for strike, delta in PUTS.items()}
TOLD = {"NIFTY 50": 24_000.0} | {option(strike, "PE"): 100.0 for strike in PUTS}
MARKET = market_of(UNIVERSE, TOLD, deltas=DELTAS)


@pytest.mark.parametrize(
    ("rule", "strike"),
    [
        ({"delta_closest": 0.28}, 23_900),
        ({"delta_closest": 0.35}, 23_950),  # 0.05 from both, exactly: nearer to ATM
        ({"delta_closest": 0.55}, 24_000),
        ({"delta_closest": 0.55, "only": "otm"}, 23_950),
        ({"delta_between": [0.2, 0.42]}, 23_900),  # the middle is 0.31
        ({"delta_between": [0.4, 0.4001]}, 23_950),
    ],
)
def test_p7_a_delta_is_chosen_by_its_size(rule: object, strike: int) -> None:
    assert strike_of(pick(MARKET, rule, "PE")) == strike


def test_p7_the_basis_carries_the_size() -> None:
    found = pick(MARKET, {"delta_closest": 0.28}, "PE")
    assert isinstance(found, Chosen)
    assert found.basis.numbers == {"wanted": 0.28, "delta": 0.3}


def test_p7_a_contract_without_a_delta_is_no_candidate() -> None:
    some = {symbol: delta for symbol, delta in DELTAS.items() if delta != -0.3}
    market = market_of(UNIVERSE, TOLD, deltas=some)
    assert strike_of(pick(market, {"delta_closest": 0.28}, "PE")) == 23_850


def test_p5a_no_delta_may_still_come() -> None:
    assert waits(pick(MARKET, {"delta_between": [0.31, 0.39]}, "PE")) == "no_delta"
    assert waits(pick(market_of(UNIVERSE, TOLD, deltas={}), {"delta_closest": 0.3}, "PE")) == (
        "no_delta"
    )


def test_p7_without_a_source_of_deltas_there_is_none() -> None:
    market = msgspec.structs.replace(MARKET, deltas=None)
    assert waits(pick(market, {"delta_closest": 0.3}, "PE")) == "no_delta"


def test_p7_deltas_of_premiums_that_are_not_believed_do_not_count() -> None:
    stale = [option(strike, "PE") for strike in (23_850, 23_900)]
    market = market_of(UNIVERSE, TOLD, stale, DELTAS)
    assert strike_of(pick(market, {"delta_closest": 0.28}, "PE")) == 23_950
    most = market_of(UNIVERSE, TOLD, [*stale, option(24_050, "PE")], DELTAS)
    assert waits(pick(most, {"delta_closest": 0.28}, "PE")) == "no_delta"
