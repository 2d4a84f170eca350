"""The window of strikes that follows the spot, for any grid and any walk."""

from __future__ import annotations

import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from feeds.contracts.underlyings import nearest
from feeds.kite.strike_window import MOST_SUBSCRIBED, AtmWindow, SpotWatchlist

RUPEE = 100
GRIDS = st.lists(
    st.integers(1, 2_000).map(lambda each: each * 50 * RUPEE), min_size=1, max_size=60, unique=True
)
SPOTS = st.lists(st.integers(1, 2_100 * 50 * RUPEE), min_size=1, max_size=60)
SIDES = st.integers(0, 12)
BANDS = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5])


def window(
    strikes: list[int], each_side: int = 2, hysteresis: float = 0.25, kinds: int = 2
) -> AtmWindow:
    """Strike number n in ascending order has the instruments kinds*n, kinds*n + 1, ..."""
    grid = {
        strike: range(kinds * at, kinds * (at + 1)) for at, strike in enumerate(sorted(strikes))
    }
    return AtmWindow("X 2026-11-23", 0, grid, each_side=each_side, hysteresis=hysteresis)


def naive(strikes: list[int], atm: int, each_side: int, kinds: int = 2) -> set[int]:
    """All instruments of the strikes that are at most so many places from the middle."""
    ordered = sorted(strikes)
    middle = ordered.index(atm)
    return {
        kinds * at + kind
        for at in range(len(ordered))
        if abs(at - middle) <= each_side
        for kind in range(kinds)
    }


@given(GRIDS, st.integers(1, 2_100 * 50 * RUPEE))
def test_the_nearest_strike_is_nearest_and_the_lower_of_two(strikes: list[int], spot: int) -> None:
    ordered = sorted(strikes)
    assert ordered[nearest(ordered, spot)] == min(ordered, key=lambda each: abs(each - spot))


@given(GRIDS, SPOTS, SIDES, BANDS, st.integers(1, 2))
def test_the_window_is_the_middle_and_its_neighbours_as_far_as_there_are_any(
    strikes: list[int], spots: list[int], each_side: int, band: float, kinds: int
) -> None:
    chain = window(strikes, each_side, band, kinds)
    assert (chain.atm_paise, chain.wanted) == (0, frozenset())
    for spot in spots:
        before = chain.wanted
        moved = chain.follow(spot)
        assert chain.wanted == naive(strikes, chain.atm_paise, each_side, kinds)
        assert moved == (chain.wanted != before)
        assert not chain.follow(spot), "the same spot moves nothing"


@given(GRIDS, SPOTS, BANDS)
def test_the_middle_moves_only_past_the_band_and_then_to_the_nearest(
    strikes: list[int], spots: list[int], band: float
) -> None:
    chain, ordered = window(strikes, 1, band), sorted(strikes)
    reach = Fraction(1, 2) + Fraction(str(band))
    middle: int | None = None
    for spot in spots:
        chain.follow(spot)
        if middle is not None:
            at = ordered.index(middle)
            toward = at + 1 if spot > middle else at - 1
            has_neighbour = 0 <= toward < len(ordered)
            step = abs(ordered[toward] - middle) if has_neighbour else 0
            if not has_neighbour or abs(spot - middle) <= reach * step:
                assert chain.atm_paise == middle
                continue
        middle = chain.atm_paise
        assert middle == min(ordered, key=lambda each: abs(each - spot))


@given(st.integers(0, 2**32), BANDS)
def test_on_a_regular_grid_the_middle_is_never_far_from_the_spot(seed: int, band: float) -> None:
    rng, step = random.Random(seed), 50 * RUPEE
    strikes = list(range(20_000 * RUPEE, 30_001 * RUPEE, step))
    chain, spot, moves = window(strikes, 5, band), 25_000 * RUPEE, 0
    for _ in range(300):
        spot += rng.randint(-30 * RUPEE, 30 * RUPEE)
        spot = min(max(spot, strikes[0]), strikes[-1])
        moves += chain.follow(spot)
        assert abs(spot - chain.atm_paise) <= (Fraction(1, 2) + Fraction(str(band))) * step
    assert moves <= 300


