"""Reads a whole journal and says whether it is what was written (reliability.md A5)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.domain.events import EVENT_VERSION, TradingEvent, decode_event
from daemon.errors import JournalCorrupt
from daemon.journal.base import (
    BASE_TABLES,
    VIEWS_WITH_BASE,
    archived_operations,
    base_link,
    has_base,
    read_base,
)
from daemon.journal.files import database_errors
from daemon.journal.head import Tail
from daemon.journal.schema import (
    SCHEMA_VERSION,
    TABLES,
    VIEWS,
    JournalMeta,
    chain,
    decode_operation,
    genesis,
)

_ADVICE: Final = (
    "the journal was altered or damaged; leave it as it is, restore the directory from a backup, "
    "or start a new run"
)


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found: how much there is, and where both chains end.

    `unfinished` events belong to an input whose cursor was never committed: they were never
    shown, and the next writer takes them out and decides that input again.
    """

    events: int
    operations: int
    unfinished: int
    tail: Tail
    head: Tail


def read_meta(connection: sqlite3.Connection, path: Path) -> JournalMeta:
    """The journal's meta. Raises JournalCorrupt for another version, naming both."""
    with database_errors(path):
        rows = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    ours = {"schema_version": SCHEMA_VERSION, "event_version": EVENT_VERSION}
    for key, version in ours.items():
        if rows.get(key) != str(version):
            raise JournalCorrupt(
                f"{path}: its {key} is {rows.get(key)}, this program reads {version}; "
                "open it with the program that wrote it, or start a new run"
            )
    try:
        return msgspec.convert(rows, JournalMeta, strict=False)
    except msgspec.ValidationError as error:
        raise JournalCorrupt(f"{path}: its meta cannot be read ({error}); {_ADVICE}") from error


def cursor_hash(tail: Tail) -> bytes:
    """The cursor row's own hash: it decides where a recovered run goes on."""
    return chain(tail.hash + tail.op_hash, b"%d %d %d" % tail.place)


