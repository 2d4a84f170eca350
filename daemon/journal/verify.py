"""Read a whole journal and check that it is what was written (RELIABILITY A5)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from daemon.domain.events import TradingEvent, decode_event
from daemon.errors import JournalCorrupt
from daemon.journal.base import (
    BASE_TABLES,
    archived_operations,
    has_base,
    read_base,
    with_kept,
)
from daemon.journal.ends import (
    ADVICE,
    event_hash,
    first_link,
    operation_hash,
    read_meta,
    read_tail,
)
from daemon.journal.files import database_errors
from daemon.journal.head import Tail
from daemon.journal.schema import (
    CONTINUED,
    EVENT_NAMES,
    TABLES,
    JournalMeta,
    chain,
    continued_meta,
    decode_operation,
    genesis,
)
from daemon.journal.views import views_of

TakeEvent = Callable[[TradingEvent], None]
"""Take an event that was checked, in order."""


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a verification: the number of rows, and where both chains end.

    `unfinished` events belong to an input whose cursor was never committed: they were never shown,
    and the next writer removes them and decides that input again.
    """

    events: int
    operations: int
    unfinished: int
    tail: Tail
    head: Tail


def verify_database(
    connection: sqlite3.Connection,
    path: Path,
    head: Tail,
    start: int | None = None,
    take: TakeEvent | None = None,
) -> VerifyReport:
    """Check everything in one snapshot of SQLite; `head` must have been read before it.

    With `start` the events' chain is walked only from the event after it, which proves them all:
    the walk ends at the hash that cursor and head have. Of the events before it only the numbering
    is checked. Operations are always walked from the first. `take` is given the events of complete
    inputs as they are walked. Raises JournalCorrupt with what is wrong, where, and what to do.
    """
    with database_errors(path):
        connection.execute("BEGIN")
        try:
            return _verify(connection, path, head, start, take)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _verify(
    connection: sqlite3.Connection,
    path: Path,
    head: Tail,
    start: int | None,
    take: TakeEvent | None,
) -> VerifyReport:
    meta = read_meta(connection, path)
    _check_schema(connection, path, meta)
    tail = read_tail(connection, path, meta)
    first = first_link(connection, path, meta)
    check_reach(path, tail, head, first)
    _check_base(connection, path)
    begin = link_at(connection, path, "events", first.seq if start is None else start, first)
    _check_head_before(connection, path, begin[0], head, first)
    events = _walk_events(connection, path, begin, head, tail.seq, take)
    operations = _walk_operations(connection, path, head, first)
    _check_previous(connection, path, meta)
    _check_numbering(connection, path, first)
    if events < tail.seq or operations != tail.op_seq:
        raise JournalCorrupt(
            f"{path}: holds {events} events and {operations} operations, its cursor expects "
            f"{tail.seq} and {tail.op_seq}; {ADVICE}"
        )
    return VerifyReport(
        events=tail.seq - first.seq,
        operations=operations - first.op_seq,
        unfinished=events - tail.seq,
        tail=tail,
        head=head,
    )


def check_reach(path: Path, tail: Tail, head: Tail, first: Tail) -> None:
    """Raise JournalCorrupt if the journal ends before its head file, or begins after it."""
    if any(ours < theirs for ours, theirs in zip(tail.place, head.place, strict=True)):
        raise JournalCorrupt(
            f"{path}: ends at event {tail.seq}, operation {tail.op_seq}, input {tail.input_no}, "
            f"but its head file has seen event {head.seq}, operation {head.op_seq}, input "
            f"{head.input_no}: committed work is missing, as when the WAL file is damaged or "
            f"removed; {ADVICE}"
        )
    if head.seq < first.seq:
        raise JournalCorrupt(
            f"{path}: begins after event {first.seq}, but its head file has seen only event "
            f"{head.seq}: they are not of the same time; {ADVICE}"
        )


def _check_base(connection: sqlite3.Connection, path: Path) -> None:
    base = read_base(connection, path)
    try:
        archived = archived_operations(connection)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(
            f"{path}: an archived operation cannot be read: {error}; {ADVICE}"
        ) from error
    newest = archived[-1][0] if archived else None
    if newest != (base.op_seq if base is not None else None):
        raise JournalCorrupt(f"{path}: its base is not of the newest archive; {ADVICE}")


