"""Snapshots make a start quick and are never the truth."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt, JournalIOError, UsageError
from daemon.journal import snapshot_task, snapshots
from daemon.journal.base import encode_ledger
from daemon.journal.recovery import fold, recover, take_snapshot
from daemon.journal.snapshots import list_snapshots, read_snapshot, snapshot_path
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.journal.writer import Batch, Committed, TradeRecorder
from tests.kit.sample_events import (
    EventWriter,
    by_input,
    many_events,
    sample_events,
    worked_example,
)

META = JournalMeta(run_id="account-dev", account="dev")
NOTE = Operation(ts=5, kind="gap", detail={"seconds": 3})
DAY_NS = 86_400_000_000_000


def journal(directory: Path, events: list[TradingEvent], *, cuts: tuple[int, ...] = ()) -> None:
    """A journal of `events` with a snapshot after each input that ends at or beyond a cut."""
    waiting = sorted(cuts)
    with JournalStore.create(directory, META) as store:
        for input_no, group in by_input(events):
            store.append(group, input_no=input_no, operations=[NOTE])
            if waiting and group[-1].seq >= waiting[0]:
                waiting.pop(0)
                take_snapshot(directory)


def the_same(one: Ledger, other: Ledger) -> bool:
    """Equal, and in the same order: the engine goes through the dicts in it."""
    return one == other and encode_ledger(one) == encode_ledger(other)


@given(
    st.lists(st.integers(1, 60), max_size=4),
    st.lists(st.sampled_from(["flip", "cut", "remove", "swap", "empty"]), max_size=3),
    st.integers(0, 60),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_recovery_equals_the_fold_whatever_became_of_the_snapshots(
    cuts: list[int], damages: list[str], upto: int, random: object
) -> None:
    events = sample_events(archive=False)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        journal(directory, events, cuts=tuple(cuts))
        for path, damage in zip(list_snapshots(directory), damages, strict=False):
            DAMAGES[damage](path)
        with JournalStore.open(directory, write=True) as store:
            assert the_same(recover(store), fold(store))
            upto = min(upto, store.last_seq)
            expected = Ledger()
            for event in events[:upto]:
                expected.apply(event)
            assert the_same(recover(store, upto), expected)
            assert the_same(fold(store, upto), expected)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def swap(path: Path) -> None:
    path.rename(snapshot_path(path.parent, 1))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flip": flip,
    "cut": cut,
    "remove": Path.unlink,
    "swap": swap,
    "empty": lambda path: path.write_bytes(b""),
}


def test_a_start_walks_the_chain_only_from_the_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = many_events(20)
    journal(tmp_path, events, cuts=(200,))
    [path] = list_snapshots(tmp_path)
    seq = read_snapshot(path).seq
    walked: list[int] = []
    events_after = JournalStore.events

    def watched(self: JournalStore, after: int = 0) -> Iterator[TradingEvent]:
        walked.append(after)
        return events_after(self, after)

    monkeypatch.setattr(JournalStore, "events", watched)
    with JournalStore.open(tmp_path, write=True) as store:
        assert recover(store).seq == len(events)
        assert (walked, store.notes) == ([seq], [])


def test_a_start_reads_its_snapshot_once_however_often_it_folds_and_again_after_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = many_events(20)
    journal(tmp_path, events[:-1], cuts=(200,))
    read: list[Path] = []
    read_file = Path.read_bytes

    def watched(path: Path) -> bytes:
        if path.name.startswith("snapshot-"):
            read.append(path)
        return read_file(path)

    monkeypatch.setattr(Path, "read_bytes", watched)
    with JournalStore.open(tmp_path, write=True) as store:
        first, second = recover(store), recover(store)
        assert first == second
        assert first is not second
        assert first.orders is not second.orders
        assert len(read) == 1
        store.append(events[-1:], input_no=events[-1].input_no)
        assert recover(store).seq == len(events)
        assert len(read) == 2


@pytest.mark.parametrize("damage", ["flip", "cut", "swap", "empty"])
def test_a_snapshot_that_does_not_fit_is_passed_over_loudly(tmp_path: Path, damage: str) -> None:
    journal(tmp_path, sample_events(), cuts=(12,))
    DAMAGES[damage](list_snapshots(tmp_path)[0])
    with JournalStore.open(tmp_path, write=True) as store:
        assert the_same(recover(store), fold(store))
        [note] = store.notes
        assert "it is passed over" in note


def test_a_snapshot_of_another_journal_is_passed_over(tmp_path: Path) -> None:
    journal(tmp_path / "a", sample_events(), cuts=(12,))
    other = JournalMeta(run_id="other", account="dev")
    with JournalStore.create(tmp_path / "b", other) as store:
        store.append(sample_events(), input_no=sample_events()[-1].input_no)
    [path] = list_snapshots(tmp_path / "a")
    (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
    with JournalStore.open(tmp_path / "b", write=True) as store:
        assert recover(store).seq == len(sample_events())
        assert "belongs to another journal" in store.notes[0]


def test_a_snapshot_beyond_the_journal_is_passed_over(tmp_path: Path) -> None:
    """As when the journal was restored from a backup and the snapshots were not."""
    journal(tmp_path / "a", sample_events(), cuts=(12, 30))
    journal(tmp_path / "b", sample_events()[:12])
    newest = list_snapshots(tmp_path / "a")[0]
    (tmp_path / "b" / newest.name).write_bytes(newest.read_bytes())
    with JournalStore.open(tmp_path / "b", write=True) as store:
        assert recover(store).seq == 12
        assert "beyond the journal's end" in store.notes[0]


@pytest.mark.parametrize("name", ["SNAPSHOT_VERSION", "fold_version"])
def test_a_snapshot_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    journal(tmp_path, sample_events(), cuts=(12,))
    newer = 2 if name == "SNAPSHOT_VERSION" else (lambda: b"another")
    monkeypatch.setattr(snapshots, name, newer)
    with JournalStore.open(tmp_path, write=True) as store:
        assert recover(store).seq == len(sample_events())
        assert "version" in store.notes[0]


def test_a_snapshot_whose_ledger_is_none_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "encode_ledger", lambda _: b'{"seq": "twelve"}')
        journal(tmp_path, sample_events(), cuts=(12,))
    with JournalStore.open(tmp_path, write=True) as store:
        assert the_same(recover(store), fold(store))
        [note] = store.notes
        assert "cannot be decoded" in note


def test_the_two_newest_and_the_day_before_are_kept(tmp_path: Path) -> None:
    w = EventWriter()
    with JournalStore.create(tmp_path, META) as store:
        ends = []
        for day in range(3):
            for _ in range(4):
                worked_example(w)
                store.append(w.events[store.last_seq :], input_no=w.input_no)
                take_snapshot(tmp_path)
                ends.append((day, store.last_seq))
            w.next_input(DAY_NS)
    kept = [read_snapshot(path).seq for path in list_snapshots(tmp_path)]
    today = [seq for day, seq in ends if day == 2]
    yesterday = [seq for day, seq in ends if day == 1]
    assert kept == [today[-1], today[-2], yesterday[-1]]


def test_a_snapshot_is_not_taken_twice_at_one_place(tmp_path: Path) -> None:
    journal(tmp_path, sample_events())
    assert take_snapshot(tmp_path) == snapshot_path(tmp_path, len(sample_events()))
    assert take_snapshot(tmp_path) is None


def test_a_snapshot_that_is_not_wanted_any_more_is_given_up(tmp_path: Path) -> None:
    journal(tmp_path, many_events(90))
    assert take_snapshot(tmp_path, lambda: True) is None
    assert list_snapshots(tmp_path) == []


def test_events_that_the_journal_does_not_have_cannot_be_folded(tmp_path: Path) -> None:
    journal(tmp_path, sample_events()[:12])
    with JournalStore.open(tmp_path) as store, pytest.raises(UsageError, match="event 13"):
        recover(store, 13)


def test_the_last_event_before_a_time_is_found(tmp_path: Path) -> None:
    events = sample_events()
    journal(tmp_path, events)
    with JournalStore.open(tmp_path) as store:
        for ts in {event.ts + offset for event in events for offset in (-1, 0, 1)}:
            assert store.seq_before(ts) == sum(event.ts < ts for event in events)


def test_unfinished_events_are_never_in_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = many_events(4)
    with JournalStore.create(tmp_path, META) as store:
        store.append(events[:12], input_no=events[11].input_no)
        assert store._appender is not None
        connection = store._appender._connection
        taken: list[Path | None] = []

        def watch(statement: str) -> None:
            if statement == "COMMIT":
                taken.append(take_snapshot(tmp_path))

        monkeypatch.setattr("daemon.journal.appender.CHUNK_EVENTS", 7)
        connection.set_trace_callback(watch)
        store.append(events[12:], input_no=events[-1].input_no)
        connection.set_trace_callback(None)
    assert taken == [snapshot_path(tmp_path, 12)] + [None] * 5


async def record(recorder: TradeRecorder, work: list[Batch]) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(recorder.run)
        for batch in work:
            await recorder.put(batch)
        await recorder.close()


def one_by_one(events: list[TradingEvent]) -> list[Batch]:
    return [Batch(events=group, input_no=number) for number, group in by_input(events)]


async def published(fact: Committed) -> None:
    assert fact.seq


async def test_the_recorder_takes_snapshots_and_one_at_its_end(tmp_path: Path) -> None:
    events = many_events(10)
    with JournalStore.create(tmp_path, META) as store, anyio.fail_after(20):
        recorder = TradeRecorder(store, published, snapshot_every=30)
        await record(recorder, one_by_one(events))
    newest = read_snapshot(list_snapshots(tmp_path)[0])
    assert newest.seq == len(events)
    with JournalStore.open(tmp_path) as store:
        assert the_same(newest.ledger(), fold(store))


async def test_a_recorder_without_snapshots_writes_none(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store, anyio.fail_after(20):
        await record(TradeRecorder(store, published), one_by_one(many_events(10)))
    assert list_snapshots(tmp_path) == []


async def test_a_snapshot_that_cannot_be_written_does_not_stop_trading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise JournalIOError("no space")

    monkeypatch.setattr(snapshot_task, "take_snapshot", full)
    events = many_events(10)
    with JournalStore.create(tmp_path, META) as store, anyio.fail_after(20):
        await record(TradeRecorder(store, published, snapshot_every=30), one_by_one(events))
        assert store.last_seq == len(events)


async def test_a_journal_that_cannot_be_folded_stops_the_recorder(tmp_path: Path) -> None:
    moved = msgspec.structs.replace(sample_events()[1], seq=1)
    with JournalStore.create(tmp_path, META) as store, anyio.fail_after(20):
        recorder = TradeRecorder(store, published, snapshot_every=1)
        await recorder.put(Batch(events=[moved], input_no=1))
        with pytest.raises(JournalCorrupt, match="does not follow"):
            await recorder.run()


def test_a_changed_row_behind_the_snapshot_is_found_by_verify(tmp_path: Path) -> None:
    """What a quick start does not read again."""
    journal(tmp_path, sample_events(), cuts=(20,))
    change(tmp_path, "UPDATE events SET body = replace(body, 'orb', 'orc') WHERE seq = 1")
    with (
        JournalStore.open(tmp_path, write=True) as store,
        pytest.raises(JournalCorrupt, match="event 1 does not match its hash"),
    ):
        store.verify()


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("DELETE FROM events WHERE seq = 3", "events are numbered 1 to"),
        ("DELETE FROM operations WHERE op_seq = 2", "expected operation 2, was 3"),
        ("INSERT INTO operations VALUES (0, 1, 'x', '{}', x'00')", "expected operation 1, was 0"),
        ("UPDATE events SET body = '{}' WHERE seq = 50", "event 50 does not match its hash"),
    ],
)
def test_a_quick_start_still_refuses_missing_rows_and_what_is_behind_the_snapshot(
    tmp_path: Path, statement: str, match: str
) -> None:
    events = many_events(6)
    journal(tmp_path, events, cuts=(20,))
    change(tmp_path, statement)
    with pytest.raises(JournalCorrupt, match=match):
        JournalStore.open(tmp_path, write=True)


def change(directory: Path, statement: str) -> None:
    with closing(sqlite3.connect(directory / "journal.db", isolation_level=None)) as raw:
        raw.execute(statement)
