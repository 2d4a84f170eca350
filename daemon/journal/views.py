"""The journal's views, for people with a SQLite shell: Indian wall time and rupees.

Those of version 1 never change, as they are part of journals that exist. In version 2 fields at
their defaults are left out, and fills are on the events of exchange orders too. Those of orders
without a trade are in `fills` and `exchange_orders`, without a trade's id; only a fold knows their
results.
"""

from __future__ import annotations

from typing import Final

from daemon.journal.schema import JournalMeta

COMMITTED_VIEW: Final = """CREATE VIEW committed AS
SELECT * FROM events WHERE seq <= (SELECT seq FROM cursor)"""

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

_PARTS: Final = """CREATE VIEW fills AS
SELECT f.seq, nullif(f.order_id, '') AS order_id,
  coalesce(json_extract(c.body, '$.tradingsymbol'), json_extract(f.body, '$.tradingsymbol'))
    AS tradingsymbol,
  json_extract(f.body, '$.fill.transaction_type') AS transaction_type,
  CASE WHEN f.order_id = '' THEN NULL
    WHEN json_extract(f.body, '$.to_state') = 'FILLED' THEN 'entry'
    WHEN f.event = 'exchange' AND json_extract(f.body, '$.is_exit') IS NULL THEN 'entry'
    ELSE 'exit' END AS kind,
  json_extract(f.body, '$.fill.quantity') AS quantity,
  json_extract(f.body, '$.fill.price_paise') / 100.0 AS average_price,
  strftime('%Y-%m-%d %H:%M:%S', f.ts / 1000000000, 'unixepoch', '+330 minutes')
    AS fill_timestamp,
  CASE WHEN f.event = 'moved' THEN json_extract(f.body, '$.reason')
    WHEN f.order_id = '' THEN coalesce(json_extract(f.body, '$.tag'), '')
    WHEN json_extract(f.body, '$.is_exit') IS NULL THEN 'filled'
    ELSE (
      SELECT json_extract(m.body, '$.reason') FROM committed m
      WHERE m.order_id = f.order_id AND m.seq < f.seq AND m.event = 'moved'
      ORDER BY m.seq DESC LIMIT 1
    ) END AS reason,
  json_extract(f.body, '$.fill.rule') AS rule,
  json_extract(f.body, '$.fill.slippage_half_paise') / 200.0 AS slippage,
  json_extract(f.body, '$.fill.ltp_paise') / 100.0 AS ltp,
  nullif(json_extract(f.body, '$.fill.bid_paise'), 0) / 100.0 AS bid,
  nullif(json_extract(f.body, '$.fill.ask_paise'), 0) / 100.0 AS ask,
  json_extract(f.body, '$.fill.quote_age_ns') / 1000000.0 AS quote_age_ms,
  json_extract(f.body, '$.fill.bid_ask_paise') / 100.0 AS bid_ask_price,
  coalesce(json_extract(f.body, '$.fill.stale'), 0) AS stale,
  coalesce(json_extract(f.body, '$.fill.walked'), 0) AS walked,
  coalesce(json_extract(f.body, '$.fill.after_gap'), 0) AS after_gap,
  CASE WHEN f.order_id = '' THEN NULL
    ELSE coalesce(json_extract(f.body, '$.fill.realized_paise'), 0) / 100.0 END AS gross,
  CAST(json_extract(f.body, '$.fill.charges.total') AS REAL) AS charges
FROM committed f LEFT JOIN committed c ON c.order_id = f.order_id AND c.event = 'created'
WHERE f.event IN ('moved', 'exchange') AND json_extract(f.body, '$.fill') IS NOT NULL"""

