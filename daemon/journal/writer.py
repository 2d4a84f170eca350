"""`TradeRecorder`: the journal task. Every trade is on disk before it is shown."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from daemon.domain.events import TradingEvent
from daemon.domain.statistics import RunStatistics
from daemon.errors import JournalIOError
from daemon.journal.schema import Operation
from daemon.journal.snapshot_task import SnapshotTask
from daemon.journal.store import JournalStore

STALL_S: Final = 2.0
QUEUE_BATCHES: Final = 256
_LOOK_S: Final = 0.25
"""Seconds between two checks of the files while nothing is committed."""
GROUP_EVENTS: Final = 20_000


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine decided up to `input_no`: all the events of complete inputs.

    `marks` are last prices by tradingsymbol (paise) and `statistics` the counters at that input;
    both travel with the events so that what is shown is consistent.
    """

    events: Sequence[TradingEvent] = ()
    input_no: int
    operations: Sequence[Operation] = ()
    marks: dict[str, int] = {}
    statistics: RunStatistics | None = None


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """Events that are on disk, up to `seq` and `input_no`."""

    events: Sequence[TradingEvent]
    seq: int
    input_no: int
    marks: dict[str, int]
    statistics: RunStatistics | None


class RecorderStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How far the journal is behind. Latency in seconds, of the last commit."""

    queued_batches: int
    lag_events: int
    commits: int
    last_commit_s: float


class TradeRecorder:
    """Commit batches in groups, in a worker thread, and publish them only afterwards.

    `put` waits while the queue is full: a slow disk slows the engine and never loses an event.
    """

    def __init__(
        self,
        store: JournalStore,
        publish: Callable[[Committed], Awaitable[None]],
        *,
        capacity: int = QUEUE_BATCHES,
        stall_s: float = STALL_S,
        before_commit: Callable[[], None] | None = None,
        on_synced: Callable[[float], None] | None = None,
        snapshot_every: int = 0,
    ) -> None:
        """Set up; `before_commit` is called in the worker thread just before each group's append.

        What it raises as OSError ends the journal as a failed append does (D16: inputs are on disk
        before the events decided from them). `on_synced` is called in the event loop with what
        each commit waited for the disk, seconds. A snapshot is written alongside the commits every
        `snapshot_every` events, and one at `close`; 0 writes none.
        """
        self._store = store
        self._publish = publish
        self._before_commit = before_commit
        self._on_synced = on_synced
        self._snapshots = SnapshotTask(store.directory, snapshot_every)
        self._stall_s = stall_s
        self._send, self._receive = anyio.create_memory_object_stream[Batch](capacity)
        self._finished = anyio.Event()
        self._started = False
        self._commit_scope = anyio.CancelScope()
        self.on_stall: Callable[[str], None] | None = None
        """Called once, with a text to show, when a commit hangs; `run` raises then as well."""
        # Set and cleared by the worker thread, so that a busy event loop is never taken for a
        # stalled disk.
        self._began = math.inf
        self._queued_events = 0
        self._commits = 0
        self._last_commit_s = 0.0

    @property
    def statistics(self) -> RecorderStatistics:
        """The queue, the lag and the last commit's latency."""
        return RecorderStatistics(
            queued_batches=self._receive.statistics().current_buffer_used,
            lag_events=self._queued_events,
            commits=self._commits,
            last_commit_s=self._last_commit_s,
        )

    async def put(self, batch: Batch) -> None:
        """Queue a batch; wait while the queue is full. Raises JournalIOError if `run` has ended."""
        self._queued_events += len(batch.events)
        try:
            try:
                self._send.send_nowait(batch)
            except anyio.WouldBlock:
                await self._send.send(batch)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise JournalIOError("the journal has stopped; nothing more is recorded") from error

    async def close(self) -> None:
        """Take no more batches, and wait until all queued ones are on disk.

        That includes batches that were put before `run` began.
        """
        self._send.close()
        if self._started or self._queued_events:
            await self._finished.wait()
        else:
            self._receive.close()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Commit and publish until `close`. Raises JournalIOError if a write fails or stalls.

        If cancelled during a commit it waits for that commit first.
        """
        self._started = True
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch)
                task_status.started()
                try:
                    await self._commit_all(tasks)
                    await self._snapshots.take_last(self._store.last_seq)
                finally:
                    self._receive.close()
                    self._send.close()
                    self._finished.set()
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None
            raise

    async def _commit_all(self, tasks: TaskGroup) -> None:
        async for first in self._receive:
            group = self._take_group(first)
            committed = _merge(group)
            operations = [operation for batch in group for operation in batch.operations]
            await self._commit(committed, operations)
            seq = self._store.last_seq
            await self._publish(msgspec.structs.replace(committed, seq=seq))
            if self._snapshots.is_due(seq):
                tasks.start_soon(self._snapshots.take)

    def _take_group(self, first: Batch) -> list[Batch]:
        group = [first]
        events = len(first.events)
        while events < GROUP_EVENTS:
            try:
                batch = self._receive.receive_nowait()
            except (anyio.WouldBlock, anyio.EndOfStream):
                break
            group.append(batch)
            events += len(batch.events)
        return group

    async def _commit(self, facts: Committed, operations: list[Operation]) -> None:
        def append() -> None:
            self._began = time.monotonic()
            try:
                self._prepare()
                self._store.append(facts.events, input_no=facts.input_no, operations=operations)
                self._last_commit_s = time.monotonic() - self._began
            finally:
                self._began = math.inf

        with anyio.CancelScope(shield=True) as self._commit_scope:
            # Only the watch abandons it: the thread hangs in the kernel, where nothing can stop it.
            await anyio.to_thread.run_sync(append, abandon_on_cancel=True)
        if self._commit_scope.cancelled_caught:
            text = (
                f"{self._store.directory}: the journal is stalled: no progress for "
                f"{self._stall_s:g} s; check the disk"
            )
            if self.on_stall is not None:
                self.on_stall(text)
            raise JournalIOError(text)
        self._queued_events -= len(facts.events)
        self._commits += 1
        if self._on_synced is not None:
            self._on_synced(self._store.waited_s)

    def _prepare(self) -> None:
        if self._before_commit is None:
            return
        try:
            self._before_commit()
        except OSError as error:
            raise JournalIOError(
                f"{self._store.directory}: what must be on disk before the journal cannot be "
                f"written: {error}; trading stops here"
            ) from error

    async def _watch(self) -> None:
        with anyio.CancelScope(shield=True):
            while not self._finished.is_set():
                with anyio.move_on_after(min(self._stall_s / 8, _LOOK_S)):
                    await self._finished.wait()
                self._store.check_files()
                progress = max(self._began, self._store.progress_at)
                if self._began < math.inf and time.monotonic() - progress > self._stall_s:
                    self._commit_scope.cancel()


def _merge(group: list[Batch]) -> Committed:
    last = group[-1]
    if len(group) == 1:
        events: Sequence[TradingEvent] = last.events
        marks = last.marks
    else:
        events = [event for batch in group for event in batch.events]
        marks = {}
        for batch in group:
            marks.update(batch.marks)
    known = [batch.statistics for batch in group if batch.statistics is not None]
    return Committed(
        events=events, seq=0, input_no=last.input_no, marks=marks,
        statistics=known[-1] if known else None,
    )  # fmt: skip