def first_link(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> Tail:
    """What both chains begin with: the base if there is one, else nothing but meta.

    Raises JournalCorrupt or JournalIOError.
    """
    seq, link = base_link(connection, path) or (0, genesis(meta, "events"))
    return Tail(seq=seq, hash=link, op_seq=0, op_hash=genesis(meta, "operations"), input_no=0)


def read_tail(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> Tail:
    """Where the cursor says the journal ends. Raises JournalCorrupt if its hash is wrong."""
    first = first_link(connection, path, meta)
    with database_errors(path):
        cursor = connection.execute("SELECT input_no, seq, op_seq, hash FROM cursor").fetchall()
        if len(cursor) != 1:
            raise JournalCorrupt(f"{path}: expected one cursor, was {len(cursor)}; {_ADVICE}")
        input_no, seq, op_seq, stored = cursor[0]
        if not all(isinstance(number, int) for number in cursor[0][:3]):
            raise JournalCorrupt(f"{path}: the cursor {cursor[0][:3]} is not numbers; {_ADVICE}")
        tail = Tail(
            seq=seq,
            hash=event_hash(connection, seq) or first.hash,
            op_seq=op_seq,
            op_hash=operation_hash(connection, op_seq) or first.op_hash,
            input_no=input_no,
        )
    if stored != cursor_hash(tail) or seq < first.seq:
        raise JournalCorrupt(
            f"{path}: the cursor (input {input_no}, seq {seq}) does not match its hash; {_ADVICE}"
        )
    return tail


def event_hash(connection: sqlite3.Connection, seq: int) -> bytes | None:
    """The hash that is stored with an event, None if there is no such row."""
    return _hash_at(connection, "SELECT hash FROM events WHERE seq = ?", seq)


def operation_hash(connection: sqlite3.Connection, op_seq: int) -> bytes | None:
    """The hash that is stored with an operation, None if there is no such row."""
    return _hash_at(connection, "SELECT hash FROM operations WHERE op_seq = ?", op_seq)


def _hash_at(connection: sqlite3.Connection, query: str, number: int) -> bytes | None:
    row = connection.execute(query, (number,)).fetchone()
    if row is None:
        return None
    return row[0] if isinstance(row[0], bytes) else b""


def verify_database(
    connection: sqlite3.Connection, path: Path, head: Tail, start: Tail | None = None
) -> VerifyReport:
    """Check everything in one snapshot of SQLite; `head` must have been read before it.

    With `start`, a place whose rows were found in the journal with these hashes, the chains are
    walked only from there; before it only the numbering is checked. Raises JournalCorrupt with
    what is wrong, where, and what to do.
    """
    with database_errors(path):
        connection.execute("BEGIN")
        try:
            return _verify(connection, path, head, start)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _verify(
    connection: sqlite3.Connection, path: Path, head: Tail, start: Tail | None
) -> VerifyReport:
    meta = read_meta(connection, path)
    _check_schema(connection, path)
    tail = read_tail(connection, path, meta)
    first = first_link(connection, path, meta)
    _check_reach(path, tail, head, first)
    _check_base(connection, path)
    begin = start or first
    events = _walk_events(connection, path, begin, head, first)
    operations = _walk_operations(connection, path, begin, head, first)
    _check_numbering(connection, path, first)
    if events < tail.seq or operations != tail.op_seq:
        raise JournalCorrupt(
            f"{path}: holds {events} events and {operations} operations, its cursor expects "
            f"{tail.seq} and {tail.op_seq}; {_ADVICE}"
        )
    return VerifyReport(
        events=tail.seq - first.seq,
        operations=operations,
        unfinished=events - tail.seq,
        tail=tail,
        head=head,
    )


def _check_reach(path: Path, tail: Tail, head: Tail, first: Tail) -> None:
    if any(ours < theirs for ours, theirs in zip(tail.place, head.place, strict=True)):
        raise JournalCorrupt(
            f"{path}: ends at event {tail.seq}, operation {tail.op_seq}, input {tail.input_no}, "
            f"but its head file has seen event {head.seq}, operation {head.op_seq}, input "
            f"{head.input_no}: committed work is missing, as when the WAL file is damaged or "
            f"removed; {_ADVICE}"
        )
    if head.seq < first.seq:
        raise JournalCorrupt(
            f"{path}: begins after event {first.seq}, but its head file has seen only event "
            f"{head.seq}: they are not of the same time; {_ADVICE}"
        )


def _check_base(connection: sqlite3.Connection, path: Path) -> None:
    base = read_base(connection, path)
    try:
        archived = archived_operations(connection)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(
            f"{path}: an archived operation cannot be read: {error}; {_ADVICE}"
        ) from error
    newest = archived[-1][0] if archived else None
    if newest != (base.op_seq if base is not None else None):
        raise JournalCorrupt(f"{path}: its base is not of the newest archive; {_ADVICE}")


def _check_numbering(connection: sqlite3.Connection, path: Path, first: Tail) -> None:
    """No row before the first, and those that a start from a snapshot skips are all there."""
    for table, key, before in (("events", "seq", first.seq), ("operations", "op_seq", 0)):
        query = f"SELECT count(*), min({key}), max({key}) FROM {table}"  # noqa: S608 - constants
        count, lowest, highest = connection.execute(query).fetchone()
        if count and (lowest, highest) != (before + 1, before + count):
            raise JournalCorrupt(
                f"{path}: {count} {table} are numbered {lowest} to {highest}, expected "
                f"{before + 1} to {before + count}; {_ADVICE}"
            )


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    expected: tuple[str, ...] = TABLES + VIEWS
    if has_base(connection):
        expected = TABLES + BASE_TABLES + VIEWS_WITH_BASE
    if sorted(str(row[0]) for row in found) != sorted(expected):
        raise JournalCorrupt(f"{path}: its tables or views were changed; {_ADVICE}")


def _walk_events(
    connection: sqlite3.Connection, path: Path, begin: Tail, head: Tail, first: Tail
) -> int:
    count, link = begin.seq, begin.hash
    if head.seq <= count:
        known = first.hash if head.seq == first.seq else event_hash(connection, head.seq)
        _check_head(path, "event", known, head.seq, head.hash)
    query = """SELECT seq, ts, input_no, order_id, event, body, hash FROM events
      WHERE seq > ? ORDER BY seq"""
    for seq, ts, input_no, order_id, name, body, stored in connection.execute(query, (count,)):
        count += 1
        link = _next_link(path, "event", count, seq, link, body, stored)
        event = decoded_event(path, seq, body)
        columns = (event.seq, event.ts, event.input_no, event.order_id, event_name(event))
        if columns != (seq, ts, input_no, order_id, name):
            raise JournalCorrupt(
                f"{path}: event {seq}: its columns differ from its body; {_ADVICE}"
            )
        if count == head.seq:
            _check_head(path, "event", link, head.seq, head.hash)
    return count


def _walk_operations(
    connection: sqlite3.Connection, path: Path, begin: Tail, head: Tail, first: Tail
) -> int:
    count, link = begin.op_seq, begin.op_hash
    if head.op_seq <= count:
        known = operation_hash(connection, head.op_seq) if head.op_seq else first.op_hash
        _check_head(path, "operation", known, head.op_seq, head.op_hash)
    query = "SELECT op_seq, ts, kind, body, hash FROM operations WHERE op_seq > ? ORDER BY op_seq"
    for op_seq, ts, kind, body, stored in connection.execute(query, (count,)):
        count += 1
        link = _next_link(path, "operation", count, op_seq, link, body, stored)
        try:
            operation = decode_operation(body)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"{path}: operation {op_seq}: {error}; {_ADVICE}") from error
        if (operation.ts, operation.kind) != (ts, kind):
            raise JournalCorrupt(
                f"{path}: operation {op_seq}: its columns differ from its body; {_ADVICE}"
            )
        if count == head.op_seq:
            _check_head(path, "operation", link, head.op_seq, head.op_hash)
    return count


def _next_link(
    path: Path, what: str, expected: int, number: Any, link: bytes, body: Any, stored: Any
) -> bytes:
    if number != expected:
        raise JournalCorrupt(f"{path}: expected {what} {expected}, was {number}; {_ADVICE}")
    if not isinstance(body, str) or chain(link, body.encode()) != stored:
        raise JournalCorrupt(f"{path}: {what} {expected} does not match its hash; {_ADVICE}")
    assert isinstance(stored, bytes)
    return stored


def decoded_event(path: Path, seq: int, body: str | bytes) -> TradingEvent:
    """The event, or JournalCorrupt that names it."""
    try:
        return decode_event(body)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(f"{path}: event {seq} cannot be read: {error}; {_ADVICE}") from error


def _check_head(path: Path, what: str, known: bytes | None, at: int, expected: bytes) -> None:
    if known != expected:
        raise JournalCorrupt(
            f"{path}: {what} {at} is not the one that its head file has seen; {_ADVICE}"
        )


def event_name(event: TradingEvent) -> str:
    """The tag that the event has in its JSON."""
    return str(type(event).__struct_config__.tag)
