"""Close a journal of an older format and begin the one that continues from its end.

In this order, each step complete before the next: the old journal is verified and folded, its WAL
is emptied, its end is written to the head file, it is linked into `archive/journal-SEQ` and read
back there, and only then the new database takes its name in one rename. The head file is valid for
both. A kill before the rename leaves the old journal as it was, and the next start does all of it
again; after the rename nothing is left to be done.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.domain.events import EVENT_VERSION
from daemon.domain.ledger import Ledger
from daemon.errors import JournalIOError
from daemon.files.private import PRIVATE_DIRECTORY
from daemon.files.replace import replacing, sync_to_disk
from daemon.journal.appender import INSERT_OPERATION, SET_CURSOR
from daemon.journal.base import (
    ARCHIVED,
    BASE_TABLES,
    NewBase,
    digest_rows,
    encode_ledger,
    fold_version,
    with_kept,
)
from daemon.journal.creation import Statement, meta_rows
from daemon.journal.ends import cursor_hash
from daemon.journal.files import (
    DATABASE,
    HEAD,
    build_database,
    connect,
    database_errors,
    has_wal,
)
from daemon.journal.head import HeadFile, Tail
from daemon.journal.lock import DirectoryLock
from daemon.journal.past import closed_directory
from daemon.journal.recovery import fold
from daemon.journal.schema import (
    SCHEMA_VERSION,
    TABLES,
    JournalMeta,
    Operation,
    Previous,
    chain,
    continued_operation,
    encode_operation,
)
from daemon.journal.snapshots import list_snapshots
from daemon.journal.state import DayState, StateJournal, contract_operation, state_operation
from daemon.journal.store import JournalStore
from daemon.journal.views import VIEWS

_COPY_BYTES: Final = 1 << 20
_KEPT: Final = """SELECT seq, ts, input_no, order_id, event, body, hash FROM committed
WHERE order_id IN (SELECT value FROM json_each(?)) ORDER BY seq"""
Row = tuple[object, ...]


class TakenOver(NamedTuple):
    """A closed journal of an older format: where it is, and how it ended."""

    closed: Path
    seq: int
    open_positions: int
    unfinished: int
    """Events of an input that never completed, which were removed; they were never shown."""


class _Old(NamedTuple):
    """Everything that the new journal takes from the old one."""

    meta: JournalMeta
    tail: Tail
    ledger: Ledger
    ts: int
    input_no: int
    kept: list[Row]
    operations: list[Operation]
    unfinished: int


def take_over(directory: Path, *, program_version: str, now_ts: int) -> TakenOver | None:
    """Continue a journal of an older format in a new one; return None if it is of this format.

    `now_ts` UTC ns. Raises AlreadyRunning, JournalCorrupt (nothing was written), JournalIOError
    (the old journal is as it was).
    """
    lock = DirectoryLock(directory)
    try:
        with JournalStore.open_closed(directory) as store:
            if store.meta.schema_version == SCHEMA_VERSION:
                return None
            old = _read(store, now_ts)
        _settle(directory, old)
        closed = _close(directory, old.tail)
        statements = _statements(_new_meta(old, program_version, now_ts), old, closed.name, now_ts)
        build_database(directory / DATABASE, statements)
    except OSError as error:
        raise JournalIOError(
            f"{directory}: its journal of an older version cannot be closed "
            f"({error.strerror or error}); it is as it was"
        ) from error
    finally:
        lock.release()
    return TakenOver(closed, old.tail.seq, len(old.ledger.positions), old.unfinished)


def _read(store: JournalStore, now_ts: int) -> _Old:
    """Verify and fold the old journal, all of it. Raises JournalCorrupt."""
    unfinished = store.verify().unfinished
    ledger, tail, base = fold(store), store.tail, store.base()
    ts, input_no = (base.ts, base.input_no) if base is not None else (0, 0)
    for row in store.query("SELECT ts, input_no FROM events WHERE seq = ?", (tail.seq,)):
        ts, input_no = row["ts"], row["input_no"]
    live = msgspec.json.encode(list(ledger.orders)).decode()
    kept = [tuple(row.values()) for row in store.query(_KEPT, (live,))]
    return _Old(
        store.meta, tail, ledger, ts, input_no, kept, _state(store, ledger, now_ts), unfinished
    )


def _state(store: JournalStore, ledger: Ledger, now_ts: int) -> list[Operation]:
    """Return the operations that bring the old journal's state into the new one."""
    found = StateJournal(store)
    symbols = {order.tradingsymbol for order in ledger.orders.values()}
    rows = [row for symbol, row in found.contracts.items() if symbol in symbols]
    operations = [contract_operation(row, ts=now_ts) for row in rows]
    if found.known != DayState():
        operations.append(state_operation(found.known, ts=now_ts))
    return operations


