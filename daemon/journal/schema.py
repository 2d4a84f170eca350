"""The journal's tables and views, and the versions that this program reads.

All tables are STRICT. `events` and `operations` are append-only and each carries a hash chain;
`cursor` is a single row that says how far the journal is complete.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from daemon.domain.events import EVENT_VERSION

SCHEMA_VERSION: Final = 2
READABLE: Final = frozenset({(1, 1), (SCHEMA_VERSION, EVENT_VERSION)})
"""The pairs of `schema_version` and `event_version` that can be read; the newest is written."""
HASH_BYTES: Final = 16


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
    return hashlib.blake2b(previous + body, digest_size=HASH_BYTES).digest()


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

COMMITTED_VIEW: Final = """CREATE VIEW committed AS
SELECT * FROM events WHERE seq <= (SELECT seq FROM cursor)"""

# Indian wall time and rupees: the views are for people with a sqlite3 shell.
VIEWS_1: Final = (
    COMMITTED_VIEW,
    """CREATE VIEW moves AS
SELECT seq, ts, order_id, body,
  strftime('%Y-%m-%d %H:%M:%S', ts / 1000000000, 'unixepoch', '+330 minutes') AS time,
  json_extract(body, '$.from_state') AS from_state, json_extract(body, '$.to_state') AS to_state,
  json_extract(body, '$.reason') AS reason, json_extract(body, '$.fill.quantity') AS fill_quantity
FROM committed WHERE event = 'moved'""",
    """CREATE VIEW fills AS
SELECT m.seq, m.order_id, json_extract(c.body, '$.tradingsymbol') AS tradingsymbol,
  json_extract(m.body, '$.fill.transaction_type') AS transaction_type,
  CASE m.to_state WHEN 'FILLED' THEN 'entry' ELSE 'exit' END AS kind,
  m.fill_quantity AS quantity,
  json_extract(m.body, '$.fill.price_paise') / 100.0 AS average_price,
  m.time AS fill_timestamp, m.reason,
  json_extract(m.body, '$.fill.rule') AS rule,
  json_extract(m.body, '$.fill.slippage_half_paise') / 200.0 AS slippage,
  json_extract(m.body, '$.fill.ltp_paise') / 100.0 AS ltp,
  nullif(json_extract(m.body, '$.fill.bid_paise'), 0) / 100.0 AS bid,
  nullif(json_extract(m.body, '$.fill.ask_paise'), 0) / 100.0 AS ask,
  json_extract(m.body, '$.fill.quote_age_ns') / 1000000.0 AS quote_age_ms,
  json_extract(m.body, '$.fill.bid_ask_paise') / 100.0 AS bid_ask_price,
  json_extract(m.body, '$.fill.stale') AS stale, json_extract(m.body, '$.fill.walked') AS walked,
  json_extract(m.body, '$.fill.after_gap') AS after_gap,
  json_extract(m.body, '$.fill.realized_paise') / 100.0 AS gross,
  CAST(json_extract(m.body, '$.fill.charges.total') AS REAL) AS charges
FROM moves m JOIN committed c ON c.order_id = m.order_id AND c.event = 'created'
WHERE m.fill_quantity IS NOT NULL""",
    """CREATE VIEW orders AS
WITH last AS (
  SELECT order_id, max(seq) AS seq, to_state, reason, time FROM moves
  WHERE to_state <> 'ARCHIVED' GROUP BY order_id
), entry AS (
  SELECT order_id, quantity, average_price FROM fills WHERE kind = 'entry'
), archived AS (SELECT order_id FROM moves WHERE to_state = 'ARCHIVED')
SELECT c.order_id,
  strftime('%Y-%m-%d %H:%M:%S', c.ts / 1000000000, 'unixepoch', '+330 minutes')
    AS order_timestamp,
  json_extract(c.body, '$.tradingsymbol') AS tradingsymbol,
  json_extract(c.body, '$.transaction_type') AS transaction_type,
  json_extract(c.body, '$.product') AS product,
  json_extract(c.body, '$.quantity') AS quantity, coalesce(entry.quantity, 0) AS filled_quantity,
  entry.average_price, coalesce(last.to_state, 'CREATED') AS status,
  coalesce(last.reason, '') AS status_message, last.time AS status_timestamp,
  json_extract(c.body, '$.sl_paise') / 100.0 AS stop_loss,
  json_extract(c.body, '$.tp_paise') / 100.0 AS target,
  json_extract(c.body, '$.strategy_id') AS strategy_id,
  json_extract(c.body, '$.timeframe') AS timeframe,
  json_extract(c.body, '$.tag') AS tag, json_extract(c.body, '$.note') AS note,
  c.order_id IN (SELECT order_id FROM archived) AS archived
