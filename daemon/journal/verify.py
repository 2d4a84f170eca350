"""Reads a whole journal and says whether it is what was written (reliability.md A5)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.domain.events import EVENT_VERSION, TradingEvent, decode_event
from daemon.errors import JournalCorrupt
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


def read_tail(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> Tail:
    """Where the cursor says the journal ends. Raises JournalCorrupt if its hash is wrong."""
    with database_errors(path):
        cursor = connection.execute("SELECT input_no, seq, op_seq, hash FROM cursor").fetchall()
        if len(cursor) != 1:
            raise JournalCorrupt(f"{path}: expected one cursor, was {len(cursor)}; {_ADVICE}")
        input_no, seq, op_seq, stored = cursor[0]
        if not all(isinstance(number, int) for number in cursor[0][:3]):
            raise JournalCorrupt(f"{path}: the cursor {cursor[0][:3]} is not numbers; {_ADVICE}")
        tail = Tail(
            seq=seq,
            hash=_hash_at(connection, "SELECT hash FROM events WHERE seq = ?", seq)
            or genesis(meta, "events"),
            op_seq=op_seq,
            op_hash=_hash_at(connection, "SELECT hash FROM operations WHERE op_seq = ?", op_seq)
            or genesis(meta, "operations"),
            input_no=input_no,
        )
    if stored != cursor_hash(tail):
        raise JournalCorrupt(
            f"{path}: the cursor (input {input_no}, seq {seq}) does not match its hash; {_ADVICE}"
        )
    return tail


def _hash_at(connection: sqlite3.Connection, query: str, number: int) -> bytes | None:
    row = connection.execute(query, (number,)).fetchone()
    if row is None:
        return None
    return row[0] if isinstance(row[0], bytes) else b""


def verify_database(connection: sqlite3.Connection, path: Path, head: Tail) -> VerifyReport:
    """Check everything in one snapshot; `head` must have been read before the snapshot.

    Raises JournalCorrupt with what is wrong, where, and what to do.
    """
    with database_errors(path):
        connection.execute("BEGIN")
        try:
            return _verify(connection, path, head)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _verify(connection: sqlite3.Connection, path: Path, head: Tail) -> VerifyReport:
    meta = read_meta(connection, path)
    _check_schema(connection, path)
    tail = read_tail(connection, path, meta)
    if any(ours < theirs for ours, theirs in zip(tail.place, head.place, strict=True)):
        raise JournalCorrupt(
            f"{path}: ends at event {tail.seq}, operation {tail.op_seq}, input {tail.input_no}, "
            f"but its head file has seen event {head.seq}, operation {head.op_seq}, input "
            f"{head.input_no}: committed work is missing, as when the WAL file is damaged or "
            f"removed; {_ADVICE}"
        )
    events = _walk_events(connection, path, genesis(meta, "events"), head)
    operations = _walk_operations(connection, path, genesis(meta, "operations"), head)
    if events < tail.seq or operations != tail.op_seq:
        raise JournalCorrupt(
            f"{path}: holds {events} events and {operations} operations, its cursor expects "
            f"{tail.seq} and {tail.op_seq}; {_ADVICE}"
        )
    return VerifyReport(
        events=tail.seq, operations=operations, unfinished=events - tail.seq, tail=tail, head=head
    )


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    if sorted(str(row[0]) for row in found) != sorted(TABLES + VIEWS):
        raise JournalCorrupt(f"{path}: its tables or views were changed; {_ADVICE}")


def _walk_events(connection: sqlite3.Connection, path: Path, link: bytes, head: Tail) -> int:
    count = 0
    _check_head(path, "event", count, link, head.seq, head.hash)
    query = "SELECT seq, ts, input_no, order_id, event, body, hash FROM events ORDER BY seq"
    for seq, ts, input_no, order_id, name, body, stored in connection.execute(query):
        count += 1
        link = _next_link(path, "event", count, seq, link, body, stored)
        event = _decoded_event(path, seq, body)
        columns = (event.seq, event.ts, event.input_no, event.order_id, event_name(event))
        if columns != (seq, ts, input_no, order_id, name):
            raise JournalCorrupt(
                f"{path}: event {seq}: its columns differ from its body; {_ADVICE}"
            )
        if count == head.seq:
            _check_head(path, "event", count, link, head.seq, head.hash)
    return count


def _walk_operations(connection: sqlite3.Connection, path: Path, link: bytes, head: Tail) -> int:
    count = 0
    _check_head(path, "operation", count, link, head.op_seq, head.op_hash)
    query = "SELECT op_seq, ts, kind, body, hash FROM operations ORDER BY op_seq"
    for op_seq, ts, kind, body, stored in connection.execute(query):
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
            _check_head(path, "operation", count, link, head.op_seq, head.op_hash)
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


def _decoded_event(path: Path, seq: int, body: str) -> TradingEvent:
    try:
        return decode_event(body)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(f"{path}: event {seq} cannot be read: {error}; {_ADVICE}") from error


def _check_head(path: Path, what: str, count: int, link: bytes, at: int, expected: bytes) -> None:
    if count == at and link != expected:
        raise JournalCorrupt(
            f"{path}: {what} {at} is not the one that its head file has seen; {_ADVICE}"
        )


def event_name(event: TradingEvent) -> str:
    """The tag that the event has in its JSON."""
    return str(type(event).__struct_config__.tag)
