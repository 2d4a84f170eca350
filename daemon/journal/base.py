"""Where a journal begins after its older events were archived: the base.

A fresh journal has none and begins at event 1. `archive` leaves two tables: `base`, one row with
the place and hash of the last archived event and the ledger after it, and `kept`, the archived
events of orders that were still alive, so that the views show their whole history. An `archived`
operation in the operations' chain signs both.
"""

from __future__ import annotations

import functools
import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from daemon import domain
from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt
from daemon.journal.files import database_errors
from daemon.journal.schema import HASH_BYTES, decode_operation
from daemon.journal.views import COMMITTED_VIEW

ARCHIVED: Final = "archived"
BASE_TABLES: Final = (
    """CREATE TABLE base (
  id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, ts INTEGER NOT NULL,
  input_no INTEGER NOT NULL, hash BLOB NOT NULL, op_seq INTEGER NOT NULL, ledger TEXT NOT NULL
) STRICT""",
    """CREATE TABLE kept (
  seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, input_no INTEGER NOT NULL,
  order_id TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
) STRICT""",
)
COMMITTED_WITH_KEPT: Final = """CREATE VIEW committed AS
SELECT * FROM kept UNION ALL
SELECT * FROM events WHERE seq <= (SELECT seq FROM cursor)"""
_ADVICE: Final = "restore the directory from a backup, or start a new run"


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The last archived event (`seq`, `ts` UTC ns, `hash`) and the ledger after it, as JSON.

    `op_seq` is the operation that signs it, `kept` the digest of the kept rows.
    """

    seq: int
    ts: int
    input_no: int
    hash: bytes
    op_seq: int
    ledger: bytes
    kept: bytes


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """The detail of an `archived` operation: hashes and digests in hex.

    `fold` is the version of the fold that made the ledger.
    """

    file: str
    first_seq: int
    last_seq: int
    hash: str
    ledger: str
    kept: str
    fold: str


class NewBase(msgspec.Struct, frozen=True, kw_only=True):
    """The base that an archive leaves behind, as Base; `file` holds the events up to it."""

    first_seq: int
    seq: int
    ts: int
    input_no: int
    hash: bytes
    ledger: str
    file: str
    fold: bytes

    def signature(self, kept: bytes) -> Archived:
        """Return what the operations' chain has of it."""
        return Archived(
            file=self.file,
            first_seq=self.first_seq,
            last_seq=self.seq,
            hash=self.hash.hex(),
            ledger=digest(self.ledger.encode()).hex(),
            kept=kept.hex(),
            fold=self.fold.hex(),
        )


def with_kept(views: Sequence[str]) -> tuple[str, ...]:
    """Return a journal's views for after events were archived."""
    return tuple(COMMITTED_WITH_KEPT if view == COMMITTED_VIEW else view for view in views)


_ledger_encoder: Final = msgspec.json.Encoder()
_canonical_encoder: Final = msgspec.json.Encoder(order="deterministic")
_ledger_decoder: Final = msgspec.json.Decoder(Ledger)


def encode_ledger(ledger: Ledger) -> bytes:
    """Encode a ledger as JSON, its dicts in their own order, which the engine depends on."""
    return _ledger_encoder.encode(ledger)


def encode_canonical(part: object) -> bytes:
    """Encode a ledger, or a part of one, as JSON that is equal for equal contents.

    Keys are sorted as text, those that are numbers too.
    """
    return _canonical_encoder.encode(msgspec.to_builtins(part, str_keys=True))


def decode_ledger(body: bytes | memoryview) -> Ledger:
    """Invert encode_ledger. Raises msgspec.MsgspecError."""
    return _ledger_decoder.decode(body)


def digest(data: bytes | memoryview) -> bytes:
    """Return the checksum of a part that is not in a chain."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).digest()


@functools.cache
def fold_version() -> bytes:
    """Return the digest of `daemon/domain`, which holds the whole fold: no version to count up."""
    [folder] = domain.__path__
    sources = [path.read_bytes() for path in sorted(Path(folder).glob("*.py"))]
    return digest(b"".join(sources))


def has_base(connection: sqlite3.Connection) -> bool:
    """Return whether older events were archived."""
    query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'base'"
    return connection.execute(query).fetchone() is not None


def base_link(connection: sqlite3.Connection, path: Path) -> tuple[int, bytes] | None:
    """Return the base's seq and hash, None if it begins at event 1. Raises JournalCorrupt."""
    with database_errors(path):
        if not has_base(connection):
            return None
        rows = connection.execute("SELECT seq, hash FROM base").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], int) or not isinstance(rows[0][1], bytes):
        raise JournalCorrupt(f"{path}: its base cannot be read; {_ADVICE}")
    return rows[0][0], rows[0][1]


