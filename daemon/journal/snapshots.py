"""Snapshots: the ledger at one event, kept next to the journal so that a start is quick.

A snapshot is never authoritative: one that does not fit the journal is skipped with a note, and an
older one or the whole fold is used. A file is a checksum and a header on one line, the ledger as
JSON on the next.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from daemon.domain.dates import ist_day
from daemon.domain.ledger import Ledger
from daemon.errors import JournalIOError
from daemon.files.replace import replacing
from daemon.journal.base import decode_ledger, digest, encode_ledger, fold_version
from daemon.journal.ends import event_hash, first_link, operation_hash, read_tail
from daemon.journal.files import database_errors
from daemon.journal.head import Tail
from daemon.journal.schema import JournalMeta, genesis

SNAPSHOT_VERSION: Final = 1
SNAPSHOT_EVERY: Final = 50_000
"""Events between two snapshots: half a second of folding at a start."""
KEPT_SNAPSHOTS: Final = 2
_PATTERN: Final = "snapshot-*"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Which journal's ledger it is, by which fold and at which place.

    `genesis` is what the journal's chain begins with, so a snapshot belongs to one journal. `fold`
    is the digest of the code that folds: another fold may give another ledger.
    """

    version: int
    fold: bytes
    genesis: bytes
    ts: int
    """The time of the last event, UTC ns; 0 for none."""
    tail: Tail


class Snapshot(msgspec.Struct, kw_only=True):
    """A snapshot whose checksum is right; `body` is the ledger as JSON and a newline."""

    header: Header
    body: memoryview
    decoded: Ledger | None = None
    """The ledger of `body`, until it is taken: a large one takes seconds to decode."""

    @property
    def tail(self) -> Tail:
        """The place in both chains."""
        return self.header.tail

    @property
    def seq(self) -> int:
        """The last event that is in the ledger."""
        return self.header.tail.seq

    def ledger(self) -> Ledger:
        """Return the ledger, a new one at each call. Raises msgspec.MsgspecError."""
        decoded, self.decoded = self.decoded, None
        return decoded or decode_ledger(self.body)


class UnfitSnapshot(ValueError):
    """A snapshot that is of no use for this journal; the text says why."""


def snapshot_path(directory: Path, seq: int) -> Path:
    """Return the path of the snapshot at `seq`."""
    return directory / f"snapshot-{seq:012d}"


def list_snapshots(directory: Path) -> list[Path]:
    """Return the snapshot files, newest first, without reading them. Raises JournalIOError."""
    try:
        return sorted(directory.glob("snapshot-" + "[0-9]" * 12), reverse=True)
    except OSError as error:
        raise JournalIOError(f"{directory}: cannot be listed ({error.strerror})") from error


def newest_seq(directory: Path) -> int:
    """Return the seq of the newest snapshot file by its name, 0 without one."""
    return max((named_seq(path) for path in list_snapshots(directory)), default=0)


def write_snapshot(
    directory: Path, meta: JournalMeta, tail: Tail, ledger: Ledger, *, ts: int
) -> Path:
    """Write the ledger at `tail` complete or not at all, and prune. Raises OSError."""
    assert ledger.seq == tail.seq, (ledger.seq, tail.seq)
    header = _header(meta, tail, ts)
    content = msgspec.json.encode(header) + b"\n" + encode_ledger(ledger) + b"\n"
    path = snapshot_path(directory, tail.seq)
    with replacing(path) as file:
        file.write(digest(content).hex().encode() + b" ")
        file.write(content)
    prune(directory)
    return path


def snapshot_in_memory(meta: JournalMeta, tail: Tail, ledger: Ledger) -> Snapshot:
    """Return a snapshot of the ledger at `tail`, which may be changed once it is taken."""
    header = _header(meta, tail, ts=0)
    return Snapshot(header=header, body=memoryview(encode_ledger(ledger)), decoded=ledger)


def _header(meta: JournalMeta, tail: Tail, ts: int) -> Header:
    return Header(
        version=SNAPSHOT_VERSION,
        fold=fold_version(),
        genesis=genesis(meta, "events"),
        ts=ts,
        tail=tail,
    )


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot and check its checksum. Raises UnfitSnapshot saying what is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnfitSnapshot(f"cannot be read ({error.strerror})") from error
    check, _, first = data[: data.find(b"\n") + 1].partition(b" ")
    content = memoryview(data)[len(check) + 1 :]  # a copy of a large ledger costs a second
    if check != digest(content).hex().encode():
        raise UnfitSnapshot("is damaged")
    try:
        header = msgspec.json.decode(first, type=Header)
    except msgspec.MsgspecError as error:
        raise UnfitSnapshot("is of another version") from error
    return Snapshot(header=header, body=content[len(first) :])


