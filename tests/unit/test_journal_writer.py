"""The recorder: durable first, published second, never the other way."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from daemon.domain.events import TradingEvent
from daemon.domain.statistics import RunStatistics
from daemon.errors import JournalIOError
from daemon.journal import appender as appender_module
from daemon.journal.schema import Operation
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.writer import Batch, Committed, TradeRecorder
from tests.kit.sample_events import by_input, many_events, sample_events

META = JournalMeta(run_id="run-1", account="dev")


class Watcher:
    """Keeps what was published, and what a fresh reader saw on disk at that moment."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.facts: list[Committed] = []
        self.on_disk: list[int] = []

    async def publish(self, fact: Committed) -> None:
        self.facts.append(fact)
        with JournalStore.open(self.directory) as reader:
            self.on_disk.append(reader.last_seq)

    @property
    def events(self) -> list[TradingEvent]:
        return [event for fact in self.facts for event in fact.events]


def batches(events: list[TradingEvent]) -> list[Batch]:
    return [Batch(events=group, input_no=input_no) for input_no, group in by_input(events)]


async def record(recorder: TradeRecorder, work: Sequence[Batch]) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(start(recorder))
        for batch in work:
            await recorder.put(batch)
        await recorder.close()


def start(recorder: TradeRecorder) -> Any:
    async def run(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        await recorder.run(task_status=task_status)

    return run


async def test_everything_is_published_in_order_and_on_disk_by_then(tmp_path: Path) -> None:
    events = many_events(50)
    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish, capacity=4)
        with anyio.fail_after(30):
            await record(recorder, batches(events))
        assert watcher.events == events == list(store.events())
        assert [fact.seq for fact in watcher.facts] == watcher.on_disk
        assert recorder.statistics.lag_events == recorder.statistics.queued_batches == 0
        assert recorder.statistics.commits == len(watcher.facts)
        assert recorder.statistics.last_commit_s > 0


async def test_what_waits_is_committed_as_one_group(tmp_path: Path) -> None:
    work = batches(sample_events())
    operation = Operation(ts=1, kind="start")
    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish)
        for batch in work:
            await recorder.put(batch)
        marks = {"NIFTY26NOVFUT": 2500000}
        statistics = RunStatistics(session_ts=9)
        await recorder.put(
            Batch(input_no=50, operations=[operation], marks=marks, statistics=statistics)
        )
        assert recorder.statistics.queued_batches == len(work) + 1
        assert recorder.statistics.lag_events == len(sample_events())
        with anyio.fail_after(30):
            await record(recorder, [])
        (fact,) = watcher.facts
        assert (fact.seq, fact.input_no) == (len(sample_events()), 50)
        assert (fact.marks, fact.statistics) == (marks, statistics)
        assert list(store.operations()) == [operation]


async def test_a_batch_without_events_has_the_journals_seq(tmp_path: Path) -> None:
    events = sample_events()
    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:
        store.append(events, input_no=events[-1].input_no)
        recorder = TradeRecorder(store, watcher.publish)
        with anyio.fail_after(30):
            await record(recorder, [Batch(input_no=99)])
        assert watcher.facts[0].seq == len(events)
        assert store.last_input_no == 99


class FailingStore(JournalStore):
    """A journal whose disk fails at the n-th append."""

    good_appends = 1

    def append(
        self,
        events: Sequence[TradingEvent],
        *,
        input_no: int,
        operations: Sequence[Operation] = (),
    ) -> None:
        if self.good_appends == 0:
            raise JournalIOError("disk I/O error")
        self.good_appends -= 1
        super().append(events, input_no=input_no, operations=operations)


async def test_a_failed_commit_ends_run_and_nothing_is_published_after(tmp_path: Path) -> None:
    first, second, *_ = batches(sample_events())
    watcher = Watcher(tmp_path)
    with FailingStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish)

        async def feed() -> None:
            async with anyio.create_task_group() as tasks:
                await tasks.start(start(recorder))
                await recorder.put(first)
                while not watcher.facts:
                    await anyio.lowlevel.checkpoint()
                await recorder.put(second)

        with anyio.fail_after(30), pytest.raises(ExceptionGroup) as caught:
            await feed()
        assert caught.group_contains(JournalIOError, match="disk I/O error", depth=1)
        assert watcher.events == list(first.events)
        with pytest.raises(JournalIOError, match="has stopped"):
            await recorder.put(second)
        with anyio.fail_after(30):
            await recorder.close()