def read_base(connection: sqlite3.Connection, path: Path) -> Base | None:
    """Return the base, checked against the operation that signs it. Raises JournalCorrupt."""
    link = base_link(connection, path)
    if link is None:
        return None
    with database_errors(path):
        query = "SELECT seq, ts, input_no, hash, op_seq, ledger FROM base"
        seq, ts, input_no, link_hash, op_seq, ledger = connection.execute(query).fetchone()
        found = Base(
            seq=seq,
            ts=ts,
            input_no=input_no,
            hash=link_hash,
            op_seq=op_seq,
            ledger=ledger.encode(),
            kept=kept_digest(connection),
        )
        signed = _signature(connection, op_seq)
    if signed is None or not _is_signed(found, signed):
        raise JournalCorrupt(
            f"{path}: its base (event {seq}) is not the one that its operation {op_seq} signed; "
            f"{_ADVICE}"
        )
    return found


def base_ledger(base: Base, path: Path) -> Ledger:
    """Return the ledger at the base. Raises JournalCorrupt if this program cannot read it."""
    try:
        return decode_ledger(base.ledger)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(
            f"{path}: the ledger of its base (event {base.seq}) was written by another version "
            f"({error}); open it with the program that archived its events"
        ) from error


def kept_digest(connection: sqlite3.Connection) -> bytes:
    """Return the digest of every column of the kept rows."""
    return digest_rows(connection.execute("SELECT * FROM kept ORDER BY seq"))


def digest_rows(rows: Iterable[tuple[object, ...]]) -> bytes:
    """Return the digest of kept rows, in their order."""
    sums = hashlib.blake2b(digest_size=HASH_BYTES)
    for row in rows:
        sums.update(msgspec.json.encode(row) + b"\n")
    return sums.digest()


def keep_live_events(connection: sqlite3.Connection, seq: int, live_orders: Sequence[str]) -> None:
    """Copy the events of live orders up to `seq`, in the transaction that archives the rest."""
    if not has_base(connection):
        for statement in BASE_TABLES:
            connection.execute(statement)
        connection.execute("DROP VIEW committed")
        connection.execute(COMMITTED_WITH_KEPT)
    live = msgspec.json.encode(live_orders).decode()
    connection.execute(
        "DELETE FROM kept WHERE order_id NOT IN (SELECT value FROM json_each(?))", (live,)
    )
    connection.execute(
        """INSERT INTO kept SELECT * FROM events
        WHERE seq <= ? AND order_id IN (SELECT value FROM json_each(?))""",
        (seq, live),
    )


def archived_operations(connection: sqlite3.Connection) -> list[tuple[int, Archived]]:
    """Return what was archived so far, oldest first, with the operation's number.

    Raises msgspec.MsgspecError or sqlite3.Error.
    """
    query = "SELECT op_seq, body FROM operations WHERE kind = ? ORDER BY op_seq"
    rows = connection.execute(query, (ARCHIVED,)).fetchall()
    return [(op_seq, _archived(body)) for op_seq, body in rows]


def _signature(connection: sqlite3.Connection, op_seq: int) -> Archived | None:
    query = "SELECT body FROM operations WHERE op_seq = ? AND kind = ?"
    row = connection.execute(query, (op_seq, ARCHIVED)).fetchone()
    try:
        return None if row is None else _archived(row[0])
    except msgspec.MsgspecError:
        return None


def _archived(body: str) -> Archived:
    return msgspec.convert(decode_operation(body).detail, Archived)


def _is_signed(base: Base, signed: Archived) -> bool:
    return (signed.last_seq, signed.hash, signed.ledger, signed.kept) == (
        base.seq,
        base.hash.hex(),
        digest(base.ledger).hex(),
        base.kept.hex(),
    )