def _settle(directory: Path, old: _Old) -> None:
    """Empty the WAL and bring the head to the end: the files are complete by themselves."""
    path = directory / DATABASE
    with closing(connect(path, mode="rw")) as connection, database_errors(path):
        if old.unfinished:
            connection.execute("DELETE FROM events WHERE seq > ?", (old.tail.seq,))
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy or has_wal(path):
        raise JournalIOError(
            f"{path}: another process reads it, so it cannot be closed for this version; end that "
            "one, then start again"
        )
    for name in (f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (directory / name).unlink(missing_ok=True)
    head = HeadFile(directory / HEAD)
    try:
        for _ in range(2):  # both slots: the new journal begins at this place
            head.write(old.tail)
    finally:
        head.close()
    for snapshot in list_snapshots(directory):
        snapshot.unlink()


def _close(directory: Path, tail: Tail) -> Path:
    """Put the old journal into its own directory and check that it is there. Raises OSError."""
    closed = closed_directory(directory, tail.seq)
    if closed.exists():  # an earlier start was killed
        shutil.rmtree(closed)
    closed.parent.mkdir(PRIVATE_DIRECTORY, exist_ok=True)
    closed.mkdir(PRIVATE_DIRECTORY)
    is_linked = _link(directory / DATABASE, closed / DATABASE)
    _copy(directory / HEAD, closed / HEAD)
    for folder in (closed, closed.parent, directory):
        sync_to_disk(folder)
    with JournalStore.open_closed(closed) as store:
        found = store.tail if is_linked else store.verify().tail
    if found != tail:
        raise JournalIOError(f"{closed}: is not what {directory} holds; that one is as it was")
    return closed


def _link(source: Path, target: Path) -> bool:
    """Link a file, or copy it where the file system has no links; return whether it was linked."""
    try:
        target.hardlink_to(source)
    except OSError:
        _copy(source, target)
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, replacing(target) as writer:
        shutil.copyfileobj(reader, writer, _COPY_BYTES)


def _new_meta(old: _Old, program_version: str, now_ts: int) -> JournalMeta:
    tail = old.tail
    return msgspec.structs.replace(
        old.meta,
        program_version=program_version,
        created_ts=now_ts,
        schema_version=SCHEMA_VERSION,
        event_version=EVENT_VERSION,
        previous=Previous(
            seq=tail.seq, hash=tail.hash.hex(), op_seq=tail.op_seq, op_hash=tail.op_hash.hex()
        ),
    )


def _statements(meta: JournalMeta, old: _Old, file: str, ts: int) -> list[Statement]:
    """Return the statements that make the new database: its base is the end of the old journal."""
    tail = old.tail
    base = NewBase(
        first_seq=1, seq=tail.seq, ts=old.ts, input_no=old.input_no, hash=tail.hash,
        ledger=encode_ledger(old.ledger).decode(), file=file, fold=fold_version(),
    )  # fmt: skip
    signed = msgspec.structs.asdict(base.signature(digest_rows(old.kept)))
    operations = [
        continued_operation(meta, ts=ts, old=old.meta.program_version, new=meta.program_version,
                            events=tail.seq, open_positions=len(old.ledger.positions)),
        Operation(ts=ts, kind=ARCHIVED, detail=signed),
        *old.operations,
    ]  # fmt: skip
    rows, end = _operation_rows(operations, tail)
    base_row = (1, base.seq, base.ts, base.input_no, base.hash, tail.op_seq + 2, base.ledger)
    return [
        *((statement, ()) for statement in TABLES + BASE_TABLES + with_kept(VIEWS)),
        *meta_rows(meta),
        ("INSERT INTO base VALUES (?, ?, ?, ?, ?, ?, ?)", base_row),
        *(("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?)", row) for row in old.kept),
        *((INSERT_OPERATION, row) for row in rows),
        (SET_CURSOR, (end.input_no, end.seq, end.op_seq, cursor_hash(end))),
    ]


def _operation_rows(operations: list[Operation], tail: Tail) -> tuple[list[Row], Tail]:
    rows: list[Row] = []
    number, link = tail.op_seq, tail.op_hash
    for operation in operations:
        number += 1
        body = encode_operation(operation)
        link = chain(link, body)
        rows.append((number, operation.ts, operation.kind, body.decode(), link))
    return rows, msgspec.structs.replace(tail, op_seq=number, op_hash=link)
