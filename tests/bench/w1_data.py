"""The ticks of work W1: one seeded session of ten instruments, the same bytes everywhere.

Even instruments move like futures around 20,000, odd ones like options around 200, all on the
0.05 grid with strictly increasing times. The draws and their order are part of the definition:
changing one changes the data and so every published figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.domain.dates import SECOND_NS, ist_ns

GRID = 0.05
DAY = dt.date(2025, 1, 15)
ROW_GROUP_ROWS = 1_000_000
EXPECTED = {
    5_000_000: (479, 4, -2682.50),
    1_000_000: (488, 3, 21117.50),
    200_000: (477, 3, -33610.00),
}
"""Ticks -> closed trades, positions open at the end, P&L in rupees (seed 7, ten instruments)."""


def write_w1(
    path: Path, ticks: int, *, instruments: int = 10, seed: int = 7, pieces: int = 1
) -> Path:
    """Write the session as Parquet: ts_ns, instrument_id, ltp, bid, ask, qty, volume.

    With `pieces` the session is made in so many spans of time one after the other, in which
    prices and volumes go on: for files that are too long to be held. It is other data then.
    """
    writer: pq.ParquetWriter | None = None
    for table in _pieces(ticks, instruments, seed, pieces):
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
    assert writer is not None, "no pieces"
    writer.close()
    return path


def _pieces(ticks: int, instruments: int, seed: int, pieces: int) -> Iterator[pa.Table]:
    rng = np.random.default_rng(seed)
    margin = SECOND_NS // 1000
    opens = ist_ns(DAY, dt.time(9, 15)) + margin
    span = (ist_ns(DAY, dt.time(15, 30)) - margin - opens) // pieces
    steps = np.arange(ticks // pieces, dtype=np.int64)
    walks = [_Walk(number, ticks / instruments) for number in range(instruments)]
    for piece in range(pieces):
        start = opens + piece * span
        drawn = np.sort(rng.integers(start, start + span, len(steps), dtype=np.int64))
        ts = np.maximum.accumulate(drawn - steps) + steps
        owner = rng.integers(0, instruments, len(steps)).astype(np.int32)
        columns = {n: np.empty(len(steps), np.int64) for n in ("ltp", "bid", "ask", "volume")}
        qty = np.empty(len(steps), np.int32)
        for number, walk in enumerate(walks):
            rows = np.flatnonzero(owner == number)
            if len(rows):
                walk.fill(rng, rows, columns, qty, whole=pieces == 1)
        prices = {name: np.round(columns[name] * GRID, 2) for name in ("ltp", "bid", "ask")}
        table = {"ts_ns": ts, "instrument_id": owner, **prices, "qty": qty}
        table["volume"] = columns["volume"]
        yield pa.table(table)


class _Walk:
    """One instrument: where its price and volume are."""

    def __init__(self, number: int, day_rows: float) -> None:
        is_future = number % 2 == 0
        level = 20000.0 * (1 + 0.01 * number) if is_future else 200.0 * (1 + 0.05 * number)
        self._daily = (0.01 if is_future else 0.20) * level
        self._at = level / GRID
        self._volume = 0
        self._day_rows = day_rows

    def fill(
        self,
        rng: np.random.Generator,
        rows: np.ndarray,
        columns: dict[str, np.ndarray],
        qty: np.ndarray,
        *,
        whole: bool,
    ) -> None:
        """Draw the rows of one piece; the steps are scaled so that the day's range stays."""
        count = len(rows)
        day_rows = count if whole else self._day_rows
        walk = self._at + np.cumsum(rng.normal(0.0, self._daily / np.sqrt(day_rows) / GRID, count))
        price = np.maximum(np.rint(walk).astype(np.int64), 20)
        spread = rng.integers(1, 4, count)
        at_ask = rng.random(count) < 0.5
        columns["ltp"][rows] = price
        columns["ask"][rows] = np.where(at_ask, price, price + spread)
        columns["bid"][rows] = np.where(at_ask, price - spread, price)
        traded = (50 * rng.geometric(0.5, count)).astype(np.int32)
        qty[rows] = traded
        columns["volume"][rows] = self._volume + np.cumsum(traded, dtype=np.int64)
        self._at, self._volume = float(walk[-1]), int(columns["volume"][rows[-1]])
