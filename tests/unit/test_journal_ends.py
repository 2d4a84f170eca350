"""Where a journal begins and ends: the versions, the cursor and the first links."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from daemon.errors import JournalCorrupt
from daemon.journal.ends import (
    cursor_hash,
    event_hash,
    first_link,
    operation_hash,
    read_meta,
    read_tail,
)
from daemon.journal.head import Tail
from daemon.journal.schema import chain, genesis
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.sample_events import by_input, sample_events

META = JournalMeta(run_id="run-1", account="dev", program_version="0.1.0", created_ts=5)


def empty(directory: Path) -> Path:
    JournalStore.create(directory, META).close()
    return directory / "journal.db"


def filled(directory: Path) -> tuple[Path, Tail]:
    with JournalStore.create(directory, META) as store:
        for input_no, events in by_input(sample_events()[:12]):
            note = Operation(ts=input_no, kind="note")
            store.append(events, input_no=input_no, operations=[note])
        return directory / "journal.db", store.tail


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_an_empty_journal_begins_and_ends_with_nothing_but_meta(tmp_path: Path) -> None:
    path = empty(tmp_path)
    nothing = Tail(
        seq=0, hash=genesis(META, "events"), op_seq=0, op_hash=genesis(META, "operations"),
        input_no=0,
    )  # fmt: skip
    with raw(path) as connection:
        assert read_meta(connection, path) == META
        assert first_link(connection, path, META) == nothing
        assert read_tail(connection, path, META) == nothing
        assert event_hash(connection, 1) is None
        assert operation_hash(connection, 1) is None


def test_the_end_is_the_last_row_of_both_chains(tmp_path: Path) -> None:
    path, tail = filled(tmp_path)
    with raw(path) as connection:
        assert read_tail(connection, path, META) == tail
        assert event_hash(connection, 12) == tail.hash
        assert operation_hash(connection, tail.op_seq) == tail.op_hash
    assert tail.seq == 12
    assert tail.place == (12, tail.op_seq, tail.input_no)
    place = f"{tail.seq} {tail.op_seq} {tail.input_no}".encode()
    assert cursor_hash(tail) == chain(tail.hash + tail.op_hash, place)


@pytest.mark.parametrize("key", ["schema_version", "event_version"])
@pytest.mark.parametrize("other", ["0", "99", "x", None])
def test_another_version_is_named_and_refused(tmp_path: Path, key: str, other: str | None) -> None:
    path = empty(tmp_path)
    with raw(path) as connection:
        if other is None:
            connection.execute("DELETE FROM meta WHERE key = ?", (key,))
        else:
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (other, key))
        with pytest.raises(JournalCorrupt) as refused:
            read_meta(connection, path)
    named = rf"its schema_version/event_version is \S*{other}\S*, this program reads"
    assert re.search(named, str(refused.value))


def test_meta_that_is_no_meta_is_refused(tmp_path: Path) -> None:
    path = empty(tmp_path)
    with raw(path) as connection:
        connection.execute("UPDATE meta SET value = 'soon' WHERE key = 'created_ts'")
        with pytest.raises(JournalCorrupt, match="its meta cannot be read"):
            read_meta(connection, path)


@pytest.mark.parametrize(("change", "match"), [
    ("DELETE FROM cursor", "expected one cursor, was 0"),
    ("UPDATE cursor SET seq = seq - 1", "does not match its hash"),
    ("UPDATE cursor SET input_no = input_no + 1", "does not match its hash"),
    ("UPDATE cursor SET op_seq = op_seq - 1", "does not match its hash"),
    ("UPDATE cursor SET hash = x'00'", "does not match its hash"),
    ("UPDATE events SET hash = x'00' WHERE seq = 12", "does not match its hash"),
    ("UPDATE operations SET hash = x'00' WHERE op_seq = 2", None),
])  # fmt: skip
def test_a_cursor_that_is_not_as_it_was_written_is_refused(
    tmp_path: Path, change: str, match: str | None
) -> None:
    path, tail = filled(tmp_path)
    with raw(path) as connection:
        connection.execute(change)
        if match is None:  # not the last one: whoever reads the rows finds that
            assert read_tail(connection, path, META) == tail
            return
        with pytest.raises(JournalCorrupt, match=match):
            read_tail(connection, path, META)


@pytest.mark.parametrize("column", ["input_no", "seq", "op_seq"])
def test_a_cursor_of_no_numbers_is_refused(tmp_path: Path, column: str) -> None:
    path, _ = filled(tmp_path)
    with raw(path) as connection:
        kept = connection.execute("SELECT * FROM cursor").fetchall()
        connection.execute("DROP TABLE cursor")
        connection.execute("CREATE TABLE cursor (id, input_no, seq, op_seq, hash)")
        connection.execute("INSERT INTO cursor VALUES (?, ?, ?, ?, ?)", kept[0])
        assert read_tail(connection, path, META).seq == 12
        connection.execute(f"UPDATE cursor SET {column} = 'x'")
        with pytest.raises(JournalCorrupt, match="is not numbers"):
            read_tail(connection, path, META)
        connection.execute("INSERT INTO cursor VALUES (2, 1, 1, 1, x'00')")
        with pytest.raises(JournalCorrupt, match="expected one cursor, was 2"):
            read_tail(connection, path, META)


def test_a_hash_that_is_no_bytes_is_no_hash() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE events (seq, hash)")
        connection.execute("INSERT INTO events VALUES (1, 'text'), (2, x'00')")
        assert [event_hash(connection, seq) for seq in (1, 2, 3)] == [b"", b"\x00", None]
