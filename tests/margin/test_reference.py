"""Which price a contract's scenarios begin at."""

from __future__ import annotations

import pytest

from daemon.margin.reference import StrikeQuotes, mid_else_ltp, reference_half

SPOT = 24_020_00 * 2
CHAIN = [
    StrikeQuotes(23_900_00 * 2, 300_00, 100_00),
    StrikeQuotes(24_000_00 * 2, 240_00, 160_00),
    StrikeQuotes(24_100_00 * 2, 180_00, 220_00),
]


def test_the_future_of_its_month_comes_first() -> None:
    assert reference_half("2026-12-08", {"2026-12": 48_111_11}, CHAIN, SPOT) == 48_111_11


def test_else_the_synthetic_of_the_strike_nearest_to_the_spot() -> None:
    assert reference_half("2026-12-08", {"2026-11": 1}, CHAIN, SPOT) == 48_000_00 + 80_00


def test_a_strike_needs_both_quotes() -> None:
    halves = [CHAIN[0], CHAIN[1]._replace(put_half=0), CHAIN[2]._replace(call_half=0)]
    assert reference_half("2026-12-08", {}, halves, SPOT) == 47_800_00 + 200_00


def test_of_two_strikes_at_one_distance_the_lower_counts() -> None:
    at = 24_050_00 * 2
    assert reference_half("2026-12-08", {}, reversed(CHAIN), at) == 48_000_00 + 80_00


@pytest.mark.parametrize("chain", [[], [StrikeQuotes(24_000_00 * 2, 0, 160_00)]])
def test_else_the_spot(chain: list[StrikeQuotes]) -> None:
    assert reference_half("2026-12-08", {}, chain, SPOT) == SPOT


def test_without_a_spot_nothing_is_near_and_nothing_is_known() -> None:
    assert reference_half("2026-12-08", {}, CHAIN, 0) == 0


def test_a_market_price_is_the_mid_where_both_sides_are_there() -> None:
    assert mid_else_ltp(100, 99, 102) == 201
    assert mid_else_ltp(100, 0, 102) == mid_else_ltp(100, 99, 0) == 200
