"""P1: spot, the nearest future, or K + CE(K) - PE(K)."""

from __future__ import annotations

import pytest

from daemon.chain.choice import Chosen, NotYet
from daemon.chain.reference import ReferenceKind
from tests.chain.market import (
    MONTH,
    NEXT_MONTH,
    TODAY,
    market_of,
    option,
    pick,
    refused,
    strike_of,
    universe_of,
    waits,
)  # fmt: skip

STRIKES = range(23_800, 24_250, 50)
PRICES = {
    "NIFTY 50": 24_010.0, f"{MONTH}:FUT": 24_130.0, f"{NEXT_MONTH}:FUT": 24_190.0,
    option(24_000, "CE"): 150.0, option(24_000, "PE"): 75.0,
}  # fmt: skip
UNIVERSE = universe_of(STRIKES, futures=(NEXT_MONTH, MONTH))


@pytest.mark.parametrize(
    ("kind", "reference", "atm"),
    [("spot", 24_010, 24_000), ("future", 24_130, 24_150), ("synthetic", 24_075, 24_050)],
)
def test_each_kind_of_reference_has_its_own_atm(
    kind: ReferenceKind, reference: int, atm: int
) -> None:
    found = pick(market_of(UNIVERSE, PRICES), "ATM", reference=kind)
    assert isinstance(found, Chosen)
    assert found.basis.reference_paise == reference * 100
    assert (found.strike_paise, found.basis.atm_paise) == (atm * 100, atm * 100)


def test_an_expired_future_is_not_the_nearest() -> None:
    prices = PRICES | {f"{TODAY}:FUT": 23_900.0}
    futures = (TODAY, MONTH, NEXT_MONTH)
    market = market_of(universe_of(STRIKES, futures=futures), prices, first="2026-12-01")
    assert strike_of(pick(market, "ATM", reference="future")) == 24_150


def test_a_later_future_does_not_stand_in_for_the_nearest() -> None:
    market = market_of(universe_of(STRIKES, futures=(NEXT_MONTH,)), {f"{NEXT_MONTH}:FUT": 24_190.0})
    found = pick(market, "ATM", reference="future")
    assert waits(found) == "no_reference"
    assert isinstance(found, NotYet)
    assert found.text == "the run has no NIFTY future of 2026-12-29"


@pytest.mark.parametrize(
    ("kind", "stale"),
    [
        ("spot", "NIFTY 50"),
        ("future", f"{MONTH}:FUT"),
        ("synthetic", "NIFTY 50"),
        ("synthetic", option(24_000, "CE")),
        ("synthetic", option(24_000, "PE")),
    ],
)
def test_a_price_that_is_not_believed_waits(kind: ReferenceKind, stale: str) -> None:
    assert (
        waits(pick(market_of(UNIVERSE, PRICES, {stale}), "ATM", reference=kind)) == "no_reference"
    )
    never_seen = {symbol: price for symbol, price in PRICES.items() if symbol != stale}
    assert waits(pick(market_of(UNIVERSE, never_seen), "ATM", reference=kind)) == "no_reference"


def test_a_price_given_takes_the_place_of_the_reference() -> None:
    assert strike_of(pick(market_of(UNIVERSE, {}), "ATM", at=24_076)) == 24_100


def test_p8_a_spot_outside_the_window_is_final_for_the_synthetic_price_too() -> None:
    market = market_of(UNIVERSE, PRICES | {"NIFTY 50": 24_200.05})
    assert refused(pick(market, "ATM", reference="synthetic")) == "outside_window"


def test_p1_a_price_that_is_not_believed_is_in_the_answer() -> None:
    found = pick(market_of(UNIVERSE, PRICES, ["NIFTY 50"]), "ATM")
    assert isinstance(found, NotYet)
    assert found.numbers == {"last": 24_010.0}
    assert found.text == "the spot of NIFTY was last 24010, which is not believed now"
    unseen = pick(market_of(UNIVERSE, {}), "ATM")
    assert isinstance(unseen, NotYet)
    assert unseen.text == "the spot of NIFTY has had no tick yet"