def newest_fitting(
    connection: sqlite3.Connection,
    directory: Path,
    meta: JournalMeta,
    upto_seq: int | None,
    *,
    decoded: bool,
) -> tuple[Snapshot | None, list[str]]:
    """Return the newest snapshot of this very journal, up to `upto_seq`.

    `decoded` if the ledger is wanted and not only the place. Also returns notes about those that
    were skipped. Raises JournalCorrupt or JournalIOError if the journal itself cannot be read.
    """
    notes: list[str] = []
    for path in list_snapshots(directory):
        if upto_seq is not None and named_seq(path) > upto_seq:
            continue
        try:
            snapshot = read_snapshot(path)
            check_version(snapshot)
            _check_place(connection, directory, meta, snapshot)
            if decoded:
                decode_snapshot(snapshot)
        except UnfitSnapshot as error:
            notes.append(f"{path}: the snapshot {error}; it is passed over")
            continue
        if named_seq(path) == snapshot.seq:
            return snapshot, notes
        notes.append(f"{path}: the snapshot is of event {snapshot.seq}; it is passed over")
    return None, notes


def check_version(snapshot: Snapshot) -> None:
    """Raise UnfitSnapshot unless this program would have written the same ledger."""
    version = snapshot.header.version
    if version != SNAPSHOT_VERSION:
        raise UnfitSnapshot(f"is of version {version}, this program writes {SNAPSHOT_VERSION}")
    if snapshot.header.fold != fold_version():
        raise UnfitSnapshot("was written by another version of the program")


def decode_snapshot(snapshot: Snapshot) -> None:
    """Decode the ledger ahead of its use. Raises UnfitSnapshot."""
    try:
        ledger = snapshot.decoded = snapshot.ledger()
    except msgspec.MsgspecError as error:
        raise UnfitSnapshot(f"cannot be decoded ({error})") from error
    if ledger.seq != snapshot.seq:
        raise UnfitSnapshot(f"has a ledger of event {ledger.seq}, not {snapshot.seq}")


def _check_place(
    connection: sqlite3.Connection, directory: Path, meta: JournalMeta, snapshot: Snapshot
) -> None:
    if snapshot.header.genesis != genesis(meta, "events"):
        raise UnfitSnapshot("belongs to another journal")
    place = snapshot.tail
    path = directory / "journal.db"
    tail = read_tail(connection, path, meta)
    if any(ours > theirs for ours, theirs in zip(place.place, tail.place, strict=True)):
        raise UnfitSnapshot(f"is beyond the journal's end (event {tail.seq})")
    first = first_link(connection, path, meta)
    with database_errors(path):
        event = first.hash if place.seq == first.seq else event_hash(connection, place.seq)
        operation = operation_hash(connection, place.op_seq) if place.op_seq else first.op_hash
    if (event, operation) != (place.hash, place.op_hash):
        raise UnfitSnapshot("is not of this journal's events")


def prune(directory: Path) -> None:
    """Keep the two newest, and the newest of a day before the newest one's. Raises OSError.

    From the third a restart rebuilds the ledger before today's inputs, however often the day was
    interrupted. Every other snapshot is removed.
    """
    paths = list_snapshots(directory)
    keep = set(paths[:KEPT_SNAPSHOTS])
    days = [(path, _day(path)) for path in paths]
    newest = days[0][1] if days else None
    if newest is not None:
        keep |= set([path for path, day in days if day is not None and day < newest][:1])
    for path in directory.glob(_PATTERN):
        if path not in keep:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _day(path: Path) -> int | None:
    """Return the IST day of a snapshot by its header alone."""
    try:
        with path.open("rb") as file:
            header = msgspec.json.decode(file.readline().partition(b" ")[2], type=Header)
    except (OSError, msgspec.MsgspecError):
        return None
    return ist_day(header.ts)


def named_seq(path: Path) -> int:
    """Return the seq in a snapshot's name."""
    return int(path.name.removeprefix("snapshot-"))
