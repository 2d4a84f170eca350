"""Candles of one minute of one future over months: a seeded walk on the 0.05 grid."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument
from daemon.rules import load_rulebook
from tests.bench.w1_data import GRID

FIRST_DAY: Final = dt.date(2025, 1, 1)
MINUTES: Final = 375
STEPS: Final = 12
"""Moves of the price within a minute."""


def write_bars(path: Path, days: int, *, seed: int = 11) -> Path:
    """Write `days` sessions as Parquet: ts (start of the minute, ns), open, high, low, close,
    volume. A minute begins where the one before ended.
    """
    rng = np.random.default_rng(seed)
    moves = rng.integers(-20, 21, size=(days * MINUTES, STEPS))
    steps = 400_000 + np.cumsum(moves).reshape(moves.shape)
    opens = np.concatenate(([400_000], steps[:-1, -1]))
    minutes = np.arange(MINUTES, dtype=np.int64) * 60_000_000_000
    times = [ist_ns(day, dt.time(9, 15)) + minutes for day in sessions(days)]
    table = pa.table(
        {
            "ts": np.concatenate(times),
            "open": np.round(opens * GRID, 2),
            "high": np.round(np.maximum(opens, steps.max(axis=1)) * GRID, 2),
            "low": np.round(np.minimum(opens, steps.min(axis=1)) * GRID, 2),
            "close": np.round(steps[:, -1] * GRID, 2),
            "volume": rng.integers(1, 20, size=days * MINUTES) * 50,
        }
    )
    pq.write_table(table, path)
    return path


def sessions(count: int) -> list[dt.date]:
    """Return the first sessions from the first day on."""
    rules = load_rulebook()
    future = Instrument(instrument_token=1, tradingsymbol="W0", exchange="NFO")
    days = (FIRST_DAY + dt.timedelta(days=at) for at in range(10 * count))
    return list(islice((day for day in days if rules.session(day, future)), count))
