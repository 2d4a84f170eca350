from __future__ import annotations

from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.ticks import Ticks
from feeds.stream.blocks import join
from feeds.stream.merge import merge
from tests.unit.test_feeds_kit import block_of, cut, rows_of

FILES = st.lists(st.lists(st.integers(0, 12), max_size=25), min_size=1, max_size=5)


def as_files(times: list[list[int]]) -> list[Ticks]:
    """Each row knows its file (instrument) and its number (ltp)."""
    return [
        block_of(ts, range(1, len(ts) + 1), [at] * len(ts)) for at, ts in enumerate(times) if ts
    ]


@given(FILES, st.lists(st.integers(1, 30), min_size=5, max_size=5))
def test_rows_come_by_running_time_then_file_then_row(
    times: list[list[int]], sizes: list[int]
) -> None:
    entries = [
        (key, file, row)
        for file, ts in enumerate(times)
        for row, key in enumerate(accumulate(ts, max), 1)
    ]
    files = as_files(times)
    streams = [iter(cut(file, size)) for file, size in zip(files, sizes, strict=False)]
    merged = list(merge(streams)) if streams else []
    found = [
        (file, row)
        for block in merged
        for file, row in zip(block.instrument.tolist(), block.ltp.tolist(), strict=True)
    ]
    assert found == [(file, row) for _, file, row in sorted(entries)]


def test_a_row_whose_time_goes_back_stays_where_its_file_has_it() -> None:
    first, second = block_of([10, 5, 20], [1, 2, 3]), block_of([7, 12], [4, 5])
    merged = join(list(merge([iter([first]), iter([second])])))
    assert merged.ltp.tolist() == [4, 1, 2, 5, 3]
    assert merged.ts.tolist() == [7, 10, 5, 12, 20]


def test_columns_that_only_one_file_has_are_absent_in_the_rows_of_the_other() -> None:
    with_oi = block_of([1, 3])
    with_oi.oi = np.array([8, 9])
    merged = join(list(merge([iter([with_oi]), iter([block_of([2, 2])])])))
    assert [row[8] for row in rows_of(merged)] == [8, -1, -1, 9]


def test_empty_files_and_empty_blocks_do_not_matter() -> None:
    empty = block_of([])
    streams = [iter([empty, block_of([1]), empty]), iter([]), iter([empty])]
    assert join(list(merge(streams))).ts.tolist() == [1]
