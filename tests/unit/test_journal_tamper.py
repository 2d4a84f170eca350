"""A changed journal is never read as if it were whole (RELIABILITY A5)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.journal.head import SLOT_BYTES, Tail, read_head
from daemon.journal.recovery import recover, take_snapshot
from daemon.journal.schema import chain
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.journal.verify import _walk_operations
from tests.kit.sample_events import by_input, sample_events
from tests.kit.tiers import with_more_in_ci

META = JournalMeta(run_id="run-1", account="dev", program_version="0.1.0")
# From one flipped byte to the next: in coarse steps daily, in fine ones in CI.
FINE = {"journal.db": 61, "journal.db-wal": 307, "head": 11, "snapshot": 7}
COARSE = {"journal.db": 307, "journal.db-wal": 1009, "head": 97, "snapshot": 47}


def small_journal(directory: Path) -> None:
    with JournalStore.create(directory, META) as store:
        fill(store)


def fill(store: JournalStore, *, snapshot_after: int = 0) -> None:
    for input_no, events in by_input(sample_events()[:12]):
        note = Operation(ts=input_no, kind="note", detail={"input": input_no})
        store.append(events, input_no=input_no, operations=[note])
        if events[0].seq <= snapshot_after <= events[-1].seq:
            take_snapshot(store.directory)


def everything(directory: Path) -> tuple[object, ...]:
    """All that can be read; verified first."""
    with JournalStore.open(directory) as store:
        store.verify()
        views = [store.query(f"SELECT * FROM {name}") for name in ("orders", "fills", "positions")]
        return (
            tuple(store.event_lines()),
            tuple(store.operations()),
            store.last_input_no,
            store.meta,
            views,
        )


def refused(directory: Path, *, match: str = "") -> None:
    before = main_files(directory)
    with pytest.raises(JournalCorrupt, match=match):
        JournalStore.open(directory, write=True)
    assert main_files(directory) == before, "refused, but the files were changed"


def main_files(directory: Path) -> dict[str, bytes]:
    names = ("journal.db", "journal.db-wal", "head")
    found = (directory / name for name in names if (directory / name).exists())
    # An empty WAL is what any reader leaves behind.
    return {path.name: data for path in found if (data := path.read_bytes())}


@pytest.mark.parametrize(
    ("table", "key"), [("events", "seq"), ("operations", "op_seq"), ("cursor", "id")]
)
def test_every_flipped_byte_of_a_body_or_hash_is_detected(
    tmp_path: Path, table: str, key: str
) -> None:
    small_journal(tmp_path)
    with (
        closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as raw,
        JournalStore.open(tmp_path) as store,
    ):
        raw.execute("PRAGMA synchronous = OFF")
        columns = ("hash",) if table == "cursor" else ("body", "hash")
        flips = 0
        for column in columns:
            kind = "TEXT" if column == "body" else "BLOB"
            rows = raw.execute(f"SELECT {key}, CAST({column} AS BLOB) FROM {table}").fetchall()
            change = f"UPDATE {table} SET {column} = CAST(? AS {kind}) WHERE {key} = ?"
            for number, value in rows:
                for at in range(len(value)):
                    flipped = bytearray(value)
                    flipped[at] ^= 1 << (at % 8)
                    raw.execute(change, (bytes(flipped), number))
                    with pytest.raises(JournalCorrupt):
                        store.verify()
                    flips += 1
                raw.execute(change, (value, number))
        assert flips >= 16
        store.verify()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ("UPDATE events SET ts = ts + 1 WHERE seq = 3", "event 3: its columns differ"),
        ("UPDATE events SET input_no = 9 WHERE seq = 3", "event 3: its columns differ"),
        ("UPDATE events SET order_id = 'V3-20261118-000009' WHERE seq = 3", "columns differ"),
        ("UPDATE events SET event = 'created' WHERE seq = 3", "columns differ"),
        ("UPDATE operations SET kind = 'other' WHERE op_seq = 1", "operation 1: its columns"),
        ("UPDATE operations SET ts = 77 WHERE op_seq = 1", "operation 1: its columns"),
        ("DELETE FROM events WHERE seq = 5", "expected event 5, was 6"),
        ("DELETE FROM events WHERE seq = 12", "cursor"),
        ("DELETE FROM operations WHERE op_seq = 2", "expected operation 2, was 3"),
        ("UPDATE cursor SET input_no = input_no - 1", "cursor .* does not match its hash"),
        ("UPDATE cursor SET seq = seq - 1", "does not match its hash"),
        ("DELETE FROM cursor", "expected one cursor, was 0"),
        ("UPDATE meta SET value = 'other' WHERE key = 'account'", "hash"),
        ("UPDATE meta SET value = 'x' WHERE key = 'created_ts'", "its meta cannot be read"),
        ("DROP VIEW trades", "tables or views were changed"),
        ("DROP TABLE events", "damaged|changed"),
        ("INSERT INTO operations VALUES (9, 1, 'x', '{}', x'00')", "expected operation"),
    ],
)
def test_any_edit_with_a_shell_is_refused(tmp_path: Path, change: str, match: str) -> None:
    small_journal(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as raw:
        raw.execute(change)
    refused(tmp_path, match=match)


def test_a_rewritten_chain_is_refused_by_the_head(tmp_path: Path) -> None:
    small_journal(tmp_path / "a")
    with JournalStore.create(tmp_path / "b", META) as other:
        longer = [Operation(ts=1, kind="other")] * 9
        other.append(sample_events()[:16], input_no=9, operations=longer)
    shutil.copy(tmp_path / "b" / "journal.db", tmp_path / "a" / "journal.db")
    refused(tmp_path / "a", match="not the one that its head file has seen")


@pytest.mark.parametrize("stride", with_more_in_ci(211, more=[31]))
def test_every_nth_flipped_byte_of_the_database_is_detected_or_harmless(
    tmp_path: Path, stride: int
) -> None:
    small_journal(tmp_path)
    flipped_bytes_are_detected_or_harmless(tmp_path, tmp_path / "journal.db", stride=stride)


@pytest.mark.parametrize("stride", with_more_in_ci(1009, more=[211]))
def test_every_nth_flipped_byte_of_the_wal_is_detected_or_harmless(
    tmp_path: Path, stride: int
) -> None:
    wal = crashed_journal(tmp_path) / "journal.db-wal"
    flipped_bytes_are_detected_or_harmless(wal.parent, wal, stride=stride)


@pytest.mark.parametrize("stride", with_more_in_ci(53, more=[7]))
def test_every_nth_flipped_byte_of_the_head_is_detected_or_harmless(
    tmp_path: Path, stride: int
) -> None:
    small_journal(tmp_path)
    flipped_bytes_are_detected_or_harmless(tmp_path, tmp_path / "head", stride=stride)


def flipped_bytes_are_detected_or_harmless(directory: Path, target: Path, *, stride: int) -> None:
    original = {path: path.read_bytes() for path in directory.iterdir()}
    expected = read_afresh(directory, original)
    data = original[target]
    for at in range(0, len(data), stride):
        flipped = bytearray(data)
        flipped[at] ^= 1 << (at % 8)
        try:
            found = read_afresh(directory, original | {target: bytes(flipped)})
        except (JournalCorrupt, JournalIOError):
            continue
        assert found == expected, f"byte {at} of {target.name} changed what is read, unnoticed"


@pytest.mark.parametrize(
    ("target", "stride"),
    [
        *COARSE.items(),
        *(pytest.param(*each, marks=pytest.mark.ci) for each in FINE.items()),
    ],
)
def test_with_a_snapshot_a_flipped_byte_never_changes_what_is_recovered(
    tmp_path: Path, target: str, stride: int
) -> None:
    """The start reads only from the snapshot on: what it gives is right or it is refused."""
    directory = crashed_journal(tmp_path, snapshot_after=4)
    if target == "journal.db":
        with closing(sqlite3.connect(directory / "journal.db")) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    original = {path: path.read_bytes() for path in directory.iterdir()}
    expected = recovered_afresh(directory, original)
    assert expected[0].seq == 12
    [path] = [path for path in original if path.name.split("-0")[0] == target]
    for at in range(0, len(original[path]), stride):
        flipped = bytearray(original[path])
        flipped[at] ^= 1 << (at % 8)
        try:
            found = recovered_afresh(directory, original | {path: bytes(flipped)})
        except (JournalCorrupt, JournalIOError):
            assert target != "snapshot", "a snapshot is never a reason to refuse"
            continue
        assert found == expected, f"byte {at} of {target} changed what is recovered, unnoticed"


def recovered_afresh(directory: Path, files: dict[Path, bytes]) -> tuple[Ledger, Tail]:
    for path in directory.iterdir():
        path.unlink()
    for path, data in files.items():
        path.write_bytes(data)
    with JournalStore.open(directory, write=True) as store:
        return recover(store), store.tail


def read_afresh(directory: Path, files: dict[Path, bytes]) -> tuple[object, ...]:
    for path in directory.iterdir():
        path.unlink()
    for path, data in files.items():
        path.write_bytes(data)
    return everything(directory)


def crashed_journal(tmp_path: Path, *, snapshot_after: int = 0) -> Path:
    """What a killed process leaves: all the work is still in the WAL."""
    live, crashed = tmp_path / "live", tmp_path / "crashed"
    with JournalStore.create(live, META) as store:
        fill(store, snapshot_after=snapshot_after)
        crashed.mkdir()
        for path in live.iterdir():
            if path.name not in ("journal.db-shm", "lock"):
                shutil.copy(path, crashed / path.name)
    return crashed


def test_what_a_killed_process_left_is_recovered(tmp_path: Path) -> None:
    crashed = crashed_journal(tmp_path)
    with JournalStore.open(crashed, write=True) as store:
        assert list(store.events()) == sample_events()[:12]


@pytest.mark.parametrize("percent", [0, 10, 50, 90, 99])
def test_a_cut_wal_is_refused_and_the_files_are_untouched(tmp_path: Path, percent: int) -> None:
    crashed = crashed_journal(tmp_path)
    wal = crashed / "journal.db-wal"
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size * percent // 100])
    refused(crashed, match="committed work is missing")


def test_a_removed_wal_is_refused(tmp_path: Path) -> None:
    crashed = crashed_journal(tmp_path)
    (crashed / "journal.db-wal").unlink()
    refused(crashed, match="committed work is missing")


def test_a_head_one_commit_behind_is_what_a_crash_leaves(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        fill(store)
        before = (tmp_path / "head").read_bytes()
        events = sample_events()
        store.append(events[12:15], input_no=events[14].input_no)
    (tmp_path / "head").write_bytes(before)
    with JournalStore.open(tmp_path, write=True) as store:
        assert store.last_seq == 15


def empty(path: Path) -> None:
    path.write_bytes(b"")


def blank(path: Path) -> None:
    path.write_bytes(b" " * 2 * SLOT_BYTES)


@pytest.mark.parametrize("damage", [Path.unlink, empty, blank])
def test_a_lost_head_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    small_journal(tmp_path)
    damage(tmp_path / "head")
    refused(tmp_path, match="head file is missing or unreadable")


def test_a_torn_head_slot_leaves_the_one_before(tmp_path: Path) -> None:
    small_journal(tmp_path)
    newest = read_head(tmp_path / "head")
    data = bytearray((tmp_path / "head").read_bytes())
    marks = [data[at : at + 256].find(b'"seq":12,') for at in (0, SLOT_BYTES)]
    at = 0 if marks[0] >= 0 and marks[1] < 0 else SLOT_BYTES
    data[at + 100 : at + 256] = b" " * 156
    (tmp_path / "head").write_bytes(bytes(data))
    older = read_head(tmp_path / "head")
    assert older.place <= newest.place
    JournalStore.open(tmp_path, write=True).close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    small_journal(tmp_path)
    (tmp_path / "journal.db").write_bytes(b"not a database, but long enough to be read as one" * 99)
    refused(tmp_path, match="is damaged")


def test_an_operation_that_cannot_be_read_is_named_though_its_hash_is_right(
    tmp_path: Path,
) -> None:
    first = Tail(seq=0, hash=b"", op_seq=0, op_hash=b"", input_no=0)
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute("CREATE TABLE operations (op_seq, ts, kind, body, hash)")
        row = (1, 1, "note", "{}", chain(b"", b"{}"))
        raw.execute("INSERT INTO operations VALUES (?, ?, ?, ?, ?)", row)
        with pytest.raises(JournalCorrupt, match=r"operation 1: .* missing required field"):
            _walk_operations(raw, tmp_path, first, first)