async def test_a_failed_publish_ends_run(tmp_path: Path) -> None:
    async def publish(fact: Committed) -> None:
        raise ValueError("the metrics are wrong")

    with JournalStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, publish)
        await recorder.put(batches(sample_events())[0])
        with anyio.fail_after(30), pytest.raises(ValueError, match="metrics"):
            await recorder.run()


class HangingStore(JournalStore):
    """A journal whose disk hangs until `thaw`."""

    thaw = threading.Event()
    entered = threading.Event()

    def append(
        self,
        events: Sequence[TradingEvent],
        *,
        input_no: int,
        operations: Sequence[Operation] = (),
    ) -> None:
        self.entered.set()
        self.thaw.wait(60)
        super().append(events, input_no=input_no, operations=operations)


@pytest.fixture
def hanging() -> type[HangingStore]:
    class Hanging(HangingStore):
        thaw = threading.Event()
        entered = threading.Event()

    return Hanging


async def test_a_disk_that_hangs_is_a_stalled_journal(
    tmp_path: Path, hanging: type[HangingStore]
) -> None:
    watcher = Watcher(tmp_path)
    with hanging.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish, stall_s=0.05)
        await recorder.put(batches(sample_events())[0])
        try:
            with anyio.fail_after(30), pytest.raises(JournalIOError, match="stalled"):
                await recorder.run()
        finally:
            hanging.thaw.set()
        assert watcher.facts == []


async def test_a_cancelled_recorder_first_finishes_the_commit_under_way(
    tmp_path: Path, hanging: type[HangingStore]
) -> None:
    watcher = Watcher(tmp_path)
    batch = batches(sample_events())[0]
    with hanging.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                await tasks.start(start(recorder))
                await recorder.put(batch)
                await anyio.to_thread.run_sync(hanging.entered.wait, 30)
                tasks.cancel_scope.cancel()
                hanging.thaw.set()
        assert list(store.events()) == list(batch.events)


async def test_a_cancelled_recorder_still_leaves_a_disk_that_hangs(
    tmp_path: Path, hanging: type[HangingStore]
) -> None:
    """A stop waits for the commit under way, but not longer than the rule: the watch goes on."""
    told: list[str] = []
    with hanging.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, Watcher(tmp_path).publish, stall_s=0.05)
        recorder.on_stall = told.append
        try:
            with pytest.RaisesGroup(JournalIOError, flatten_subgroups=True):
                async with anyio.create_task_group() as tasks:
                    await tasks.start(start(recorder))
                    await recorder.put(batches(sample_events())[0])
                    await anyio.to_thread.run_sync(hanging.entered.wait, 30)
                    tasks.cancel_scope.cancel()
        finally:
            hanging.thaw.set()
    assert len(told) == 1
    assert "the journal is stalled" in told[0]


async def test_what_comes_before_a_commit_is_done_before_each_append(tmp_path: Path) -> None:
    on_disk: list[tuple[int, bool]] = []
    loop_thread = threading.get_ident()
    work = batches(sample_events())
    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:

        def before_commit() -> None:
            on_disk.append((store.last_seq, threading.get_ident() == loop_thread))

        recorder = TradeRecorder(store, watcher.publish, before_commit=before_commit)
        with anyio.fail_after(30):
            await record(recorder, work)
    ends = [0, *(fact.seq for fact in watcher.facts)]
    assert on_disk == [(seq, False) for seq in ends[:-1]]


async def test_inputs_that_cannot_be_written_end_the_journal_before_the_events(
    tmp_path: Path,
) -> None:
    def before_commit() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish, before_commit=before_commit)
        await recorder.put(batches(sample_events())[0])
        with anyio.fail_after(30), pytest.raises(JournalIOError, match="No space left"):
            await recorder.run()
        assert (watcher.facts, store.last_seq) == ([], 0)