def _check_previous(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> None:
    """Check the first operation of a journal that continues another: it signs both."""
    if not meta.previous:
        return
    query = "SELECT kind, body FROM operations WHERE op_seq = ?"
    row = connection.execute(query, (meta.previous.op_seq + 1,)).fetchone()
    if row is None or row[0] != CONTINUED or continued_meta(row[1]) != genesis(meta, CONTINUED):
        raise JournalCorrupt(f"{path}: its meta is not what its first operation signed; {ADVICE}")


def _check_numbering(connection: sqlite3.Connection, path: Path, first: Tail) -> None:
    """Refuse rows before the first, and gaps among those that a start from a snapshot skips."""
    for table, key, before in (
        ("events", "seq", first.seq),
        ("operations", "op_seq", first.op_seq),
    ):
        query = f"SELECT count(*), min({key}), max({key}) FROM {table}"  # noqa: S608 - constants
        count, lowest, highest = connection.execute(query).fetchone()
        if count and (lowest, highest) != (before + 1, before + count):
            raise JournalCorrupt(
                f"{path}: {count} {table} are numbered {lowest} to {highest}, expected "
                f"{before + 1} to {before + count}; {ADVICE}"
            )


def _check_schema(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> None:
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    expected: tuple[str, ...] = TABLES + views_of(meta)
    if has_base(connection):
        expected = TABLES + BASE_TABLES + with_kept(views_of(meta))
    if sorted(str(row[0]) for row in found) != sorted(expected):
        raise JournalCorrupt(f"{path}: its tables or views were changed; {ADVICE}")


def link_at(
    connection: sqlite3.Connection, path: Path, table: str, after: int, first: Tail
) -> tuple[int, bytes]:
    """Return `after` and the hash stored with it, which the next row is chained to.

    `first` is what both chains begin with. Raises JournalCorrupt if there is no such row.
    """
    begin = (first.seq, first.hash) if table == "events" else (first.op_seq, first.op_hash)
    if after <= begin[0]:
        return begin
    link = (event_hash if table == "events" else operation_hash)(connection, after)
    if link is None:
        raise JournalCorrupt(f"{path}: row {after} of {table} is missing; {ADVICE}")
    return after, link


def _check_head_before(
    connection: sqlite3.Connection, path: Path, start: int, head: Tail, first: Tail
) -> None:
    """Check the head file's event where the walk, which begins after `start`, does not pass it."""
    if head.seq <= start:
        known = first.hash if head.seq == first.seq else event_hash(connection, head.seq)
        _check_head(path, "event", known, head.seq, head.hash)


def _walk_events(
    connection: sqlite3.Connection,
    path: Path,
    begin: tuple[int, bytes],
    head: Tail,
    complete: int,
    take: TakeEvent | None,
) -> int:
    """Check the rows after `begin`, and give events up to `complete` to `take`.

    A start without a snapshot spends its time here, so it calls as little as it can.
    """
    count, link = begin
    query = """SELECT seq, ts, input_no, order_id, event, CAST(body AS BLOB), hash
      FROM events WHERE seq > ? ORDER BY seq"""
    for seq, ts, input_no, order_id, name, body, stored in connection.execute(query, (count,)):
        count += 1
        link = chain(link, body or b"")
        if link != stored or seq != count:
            _refuse_row(path, "event", count, seq)
        try:
            event = decode_event(body)
        except msgspec.MsgspecError as error:
            raise _unreadable(path, seq, error) from error
        columns = (event.seq, event.ts, event.input_no, event.order_id, EVENT_NAMES[type(event)])
        if columns != (seq, ts, input_no, order_id, name):
            raise JournalCorrupt(f"{path}: event {seq}: its columns differ from its body; {ADVICE}")
        if count == head.seq:
            _check_head(path, "event", link, head.seq, head.hash)
        if take is not None and count <= complete:
            take(event)
    return count


def _walk_operations(connection: sqlite3.Connection, path: Path, head: Tail, first: Tail) -> int:
    count, link = first.op_seq, first.op_hash
    if head.op_seq == count:
        _check_head(path, "operation", link, head.op_seq, head.op_hash)
    query = "SELECT op_seq, ts, kind, body, hash FROM operations ORDER BY op_seq"
    for op_seq, ts, kind, body, stored in connection.execute(query):
        count += 1
        link = next_link(path, "operation", count, op_seq, link, body, stored)
        try:
            operation = decode_operation(body)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"{path}: operation {op_seq}: {error}; {ADVICE}") from error
        if (operation.ts, operation.kind) != (ts, kind):
            raise JournalCorrupt(
                f"{path}: operation {op_seq}: its columns differ from its body; {ADVICE}"
            )
        if count == head.op_seq:
            _check_head(path, "operation", link, head.op_seq, head.op_hash)
    return count


def next_link(
    path: Path, what: str, expected: int, number: Any, link: bytes, body: Any, stored: Any
) -> bytes:
    """Return the hash of the next row of a chain. Raises JournalCorrupt if it is another row."""
    if number != expected or not isinstance(body, str) or chain(link, body.encode()) != stored:
        _refuse_row(path, what, expected, number)
    assert isinstance(stored, bytes)
    return stored


def _refuse_row(path: Path, what: str, expected: int, number: Any) -> NoReturn:
    if number != expected:
        raise JournalCorrupt(f"{path}: expected {what} {expected}, was {number}; {ADVICE}")
    raise JournalCorrupt(f"{path}: {what} {expected} does not match its hash; {ADVICE}")


def decoded_event(path: Path, seq: int, body: str | bytes) -> TradingEvent:
    """Decode an event. Raises JournalCorrupt that names it.

    Its hash is right, so a newer version must have written it.
    """
    try:
        return decode_event(body)
    except msgspec.MsgspecError as error:
        raise _unreadable(path, seq, error) from error


def _unreadable(path: Path, seq: int, error: msgspec.MsgspecError) -> JournalCorrupt:
    return JournalCorrupt(
        f"{path}: event {seq} cannot be read: {error}; open it with the version of this program "
        "that wrote it"
    )


def _check_head(path: Path, what: str, known: bytes | None, at: int, expected: bytes) -> None:
    if known != expected:
        raise JournalCorrupt(
            f"{path}: {what} {at} is not the one that its head file has seen; {ADVICE}"
        )
