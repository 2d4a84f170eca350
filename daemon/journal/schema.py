"""The journal's tables and views, and the versions that this program reads.

All tables are STRICT. `events` and `operations` are append-only and each carries a hash chain;
`cursor` is a single row that says how far the journal is complete.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, get_args

import msgspec

from daemon.domain.events import EVENT_VERSION, TradingEvent

SCHEMA_VERSION: Final = 2
READABLE: Final = frozenset({(1, 1), (SCHEMA_VERSION, EVENT_VERSION)})
"""The pairs of `schema_version` and `event_version` that can be read; the newest is written."""
HASH_BYTES: Final = 16
EVENT_NAMES: Final[dict[type, str]] = {
    kind: str(kind.__struct_config__.tag) for kind in get_args(TradingEvent)
}
"""Kinds of events and their names in JSON."""


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the older journal that this one continues; hashes in hex."""

    seq: int
    hash: str
    op_seq: int
    op_hash: str


class JournalMeta(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of a journal and its versions; it never changes, and the chains begin with it.

    `created_ts` UTC ns. The fingerprints decide whether a run may be resumed (DATA_FORMATS, "The
    journal").
    """

    run_id: str
    account: str
    config_fingerprint: str = ""
    inputs_fingerprint: str = ""
    program_version: str = ""
    created_ts: int = 0
    schema_version: int = SCHEMA_VERSION
    event_version: int = EVENT_VERSION
    previous: Previous | msgspec.UnsetType = msgspec.UNSET
    """Omitted from what the chains begin with if None, as version 1 has no such key."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What concerns the process and not the trades: start, stop, recovery, feed states, gaps."""

    ts: int
    kind: str
    detail: dict[str, int | float | str | bool | None] = {}


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_operation_decoder: Final = msgspec.json.Decoder(Operation)


def encode_operation(operation: Operation) -> bytes:
    """Encode an operation as a line of JSON; equal operations give equal bytes."""
    return _encoder.encode(operation)


def decode_operation(line: bytes | str) -> Operation:
    """Invert encode_operation. Raises msgspec.ValidationError or DecodeError."""
    return _operation_decoder.decode(line)


def chain(previous: bytes, body: bytes) -> bytes:
    """Return the hash of a row, which depends on every row before it."""
    return blake2b(previous + body, digest_size=HASH_BYTES).digest()


def genesis(meta: JournalMeta, table: str) -> bytes:
    """Return the hash that a table's chain begins with, which protects meta too."""
    return chain(table.encode(), _encoder.encode(meta))


CONTINUED: Final = "continued"
"""The kind of the first operation of a journal that continues one of an older format."""


def continued_operation(meta: JournalMeta, *, ts: int, **detail: int | str) -> Operation:
    """Return the operation that signs `meta` with its `previous`. `ts` UTC ns."""
    signed = genesis(meta, CONTINUED).hex()
    return Operation(ts=ts, kind=CONTINUED, detail={**detail, "meta": signed})


def continued_meta(body: str) -> bytes:
    """Return what a continued operation signed. Raises ValueError."""
    return bytes.fromhex(str(decode_operation(body).detail.get("meta", "")))


TABLES: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE events (
  seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, input_no INTEGER NOT NULL,
  order_id TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
) STRICT""",
    """CREATE TABLE operations (
  op_seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT""",
    """CREATE TABLE cursor (
  id INTEGER PRIMARY KEY CHECK (id = 1), input_no INTEGER NOT NULL, seq INTEGER NOT NULL,
  op_seq INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT""",
)