def sync_nothing(store: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commits take no time of a real disk, which may be busy with other things."""
    assert store._appender is not None
    store._appender._connection.execute("PRAGMA synchronous = OFF")
    monkeypatch.setattr(os, "fdatasync", lambda _: None)


class ChunkyConnection:
    """Passes everything on; each transaction takes its time on the disk."""

    def __init__(self, real: Any, takes_s: float) -> None:
        self._real = real
        self._takes_s = takes_s
        self.commits = 0

    def execute(self, sql: str, *values: Any) -> Any:
        if sql == "COMMIT":
            threading.Event().wait(self._takes_s)
            self.commits += 1
        return self._real.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def test_a_large_input_that_makes_progress_is_no_stall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A square-off of 100,000 positions takes longer than the rule, but never a chunk of it."""
    events = many_events(10)
    monkeypatch.setattr(appender_module, "CHUNK_EVENTS", 10)
    stall_s = 1.0
    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:
        sync_nothing(store, monkeypatch)
        assert store._appender is not None
        slow = ChunkyConnection(store._appender._connection, stall_s / 8)
        monkeypatch.setattr(store._appender, "_connection", slow)
        recorder = TradeRecorder(store, watcher.publish, stall_s=stall_s)
        with anyio.fail_after(30):
            await record(recorder, [Batch(events=events, input_no=events[-1].input_no)])
        assert slow.commits * stall_s / 8 > stall_s
        assert watcher.events == events == list(store.events())
        assert len(watcher.facts) == 1


async def test_put_waits_while_the_queue_is_full(
    tmp_path: Path, hanging: type[HangingStore]
) -> None:
    work = batches(sample_events())
    watcher = Watcher(tmp_path)
    with hanging.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, watcher.publish, capacity=2)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                await tasks.start(start(recorder))
                await recorder.put(work[0])
                await anyio.to_thread.run_sync(hanging.entered.wait, 30)
                await recorder.put(work[1])
                await recorder.put(work[2])
                tasks.start_soon(recorder.put, work[3])
                await anyio.wait_all_tasks_blocked()
                assert recorder.statistics.queued_batches == 2
                hanging.thaw.set()
                for batch in work[4:]:
                    await recorder.put(batch)
                await recorder.close()
        assert watcher.events == sample_events()


async def test_closing_a_recorder_that_never_ran_is_quiet(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, Watcher(tmp_path).publish)
        with anyio.fail_after(30):
            await recorder.close()
        with pytest.raises(JournalIOError):
            await recorder.put(Batch(input_no=1))


async def test_a_busy_event_loop_is_not_a_stalled_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine may hold the loop for longer than the stall rule: the disk was quick."""
    work = batches(sample_events())[:2]
    watcher = Watcher(tmp_path)
    with JournalStore.create(tmp_path, META) as store:
        sync_nothing(store, monkeypatch)
        recorder = TradeRecorder(store, watcher.publish, stall_s=1.0)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                await tasks.start(start(recorder))
                for batch in work:
                    await recorder.put(batch)
                    await anyio.lowlevel.checkpoint()
                    busy_until = time.monotonic() + 1.2
                    while time.monotonic() < busy_until:
                        pass
                await recorder.close()
        assert watcher.events == [event for batch in work for event in batch.events]


async def test_a_file_that_is_taken_away_is_noticed_at_once_while_nothing_happens(
    tmp_path: Path,
) -> None:
    """However long a commit may take."""
    with JournalStore.create(tmp_path, META) as store:
        recorder = TradeRecorder(store, Watcher(tmp_path).publish, stall_s=3600)
        with (
            anyio.fail_after(30) as in_time,
            pytest.RaisesGroup(JournalIOError, flatten_subgroups=True),
        ):
            async with anyio.create_task_group() as tasks:
                await tasks.start(start(recorder))
                (tmp_path / "head").unlink()
        assert not in_time.cancel_called  # its end would notice too
