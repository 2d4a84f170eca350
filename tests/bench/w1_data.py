"""The ticks of work W1: one seeded session of ten instruments, the same bytes everywhere.

Even instruments move like futures around 20,000, odd ones like options around 200, all on the
0.05 grid with strictly increasing times. The draws and their order are part of the definition:
changing one changes the data and so every published figure.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.domain.dates import SECOND_NS, ist_ns

GRID = 0.05
DAY = dt.date(2025, 1, 15)
EXPECTED = {
    5_000_000: (479, 4, -2682.50),
    1_000_000: (488, 3, 21117.50),
    200_000: (477, 3, -33610.00),
}
"""Ticks -> closed trades, positions open at the end, P&L in rupees (seed 7, ten instruments)."""


def write_w1(path: Path, ticks: int, *, instruments: int = 10, seed: int = 7) -> Path:
    """Write the session as Parquet: ts_ns, instrument_id, ltp, bid, ask, qty, volume."""
    rng = np.random.default_rng(seed)
    opens = ist_ns(DAY, dt.time(9, 15))
    closes = ist_ns(DAY, dt.time(15, 30))
    margin = SECOND_NS // 1000
    drawn = np.sort(rng.integers(opens + margin, closes - margin, ticks, dtype=np.int64))
    steps = np.arange(ticks, dtype=np.int64)
    ts = np.maximum.accumulate(drawn - steps) + steps
    owner = rng.integers(0, instruments, ticks).astype(np.int32)
    columns = {name: np.empty(ticks, np.int64) for name in ("ltp", "bid", "ask", "volume")}
    qty = np.empty(ticks, np.int32)
    for number in range(instruments):
        rows = np.flatnonzero(owner == number)
        if len(rows):
            _fill(rng, number, rows, columns, qty)
    prices = {name: np.round(columns[name] * GRID, 2) for name in ("ltp", "bid", "ask")}
    table = {"ts_ns": ts, "instrument_id": owner, **prices, "qty": qty}
    table["volume"] = columns["volume"]
    pq.write_table(pa.table(table), path, compression="snappy", row_group_size=1_000_000)
    return path


def _fill(
    rng: np.random.Generator,
    number: int,
    rows: np.ndarray,
    columns: dict[str, np.ndarray],
    qty: np.ndarray,
) -> None:
    count = len(rows)
    is_future = number % 2 == 0
    level = 20000.0 * (1 + 0.01 * number) if is_future else 200.0 * (1 + 0.05 * number)
    daily = (0.01 if is_future else 0.20) * level
    walk = level / GRID + np.cumsum(rng.normal(0.0, daily / np.sqrt(count) / GRID, count))
    price = np.maximum(np.rint(walk).astype(np.int64), 20)
    spread = rng.integers(1, 4, count)
    at_ask = rng.random(count) < 0.5
    columns["ltp"][rows] = price
    columns["ask"][rows] = np.where(at_ask, price, price + spread)
    columns["bid"][rows] = np.where(at_ask, price - spread, price)
    traded = (50 * rng.geometric(0.5, count)).astype(np.int32)
    qty[rows] = traded
    columns["volume"][rows] = np.cumsum(traded, dtype=np.int64)
