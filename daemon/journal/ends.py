"""A journal's meta, and where its two chains begin and end; nothing in between is read."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import JournalCorrupt
from daemon.journal.base import base_link
from daemon.journal.files import database_errors
from daemon.journal.head import Tail
from daemon.journal.schema import READABLE, JournalMeta, chain, genesis

ADVICE: Final = (
    "the journal was altered or damaged; leave it as it is, restore the directory from a backup, "
    "or start a new run"
)


def read_meta(connection: sqlite3.Connection, path: Path) -> JournalMeta:
    """Return the journal's meta. Raises JournalCorrupt for another version, naming both."""
    with database_errors(path):
        rows = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    found = [rows.get(key) for key in ("schema_version", "event_version")]
    if found not in [[str(version) for version in pair] for pair in READABLE]:
        pairs = " and ".join(f"{schema}/{event}" for schema, event in sorted(READABLE))
        raise JournalCorrupt(
            f"{path}: its schema_version/event_version is {found[0]}/{found[1]}, this program "
            f"reads {pairs}; open it with the program that wrote it, or start a new run"
        )
    try:
        if "previous" in rows:
            rows["previous"] = msgspec.json.decode(rows["previous"])
        return msgspec.convert(rows, JournalMeta, strict=False)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(f"{path}: its meta cannot be read ({error}); {ADVICE}") from error


def cursor_hash(tail: Tail) -> bytes:
    """Return the cursor row's own hash: the cursor decides where a recovered run continues."""
    return chain(tail.hash + tail.op_hash, b"%d %d %d" % tail.place)


def first_link(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> Tail:
    """Return what both chains begin with: the base if there is one, else only meta.

    The operations of a journal that continues another are chained to the other's last one. Raises
    JournalCorrupt or JournalIOError.
    """
    seq, link = base_link(connection, path) or (0, genesis(meta, "events"))
    op_seq, op_hash = 0, genesis(meta, "operations")
    if previous := meta.previous:
        op_seq, op_hash = previous.op_seq, bytes.fromhex(previous.op_hash)
    return Tail(seq=seq, hash=link, op_seq=op_seq, op_hash=op_hash, input_no=0)


def read_tail(connection: sqlite3.Connection, path: Path, meta: JournalMeta) -> Tail:
    """Return the journal's end by its cursor. Raises JournalCorrupt if that one's hash is wrong."""
    first = first_link(connection, path, meta)
    with database_errors(path):
        cursor = connection.execute("SELECT input_no, seq, op_seq, hash FROM cursor").fetchall()
        if len(cursor) != 1:
            raise JournalCorrupt(f"{path}: expected one cursor, was {len(cursor)}; {ADVICE}")
        input_no, seq, op_seq, stored = cursor[0]
        if not all(isinstance(number, int) for number in cursor[0][:3]):
            raise JournalCorrupt(f"{path}: the cursor {cursor[0][:3]} is not numbers; {ADVICE}")
        tail = Tail(
            seq=seq,
            hash=event_hash(connection, seq) or first.hash,
            op_seq=op_seq,
            op_hash=operation_hash(connection, op_seq) or first.op_hash,
            input_no=input_no,
        )
    if stored != cursor_hash(tail) or seq < first.seq:
        raise JournalCorrupt(
            f"{path}: the cursor (input {input_no}, seq {seq}) does not match its hash; {ADVICE}"
        )
    return tail


def event_hash(connection: sqlite3.Connection, seq: int) -> bytes | None:
    """Return the hash stored with an event, None if there is no such row."""
    return _hash_at(connection, "SELECT hash FROM events WHERE seq = ?", seq)


def operation_hash(connection: sqlite3.Connection, op_seq: int) -> bytes | None:
    """Return the hash stored with an operation, None if there is no such row."""
    return _hash_at(connection, "SELECT hash FROM operations WHERE op_seq = ?", op_seq)


def _hash_at(connection: sqlite3.Connection, query: str, number: int) -> bytes | None:
    row = connection.execute(query, (number,)).fetchone()
    if row is None:
        return None
    return row[0] if isinstance(row[0], bytes) else b""
