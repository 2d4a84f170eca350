"""The journal: round trip, versions, locks, chunks, failures."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import encode_event
from daemon.domain.ledger import Ledger
from daemon.errors import AlreadyRunning, JournalCorrupt, JournalIOError, UsageError
from daemon.journal import reader
from daemon.journal.files import connect
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.sample_events import by_input, many_events, sample_events

META = JournalMeta(run_id="run-1", account="dev", config_fingerprint="c0ffee", created_ts=1)
OPERATION = Operation(ts=5, kind="start", detail={"speed": "max", "pid_free": True, "gap": None})


def filled(directory: Path) -> JournalStore:
    store = JournalStore.create(directory, META)
    for input_no, events in by_input(sample_events()):
        store.append(events, input_no=input_no)
    return store


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    events = sample_events()
    with filled(tmp_path) as store:
        store.append([], input_no=99, operations=[OPERATION])
    with JournalStore.open(tmp_path) as store:
        assert list(store.events()) == events
        assert list(store.events(after=30)) == events[30:]
        assert list(store.event_lines()) == [encode_event(each) for each in events]
        assert list(store.operations()) == [OPERATION]
        assert (store.last_seq, store.last_input_no, store.meta) == (len(events), 99, META)
        assert store.verify().events == len(events)


@pytest.mark.parametrize("rows", [1, 7, 12, 36, 1_000])
def test_pages_of_any_size_give_every_event_and_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """36 events: pages that end before, at and after the last one."""
    monkeypatch.setattr(reader, "PAGE_ROWS", rows)
    events = many_events(3)
    operations = [Operation(ts=number, kind="start") for number in range(36)]
    with JournalStore.create(tmp_path, META) as store:
        store.append(events, input_no=events[-1].input_no, operations=operations)
    with JournalStore.open(tmp_path) as store:
        assert list(store.events()) == events
        assert list(store.events(after=20)) == events[20:]
        assert list(store.event_lines()) == [encode_event(each) for each in events]
        assert list(store.operations()) == operations
        assert list(store.operations(after=30)) == operations[30:]


def test_a_writer_that_comes_back_goes_on_where_it_was(tmp_path: Path) -> None:
    events = sample_events()
    for input_no, group in by_input(events):
        if JournalStore.exists(tmp_path):
            store = JournalStore.open(tmp_path, write=True)
        else:
            store = JournalStore.create(tmp_path, META)
        with store:
            assert store.last_seq == group[0].seq - 1
            store.append(group, input_no=input_no)
    with JournalStore.open(tmp_path) as store:
        assert list(store.events()) == events
        store.verify()


def test_the_same_events_give_the_same_journal_however_they_are_grouped(tmp_path: Path) -> None:
    events = sample_events()
    with filled(tmp_path / "a") as one, JournalStore.create(tmp_path / "b", META) as other:
        other.append(events, input_no=events[-1].input_no)
        assert one.verify().tail == other.verify().tail


@given(st.lists(st.integers(0, 12), max_size=12), st.data())
@settings(max_examples=25, deadline=None)
def test_any_batches_and_restarts_keep_the_chain(sizes: list[int], data: st.DataObject) -> None:
    events = many_events(10)
    with tempfile.TemporaryDirectory() as name:
        store = JournalStore.create(Path(name), META)
        done, operations = 0, 0
        for size in sizes:
            batch = events[done : done + size]
            noted = [OPERATION] * data.draw(st.integers(0, 2))
            input_no = batch[-1].input_no if batch else store.last_input_no
            store.append(batch, input_no=input_no, operations=noted)
            done += len(batch)
            operations += len(noted)
            if data.draw(st.booleans()):
                store.close()
                store = JournalStore.open(Path(name), write=True)
        with store:
            report = store.verify()
            assert (report.events, report.operations) == (done, operations)
            assert list(store.events()) == events[:done]
            ledger = Ledger()
            for event in events[:done]:
                ledger.apply(event)
            check_fold(store, ledger)


def test_every_connection_is_synchronous_full_and_wal(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        appender = store._appender
        assert appender is not None
        for connection in (store._reader, appender._connection):
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_that_left_wal_mode_is_refused(tmp_path: Path) -> None:
    filled(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    with pytest.raises(JournalCorrupt, match="expected wal, was delete"):
        JournalStore.open(tmp_path)
    with pytest.raises(JournalCorrupt) as kept:  # with it, the frames that know the connection
        connect(tmp_path / "journal.db", mode="rw")
    opened = [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.exists()]
    assert str(tmp_path / "journal.db") not in opened, kept


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with JournalStore.open(tmp_path) as store, pytest.raises(JournalIOError, match="readonly"):
        store.query("DELETE FROM events")


def test_a_reader_sees_new_commits_beside_the_writer(tmp_path: Path) -> None:
    groups = list(by_input(sample_events()))
    with JournalStore.create(tmp_path, META) as writer, JournalStore.open(tmp_path) as reader:
        for input_no, group in groups:
            writer.append(group, input_no=input_no)
            assert reader.last_seq == group[-1].seq
            assert len(list(reader.events())) == group[-1].seq
            assert reader.verify().events == group[-1].seq


def test_a_second_writer_is_refused_and_the_files_are_untouched(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with JournalStore.open(tmp_path, write=True):
        before = contents(tmp_path)
        with pytest.raises(AlreadyRunning, match="in use by another process"):
            JournalStore.open(tmp_path, write=True)
        with pytest.raises(AlreadyRunning):
            JournalStore.create(tmp_path, META)
        assert contents(tmp_path) == before
    JournalStore.open(tmp_path, write=True).close()


def test_there_is_nothing_to_open_in_an_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no journal"):
        JournalStore.open(tmp_path, write=True)
    assert contents(tmp_path) == {}


def test_a_run_is_not_created_over_another(tmp_path: Path) -> None:
    filled(tmp_path).close()
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="a journal already"):
        JournalStore.create(tmp_path, META)
    assert contents(tmp_path) == before


def test_a_lost_database_is_not_silently_begun_anew(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "journal.db").unlink()
    with pytest.raises(JournalCorrupt, match=r"journal\.db is missing"):
        JournalStore.create(tmp_path, META)


def test_a_creation_that_was_killed_half_way_is_made_again(tmp_path: Path) -> None:
    JournalStore.create(tmp_path, META).close()
    (tmp_path / "journal.db").rename(tmp_path / "journal.db.new")
    JournalStore.create(tmp_path, META).close()
    assert not (tmp_path / "journal.db.new").exists()


@pytest.mark.parametrize("key", ["schema_version", "event_version"])
def test_another_version_is_refused_naming_both(tmp_path: Path, key: str) -> None:
    meta = msgspec.structs.replace(META, **{key: 7})
    with pytest.raises(JournalCorrupt, match=r"is (7/2|2/7), this program reads 1/1 and 2/2"):
        JournalStore.create(tmp_path, meta)


def test_events_must_follow_each_other(tmp_path: Path) -> None:
    events = sample_events()
    with JournalStore.create(tmp_path, META) as store, pytest.raises(AssertionError):
        store.append(events[1:3], input_no=1)


def test_the_cursor_never_goes_back(tmp_path: Path) -> None:
    with filled(tmp_path) as store, pytest.raises(AssertionError):
        store.append([], input_no=0)


def test_a_directory_that_cannot_be_made_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalIOError, match="cannot be made"):
        JournalStore.create(tmp_path / "file" / "run", META)


def test_a_missing_file_is_an_io_error_not_damage(tmp_path: Path) -> None:
    with pytest.raises(JournalIOError, match="unable to open"):
        connect(tmp_path / "none.db", mode="ro")


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    store.close()


def test_a_large_append_is_few_statements(tmp_path: Path) -> None:
    """Each statement hands the interpreter's lock to the engine and waits to get it back."""
    events = many_events(400)
    statements: list[str] = []
    with JournalStore.create(tmp_path, META) as store:
        assert store._appender is not None
        connection = store._appender._connection
        connection.set_trace_callback(statements.append)
        store.append(events, input_no=events[-1].input_no)
        connection.set_trace_callback(None)
        assert list(store.events()) == events
    assert len(statements) < 40