@given(st.data(), st.sampled_from([0.1, 0.25, 0.5]))
def test_a_spot_that_swings_around_a_midpoint_within_the_band_changes_nothing(
    data: st.DataObject, band: float
) -> None:
    step = 50 * RUPEE
    chain = window(list(range(step, 40 * step, step)), 3, band)
    midpoint = 20 * step + step // 2
    chain.follow(20 * step)
    wanted = chain.wanted
    swing = int(Fraction(str(band)) * step)
    for offset in data.draw(st.lists(st.integers(-swing, swing), max_size=40)):
        assert not chain.follow(midpoint + offset)
        assert chain.wanted == wanted
    assert chain.follow(midpoint + swing + 1)
    assert chain.atm_paise == 21 * step


def test_half_way_between_two_strikes_the_lower_is_nearest() -> None:
    assert [nearest([100, 200, 300], spot) for spot in (150, 151, 250, 251, 300)] == [0, 1, 1, 2, 2]


def test_a_jump_over_many_strikes_moves_at_once() -> None:
    step = 50 * RUPEE
    chain = window(list(range(step, 100 * step, step)), 2)
    chain.follow(10 * step)
    assert chain.follow(80 * step + 1)
    assert chain.atm_paise == 80 * step


def test_a_spot_of_zero_is_no_spot() -> None:
    chain = window([100, 200, 300])
    assert not chain.follow(0)
    assert chain.wanted == frozenset()
    chain.follow(200)
    assert not chain.follow(0)
    assert chain.atm_paise == 200


def test_a_window_at_the_end_of_the_grid_is_shorter_and_says_so_once() -> None:
    chain = window([each * 100 * RUPEE for each in range(10, 21)], 3)
    for spot in (1_300, 1_500, 1_700):
        assert (chain.follow(spot * RUPEE), chain.notes) == (True, [])
    chain.follow(1_900 * RUPEE)
    assert chain.notes == [
        "X 2026-11-23: the dump's strikes are 1000 to 2000; at 1900 the window has 3 below and 1 "
        "above instead of 3"
    ]
    chain.follow(1_000 * RUPEE)
    assert len(chain.notes) == 1


def test_a_window_without_strikes_never_opens() -> None:
    assert not window([]).follow(100)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 3_000)), max_size=40), st.data())
def test_what_is_held_or_fixed_is_always_wanted_and_the_windows_too(
    prices: list[tuple[int, int]], data: st.DataObject
) -> None:
    strikes = range(500, 2_500, 50)
    windows = [
        AtmWindow(str(spot), spot, {each: [base + at] for at, each in enumerate(strikes)},
                  each_side=2, hysteresis=0.25)
        for spot, base in ((0, 10), (0, 60), (1, 110))
    ]  # fmt: skip
    watch = SpotWatchlist(frozenset((0, 1)), windows, {"A": 0, "B": 1}, frozenset((150,)))
    for spot, price in prices:
        held = data.draw(st.frozensets(st.integers(0, 151), max_size=5))
        before = watch.wanted(())
        moved = watch.follow(spot, price)
        assert moved == (watch.wanted(()) != before)
        union = frozenset().union(*(each.wanted for each in windows))
        assert watch.wanted(held) == (union | held | {0, 1}) - {150}


def test_a_spot_moves_only_its_own_windows() -> None:
    windows = [
        AtmWindow(str(spot), spot, {1_000: [10 + spot]}, each_side=1, hysteresis=0.25)
        for spot in (0, 1)
    ]
    watch = SpotWatchlist(frozenset(), windows, {})
    assert watch.follow(1, 1_000)
    assert watch.wanted(()) == {11}
    assert not watch.follow(7, 1_000)
    assert len(watch.take_notes()) == 1
    assert watch.take_notes() == []


def test_strikes_give_way_to_what_is_held_when_kite_allows_no_more() -> None:
    many = range(10, 10 + MOST_SUBSCRIBED)
    chain = AtmWindow("X", 0, {100: many}, each_side=0, hysteresis=0.0)
    watch = SpotWatchlist(frozenset((0,)), [chain], {"X": 0})
    watch.follow(0, 100)
    held = (20_000, 20_001)
    wanted = watch.wanted(held)
    assert len(wanted) == MOST_SUBSCRIBED
    assert wanted >= {0, *held}
