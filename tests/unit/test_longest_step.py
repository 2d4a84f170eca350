"""A block knows the longest time between its rows, or that they may be out of order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.ticks import Ticks
from feeds.stream.blocks import RunningTime

INT64 = st.integers(-(2**63), 2**63 - 1)
USUAL = st.integers(1_700_000_000 * 10**9, 1_700_000_100 * 10**9)


def block(ts: list[int]) -> Ticks:
    rows = len(ts)
    return Ticks(
        ts=np.array(ts, dtype=np.int64),
        instrument=np.zeros(rows, dtype=np.int32),
        ltp=np.ones(rows, dtype=np.int64),
    )


@given(st.lists(INT64 | USUAL, min_size=1, max_size=6))
def test_a_step_is_told_only_where_the_rows_are_in_order(ts: list[int]) -> None:
    found = block(ts).longest_step()
    if found is not None:
        assert ts == sorted(ts)
        assert found == max((b - a for a, b in pairwise(ts)), default=0)


@given(st.lists(USUAL, min_size=1, max_size=6).map(sorted))
def test_usual_rows_in_order_have_one(ts: list[int]) -> None:
    assert block(ts).longest_step() is not None


@given(st.lists(st.lists(INT64 | USUAL, max_size=4), max_size=4))
def test_a_block_has_the_same_keys_as_its_times(blocks: list[list[int]]) -> None:
    by_block, by_times = RunningTime(), RunningTime()
    for ts in blocks:
        given_block = block(ts)
        assert by_block.keys_of(given_block).tolist() == by_times.keys(given_block.ts).tolist()
        assert by_block.latest == by_times.latest


def test_times_that_were_replaced_are_looked_at_again() -> None:
    ticks = block([1, 2, 4])
    assert ticks.longest_step() == 2
    ticks.ts = np.array([1, 2, 9], dtype=np.int64)
    assert ticks.longest_step() == 7


@pytest.mark.parametrize("name", Ticks.__slots__)
def test_what_was_found_out_is_no_column(name: str) -> None:
    assert not name.startswith("_")
