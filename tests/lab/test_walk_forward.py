"""N7: windows are cut as said, and a choice knows nothing of the sessions that it is tested on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.lab.numbers import Variant, WalkForward, walk_forward

DAYS = 23


def variant(changes: list[int], trades: int = 1, **rest: Any) -> Variant:
    return Variant(changes_paise=changes, trades=[trades] * len(changes), **rest)


GOOD = [100, -50, 120, -40] * 6
BAD = [-100, 50, -120, 40] * 6
SHORT = WalkForward(train=8, test=4, min_trades=8)
TWO = [variant(BAD[:DAYS]), variant(GOOD[:DAYS])]
CHANGES = st.lists(st.integers(-1000, 1000), min_size=DAYS, max_size=DAYS)


def test_n7_windows_follow_each_other_and_a_short_last_test_is_named() -> None:
    found = walk_forward(TWO, SHORT)
    assert [window.train for window in found.windows] == [(0, 8), (4, 12), (8, 16)]
    assert [window.test for window in found.windows] == [(8, 12), (12, 16), (16, 20)]
    assert found.dropped == (20, 23)
    assert found.changes_paise == GOOD[8:20]


def test_n7_an_anchored_training_begins_with_the_first_session() -> None:
    found = walk_forward(TWO, replace(SHORT, anchored=True, embargo=2, step=5))
    assert [window.train for window in found.windows] == [(0, 8), (0, 13)]
    assert [window.test for window in found.windows] == [(10, 14), (15, 19)]
    assert found.dropped == (20, 23)


def test_n7_the_best_of_the_training_is_chosen_and_ranked_in_the_test() -> None:
    found = walk_forward(TWO, SHORT)
    assert {window.chosen for window in found.windows} == {1}
    assert {window.rank_in_test for window in found.windows} == {1}
    assert found.efficiency == pytest.approx(1.0)
    assert found.interval is not None
    assert found.interval.low < sum(found.changes_paise) < found.interval.high


def test_n7_ties_go_to_the_smaller_drawdown_then_to_the_order_of_the_grid() -> None:
    deep = variant([-100, 100] * 11 + [0])
    flat = variant([100, -100] * 11 + [0])
    calm = variant([0] * DAYS)
    how = replace(SHORT, select="net")
    assert walk_forward([deep, calm, calm], how).windows[0].chosen == 1
    assert walk_forward([flat, deep], how).windows[0].chosen == 0


def test_n7_too_few_trades_choose_nothing_and_nothing_is_traded() -> None:
    found = walk_forward(TWO, replace(SHORT, min_trades=9))
    assert {window.chosen for window in found.windows} == {None}
    assert found.changes_paise == [0] * 12
    assert found.sharpe is found.efficiency is None


def test_n7_a_lone_peak_loses_to_the_middle_of_good_neighbours() -> None:
    variants = [
        variant([100, 90] * 11 + [0], neighbours=[1, 4]),
        variant(BAD[:DAYS], neighbours=[0, 4]),
        variant(GOOD[:DAYS], neighbours=[3]),
        variant(GOOD[:DAYS], neighbours=[2]),
        variant(BAD[:DAYS], neighbours=[0, 1]),
    ]
    assert walk_forward(variants, SHORT).windows[0].chosen == 0
    by_neighbours = walk_forward(variants, replace(SHORT, select="median_neighbour"))
    assert by_neighbours.windows[0].chosen == 2


@given(one=CHANGES, other=CHANGES, later=CHANGES)
@settings(deadline=None, max_examples=30)
def test_n7_a_choice_knows_nothing_of_its_test(
    one: list[int], other: list[int], later: list[int]
) -> None:
    before = [variant(one), variant(other)]
    after = [variant([*one[:8], *later[8:]]), variant([*other[:8], *later[8:][::-1]])]
    first, second = (walk_forward(each, SHORT).windows[0] for each in (before, after))
    assert (first.chosen, first.train_score) == (second.chosen, second.train_score)


def test_n7_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="step of at least 4"):
        walk_forward(TWO, replace(SHORT, step=3))
    with pytest.raises(ValueError, match="same sessions"):
        walk_forward([TWO[0], variant([1])], SHORT)
    assert walk_forward([variant([1] * 5)], SHORT).windows == []


def test_n7_a_window_chooses_among_its_candidates_and_ranks_among_them() -> None:
    free = walk_forward(TWO, SHORT)
    windows = len(free.windows)
    found = walk_forward(TWO, SHORT, candidates=[[1], *[[0]] * (windows - 1)])
    assert [each.chosen for each in found.windows] == [1] + [0] * (windows - 1)
    assert {(each.rank_in_test, each.candidates) for each in found.windows} == {(1, 1)}
    assert {each.candidates for each in free.windows} == {2}
    assert walk_forward(TWO, SHORT, candidates=[[0, 1]] * windows) == free
    with pytest.raises(ValueError, match=f"of 1 windows, there are {windows}"):
        walk_forward(TWO, SHORT, candidates=[[0]])
