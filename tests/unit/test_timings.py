"""What a live run measures of itself: its loop, its disk, and fills until they are on disk."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.booked_fills import fill_of
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.writer import Batch, Committed, TradeRecorder
from daemon.metrics.histogram import BOUNDS_S, Histogram, HistogramRow
from daemon.runtime.timings import Timings
from tests.kit.live import until
from tests.kit.sample_events import by_input, sample_events

SECONDS = st.lists(st.floats(-1, 10, allow_nan=False) | st.sampled_from(BOUNDS_S), max_size=50)


@given(SECONDS)
def test_each_duration_is_counted_once_under_the_first_bound_that_holds_it(
    seconds: list[float],
) -> None:
    counted = Histogram()
    for each in seconds:
        counted.observe(each)
    row = counted.row()
    ends = (-math.inf, *BOUNDS_S, math.inf)
    expected = [
        sum(low < max(each, 0) <= high for each in seconds)
        for low, high in itertools.pairwise(ends)
    ]
    assert list(row.counts) == expected
    assert row.is_whole
    assert row.sum_s == pytest.approx(sum(max(each, 0) for each in seconds), abs=1e-5)


def test_a_histogram_is_read_back_as_it_was_written() -> None:
    counted = Histogram()
    counted.observe(0.003)
    row = counted.row()
    assert msgspec.json.decode(msgspec.json.encode(row), type=HistogramRow) == row


def test_a_fill_is_counted_from_its_tick_to_the_disk_and_nothing_else_is() -> None:
    events = sample_events()
    fills = [event for event in events if fill_of(event) is not None]
    assert 0 < len(fills) < len(events)
    last = max(event.ts for event in fills)
    timings = Timings(lambda: last + 20_000_000)
    timings.saw_committed([event for event in events if fill_of(event) is None])
    assert sum(timings.rows()["tick_to_fill"].counts) == 0
    timings.saw_committed([event for event in fills if event.ts == last])
    row = timings.rows()["tick_to_fill"]
    assert dict(zip(row.bounds_s, row.counts, strict=False))[0.025] == sum(row.counts) > 0


def test_without_a_clock_of_this_machine_fills_are_not_measured() -> None:
    timings = Timings(None)
    timings.saw_committed(sample_events())
    assert timings.rows().keys() == {"loop_lag", "journal_fsync"}


async def test_every_look_at_the_loop_counts() -> None:
    timings = Timings(None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(timings.watch_loop)
        await until(lambda: sum(timings.rows()["loop_lag"].counts) > 0, 30)
        tasks.cancel_scope.cancel()


async def test_each_commit_tells_once_what_it_waited_for_the_disk(tmp_path: Path) -> None:
    timings, commits = Timings(None), 0

    async def publish(_: Committed) -> None:
        nonlocal commits
        commits += 1

    with JournalStore.create(tmp_path, JournalMeta(run_id="r", account="a")) as store:
        recorder = TradeRecorder(store, publish, on_synced=timings.journal_fsync.observe)
        async with anyio.create_task_group() as tasks:
            await tasks.start(recorder.run)
            for input_no, events in by_input(sample_events()):
                await recorder.put(Batch(events=events, input_no=input_no))
            await recorder.close()
        assert store.waited_s > 0
    row = timings.rows()["journal_fsync"]
    assert sum(row.counts) == commits > 0
    assert row.sum_s > 0
