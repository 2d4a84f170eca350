"""A journal whose files are cut while it is written halts at once, whenever it happens."""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from daemon.domain.events import TradingEvent
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.journal.head import Tail
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.journal.writer import TradeRecorder
from tests.kit.sample_events import by_input, sample_events

META = JournalMeta(run_id="run-1", account="dev", program_version="0.1.0")
FRAME_BYTES = 24 + 4096
FILES = ("journal.db-wal", "head")


def commits(store: JournalStore, count: int) -> None:
    """So many commits behind those that are there."""
    for _ in range(count):
        number = store.last_input_no + 1
        store.append([], input_no=number, operations=[Operation(ts=number, kind="note")])


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("before", [1, 2, 3, 10, 60])
@pytest.mark.parametrize("when", ["idle", "between", "before it", "before the head", "behind it"])
def test_a_file_cut_to_half_halts_the_journal(
    tmp_path: Path, name: str, before: int, when: str
) -> None:
    with JournalStore.create(tmp_path, META) as store:
        commits(store, before)
        appender = store._appender
        assert appender is not None
        path = tmp_path / name

        def cut_first(function: Callable[..., object]) -> Any:
            def cut(*arguments: object) -> object:
                halve(path)
                return function(*arguments)

            return cut

        if when in ("idle", "between"):
            halve(path)
        elif when == "before it":
            appender._commit_chunks = cut_first(appender._commit_chunks)  # type: ignore[method-assign]
        elif when == "before the head":
            appender._head.write = cut_first(appender._head.write)  # type: ignore[method-assign]
        else:
            appender._own_files.took_commit = cut_first(  # type: ignore[method-assign]
                appender._own_files.took_commit
            )
        halts = store.check_files if when == "idle" else partial(commits, store, 1)
        with pytest.raises(JournalIOError, match="cut from outside"):
            halts()
        assert store.has_stopped
        with pytest.raises(JournalIOError, match="takes no more"):
            commits(store, 1)


@pytest.mark.parametrize("before", [1, 2, 3, 10, 60])
def test_a_wal_cut_to_half_in_the_middle_of_a_large_commit_halts_the_journal(
    tmp_path: Path, before: int
) -> None:
    with JournalStore.create(tmp_path, META) as store:
        commits(store, before)
        appender = store._appender
        assert appender is not None
        commit, path = appender._commit_chunks, tmp_path / "journal.db-wal"

        def cut_before_its_last_frame(
            events: Sequence[TradingEvent], input_no: int, operations: Sequence[Operation]
        ) -> Tail:
            known, tail = path.stat().st_size, commit(events, input_no, operations)
            frame = path.read_bytes()[-FRAME_BYTES:]
            place = path.stat().st_size - FRAME_BYTES
            os.truncate(path, place)
            assert place // 2 > known, "the cut is to be in what this commit has written"
            halve(path)
            with path.open("r+b") as wal:
                wal.seek(place)
                wal.write(frame)
            return tail

        appender._commit_chunks = cut_before_its_last_frame  # type: ignore[method-assign]
        number = store.last_input_no + 1
        text = "x" * FRAME_BYTES * (before * 10 + 20)
        large = Operation(ts=number, kind="note", detail={"text": text})
        with pytest.raises(JournalIOError, match="cut from outside, and has a hole"):
            store.append([], input_no=number, operations=[large])


@pytest.mark.parametrize("torn", [1, 40, 1_000, 4_119, 4_121, 9_000])
def test_a_part_of_a_frame_that_a_full_disk_left_is_no_cut(tmp_path: Path, torn: int) -> None:
    running, killed = tmp_path / "running", tmp_path / "killed"
    with JournalStore.create(running, META) as store:
        commits(store, 3)
        shutil.copytree(running, killed)
    with (killed / "journal.db-wal").open("ab") as wal:
        wal.write(bytes(torn))
    with JournalStore.open(killed, write=True) as store:
        commits(store, 60)
    with JournalStore.open(killed) as store:
        store.verify()
        assert store.last_input_no == 63


@pytest.mark.parametrize("name", FILES)
def test_a_cut_at_a_random_instant_is_noticed_within_a_second(tmp_path: Path, name: str) -> None:
    draw = random.Random(name)
    for number in range(10):
        directory = tmp_path / str(number)
        with JournalStore.create(directory, META) as store:
            commits(store, 1)
            timer = threading.Timer(draw.uniform(0, 0.03), halve, [directory / name])
            timer.start()
            with pytest.raises(JournalIOError, match="cut from outside"):
                commit_until(store, timer, 1.0)


def commit_until(store: JournalStore, timer: threading.Timer, within_s: float) -> None:
    """Commit until that fails, or for so long after the timer."""
    ends = float("inf")
    while time.monotonic() < ends:
        commits(store, 1)
        if not timer.is_alive():
            ends = min(ends, time.monotonic() + within_s)


async def test_a_cut_is_noticed_while_nothing_is_committed(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        commits(store, 5)

        async def publish(_: object) -> None:
            raise AssertionError("nothing was put")

        recorder = TradeRecorder(store, publish)
        halve(tmp_path / "journal.db-wal")
        with anyio.fail_after(30), pytest.raises(JournalIOError, match="cut from outside"):
            await recorder.run()


def test_what_a_cut_left_is_refused_by_the_next_start(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        for input_no, events in by_input(sample_events()[:12]):
            store.append(events, input_no=input_no)
        halve(tmp_path / "journal.db-wal")
        with pytest.raises(JournalIOError):
            store.check_files()
    with pytest.raises(JournalCorrupt, match="committed work is missing"):
        JournalStore.open(tmp_path, write=True)


def test_files_are_left_to_the_commit_that_is_under_way(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        commits(store, 2)
        halve(tmp_path / "head")
        assert store._appender is not None
        with store._appender._busy:
            store.check_files()
        with pytest.raises(JournalIOError, match="cut from outside"):
            store.check_files()