FROM committed c LEFT JOIN last ON last.order_id = c.order_id
LEFT JOIN entry ON entry.order_id = c.order_id
WHERE c.event = 'created' ORDER BY c.seq""",
    """CREATE VIEW trades AS
WITH entry AS (
  SELECT order_id, seq, fill_timestamp, quantity, average_price FROM fills WHERE kind = 'entry'
), exits AS (
  SELECT order_id, max(seq) AS seq, fill_timestamp, count(*) AS exit_fills,
    sum(average_price * quantity) / sum(quantity) AS average_price
  FROM fills WHERE kind = 'exit' GROUP BY order_id
), money AS (
  SELECT order_id, sum(gross) AS gross, sum(charges) AS charges FROM fills GROUP BY order_id
)
SELECT o.order_id, o.tradingsymbol, o.transaction_type, o.product, entry.quantity,
  entry.fill_timestamp AS entry_timestamp, entry.average_price AS entry_price,
  exits.fill_timestamp AS exit_timestamp, round(exits.average_price, 4) AS exit_price,
  exits.exit_fills, o.status_message AS exit_reason, round(money.gross, 2) AS gross,
  round(money.charges, 4) AS charges, round(money.gross - money.charges, 4) AS net,
  o.strategy_id
FROM orders o JOIN entry ON entry.order_id = o.order_id
JOIN exits ON exits.order_id = o.order_id JOIN money ON money.order_id = o.order_id
WHERE o.status = 'CLOSED' ORDER BY exits.seq""",
    """CREATE VIEW positions AS
WITH sums AS (
  SELECT order_id, sum(CASE kind WHEN 'entry' THEN quantity ELSE -quantity END) AS open_quantity,
    max(CASE kind WHEN 'entry' THEN average_price END) AS average_price,
    max(CASE kind WHEN 'entry' THEN fill_timestamp END) AS entry_timestamp,
    round(sum(gross), 2) AS realised, round(sum(charges), 4) AS charges
  FROM fills GROUP BY order_id
), stops AS (
  SELECT order_id, max(seq), CASE event WHEN 'stop_moved' THEN json_extract(body, '$.stop_to_paise')
    ELSE json_extract(body, '$.levels.stop_paise') END AS paise
  FROM committed WHERE event = 'stop_moved' OR json_extract(body, '$.levels') IS NOT NULL
  GROUP BY order_id
), targets AS (
  SELECT order_id, max(seq), json_extract(body, '$.levels.target_paise') AS paise
  FROM committed WHERE json_extract(body, '$.levels') IS NOT NULL GROUP BY order_id
)
SELECT o.order_id, o.tradingsymbol, o.product,
  CASE o.transaction_type WHEN 'BUY' THEN open_quantity ELSE -open_quantity END AS quantity,
  sums.average_price, stops.paise / 100.0 AS stop_loss, targets.paise / 100.0 AS target, o.status,
  sums.entry_timestamp, sums.realised, sums.charges, o.strategy_id
FROM orders o JOIN sums ON sums.order_id = o.order_id
LEFT JOIN stops ON stops.order_id = o.order_id LEFT JOIN targets ON targets.order_id = o.order_id
WHERE open_quantity > 0 ORDER BY o.order_id""",
)
"""The views of version 1, whose events hold their defaults too."""

_OMITTED: Final = {
    "m.body, '$.fill.stale'": "0",
    "m.body, '$.fill.walked'": "0",
    "m.body, '$.fill.after_gap'": "0",
    "m.body, '$.fill.realized_paise'": "0",
    "c.body, '$.tag'": "''",
    "c.body, '$.note'": "''",
}
"""Fields that an event may omit and a view shows, with their defaults."""


def _with_defaults(view: str) -> str:
    for place, default in _OMITTED.items():
        found = f"json_extract({place})"
        view = view.replace(found, f"coalesce({found}, {default})")
    return view


VIEWS: Final = tuple(map(_with_defaults, VIEWS_1))


def views_of(meta: JournalMeta) -> tuple[str, ...]:
    """Return the views that a journal of this version was made with."""
    return VIEWS_1 if meta.schema_version == 1 else VIEWS