EXCHANGE_ORDERS: Final = """CREATE VIEW exchange_orders AS
WITH told AS (
  SELECT json_extract(body, '$.exchange_id') AS exchange_id, order_id, seq, ts, body
  FROM committed WHERE event = 'exchange'
    AND json_extract(body, '$.kind') NOT IN ('modify_refused', 'cancel_refused')
    AND json_extract(body, '$.exchange_id') <> ''
), last AS (
  SELECT exchange_id, order_id, max(seq), ts, body FROM told GROUP BY exchange_id
), sums AS (
  SELECT exchange_id, min(seq) AS first_seq, min(ts) AS sent_ts,
    sum(json_extract(body, '$.last_quantity') * json_extract(body, '$.last_paise')) AS value_paise
  FROM told GROUP BY exchange_id
)
SELECT l.exchange_id, nullif(l.order_id, '') AS order_id,
  coalesce(json_extract(c.body, '$.tradingsymbol'), json_extract(l.body, '$.tradingsymbol'))
    AS tradingsymbol,
  json_extract(l.body, '$.side') AS transaction_type,
  json_extract(l.body, '$.order_type') AS order_type,
  coalesce(json_extract(l.body, '$.is_exit'), 0) AS is_exit,
  json_extract(l.body, '$.quantity') AS quantity,
  coalesce(json_extract(l.body, '$.filled'), 0) AS filled_quantity,
  round(s.value_paise / 100.0 / json_extract(l.body, '$.filled'), 4) AS average_price,
  json_extract(l.body, '$.limit_paise') / 100.0 AS price,
  json_extract(l.body, '$.trigger_paise') / 100.0 AS trigger_price,
  json_extract(l.body, '$.state') AS status,
  coalesce(json_extract(l.body, '$.reason'), '') AS status_message,
  strftime('%Y-%m-%d %H:%M:%S', s.sent_ts / 1000000000, 'unixepoch', '+330 minutes')
    AS order_timestamp,
  strftime('%Y-%m-%d %H:%M:%S', l.ts / 1000000000, 'unixepoch', '+330 minutes')
    AS status_timestamp,
  coalesce(json_extract(l.body, '$.near_misses'), 0) AS near_misses
FROM last l JOIN sums s ON s.exchange_id = l.exchange_id
LEFT JOIN committed c ON c.order_id = l.order_id AND c.event = 'created'
ORDER BY s.first_seq"""

_OF_PARTS: Final = {
    """entry AS (
  SELECT order_id, quantity, average_price FROM fills WHERE kind = 'entry'
)""": """entry AS (
  SELECT order_id, sum(quantity) AS quantity,
    round(sum(average_price * quantity) / sum(quantity), 4) AS average_price
  FROM fills WHERE kind = 'entry' GROUP BY order_id
)""",
    """entry AS (
  SELECT order_id, seq, fill_timestamp, quantity, average_price FROM fills WHERE kind = 'entry'
)""": """entry AS (
  SELECT order_id, min(fill_timestamp) AS fill_timestamp, sum(quantity) AS quantity,
    round(sum(average_price * quantity) / sum(quantity), 4) AS average_price
  FROM fills WHERE kind = 'entry' GROUP BY order_id
)""",
    "max(CASE kind WHEN 'entry' THEN average_price END) AS average_price": """\
round(sum(CASE kind WHEN 'entry' THEN average_price * quantity END)
      / sum(CASE kind WHEN 'entry' THEN quantity END), 4) AS average_price""",
    "max(CASE kind WHEN 'entry' THEN fill_timestamp END)": """\
min(CASE kind WHEN 'entry' THEN fill_timestamp END)""",
    "json_extract(c.body, '$.tag')": "coalesce(json_extract(c.body, '$.tag'), '')",
    "json_extract(c.body, '$.note')": "coalesce(json_extract(c.body, '$.note'), '')",
}
"""What version 2 says instead: an entry may have parts, and a default may be left out."""


def _of_version_2(view: str) -> str:
    if view.startswith("CREATE VIEW fills"):
        return _PARTS
    for old, new in _OF_PARTS.items():
        view = view.replace(old, new)
    return view


VIEWS: Final = (*map(_of_version_2, VIEWS_1), EXCHANGE_ORDERS)


def views_of(meta: JournalMeta) -> tuple[str, ...]:
    """Return the views that a journal of this version was made with."""
    return VIEWS_1 if meta.schema_version == 1 else VIEWS
