"""A book that cannot be one is counted by what is wrong with it, and not traded against."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.domain.depth import (
    EMPTY,
    FAULTS,
    SOUND,
    Depth,
    depth_faults,
    depth_of,
    sound_depth_of,
)
from daemon.domain.ticks import Int64s, Ticks
from daemon.market.rows import Rows
from feeds.stream.quality import DataQuality
from tests.unit.test_feeds_kit import block_of, cut

GOOD = [(65, 100 - n, 1) for n in range(5)], [(65, 101 + n, 1) for n in range(5)]
KINDS = ("negative", "crossed", "unsorted", "duplicated", "empty")


def book(bids: list[tuple[int, int, int]], asks: list[tuple[int, int, int]]) -> Int64s:
    levels = np.zeros((10, 3), dtype=np.int64)
    for at, level in (*enumerate(bids), *enumerate(asks, start=5)):
        levels[at] = level
    return levels


BIDS, ASKS = GOOD
BOOKS = {
    "five levels a side": ("sound", book(BIDS, ASKS)),
    "locked": ("sound", book(BIDS, [(65, 100, 1), *ASKS[1:]])),
    "two bids": ("sound", book(BIDS[:2], ASKS)),
    "no bids": ("sound", book([], ASKS)),
    "no asks": ("sound", book(BIDS, [])),
    "no orders told": ("sound", book([(65, 100, 0)], [(65, 101, 0)])),
    "a price without a quantity": ("sound", book([(65, 100, 1), (0, 99, 0)], ASKS)),
    "a bid above the best ask": ("crossed", book([(65, 102, 1), *BIDS[1:]], ASKS)),
    "a bid above a later ask": ("crossed", book(BIDS, [(65, 105, 1), (65, 99, 1)])),
    "bids that rise": ("unsorted", book([(65, 99, 1), (65, 100, 1)], ASKS)),
    "asks that fall": ("unsorted", book(BIDS, [(65, 105, 1), (65, 103, 1)])),
    "a level behind an empty one": ("unsorted", book([(65, 100, 1), (0, 0, 0), (65, 98, 1)], ASKS)),
    "no best bid": ("unsorted", book([(0, 0, 0), (65, 98, 1)], ASKS)),
    "one price twice": ("duplicated", book([(65, 100, 1), (130, 100, 1)], ASKS)),
    "one ask twice": ("duplicated", book(BIDS, [*ASKS[:4], (65, 104, 1)])),
    "a quantity below zero": ("negative", book([(-65, 100, 1), *BIDS[1:]], ASKS)),
    "a price below zero": ("negative", book([(65, -100, 1)], ASKS)),
    "only numbers below zero": ("negative", book([(-65, 100, 1)], [])),
    "both crossed and twice": ("crossed", book([(65, 102, 1), (65, 102, 1)], ASKS)),
}


@pytest.mark.parametrize("name", BOOKS)
def test_a_book_is_judged_by_its_first_fault(name: str) -> None:
    expected, levels = BOOKS[name]
    (fault,) = depth_faults(levels[np.newaxis]).tolist()
    assert {SOUND: "sound", **FAULTS}[fault] == expected
    found = sound_depth_of(levels)
    assert found == (depth_of(levels) if expected == "sound" else None)


LEVEL = st.tuples(
    st.sampled_from([0, 65, 65, 130, -1]), st.sampled_from([0, 99, 100, 101, 102, 103, -5]),
    st.integers(0, 3),
)  # fmt: skip
ROW = st.one_of(
    st.lists(LEVEL, min_size=10, max_size=10),
    st.lists(st.integers(1, 3), min_size=10, max_size=10).map(
        lambda steps: [
            (65, price, 1)
            for side, sign in ((steps[:5], -1), (steps[5:], 1))
            for price in (100 + sign * np.cumsum(side)).tolist()
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@example([[*[(0, 0, 0)] * 9, (0, -5, 0)]])
@given(st.lists(ROW, min_size=1, max_size=8))
def test_one_row_is_judged_as_many_are(rows: list[list[tuple[int, int, int]]]) -> None:
    depth = np.array(rows, dtype=np.int64)
    for levels, fault in zip(depth, depth_faults(depth).tolist(), strict=True):
        assert (sound_depth_of(levels) is None) == (fault != SOUND)
    by_level = np.ascontiguousarray(depth.reshape(len(rows), 30).T).T.reshape(-1, 10, 3)
    assert depth_faults(by_level).tolist() == depth_faults(depth).tolist()


def quality_of(block: Ticks, size: int) -> dict[str, int]:
    quality = DataQuality()
    for piece in cut(block, size):
        quality.observe(piece)
    counters = quality.counters()
    return {kind: counters[f"{kind}_depth_rows"] for kind in KINDS}


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_faults_are_counted_by_kind_however_the_rows_are_cut(size: int) -> None:
    books = [levels for _, levels in BOOKS.values()]
    block = block_of(range(10**18, 10**18 + len(books)))
    block.depth = np.stack(books)
    wanted = [kind for kind, _ in BOOKS.values()]
    assert quality_of(block, size) == {kind: wanted.count(kind) for kind in KINDS}


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_book_is_empty_only_after_its_instrument_has_shown_one(size: int) -> None:
    good, none = book(*GOOD), np.zeros((10, 3), dtype=np.int64)
    block = block_of(range(10**18, 10**18 + 6), code=[0, 1, 0, 1, 0, 2])
    block.depth = np.stack([none, good, good, none, none, none])
    assert quality_of(block, size) == {**dict.fromkeys(KINDS, 0), "empty": 2}


def test_a_row_with_a_bad_book_keeps_its_price_and_has_no_book_to_trade_against() -> None:
    block = block_of([10**18, 10**18 + 1, 10**18 + 2], ltp=[500, 501, 502])
    crossed = BOOKS["a bid above the best ask"][1]
    block.depth = np.stack([book(*GOOD), crossed, np.zeros((10, 3), dtype=np.int64)])
    rows = Rows(block, 1)
    assert rows.ltp.tolist() == [500, 501, 502]
    first = rows.sound_depth_at(0)
    assert first is not None
    assert (first.bids[0].price_paise, first.asks[0].price_paise) == (100, 101)
    assert rows.sound_depth_at(1) is None
    assert rows.sound_depth_at(2) == EMPTY
    assert isinstance(rows.depth_at(1), Depth), "as the feed sent it"
    bare = block_of([10**18])
    assert Rows(bare, 1).sound_depth_at(0) == EMPTY
