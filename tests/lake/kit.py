"""Made-up days of two underlyings, written into a lake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from daemon.domain.dates import ist_ns, parse_date
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.settings.config import ReplayConfig
from feeds.files.native_writer import Kept
from feeds.lake.reader import LakeTicks
from feeds.lake.writer import Source, WrittenDay, write_lake
from feeds.stream.blocks import join

UNIVERSE = Universe(
    [
        Instrument(
            instrument_token=1, tradingsymbol="NIFTY26NOVFUT", name="NIFTY", expiry="2026-11-24"
        ),
        Instrument(
            instrument_token=2,
            tradingsymbol="BANKNIFTY26NOVFUT",
            name="BANKNIFTY",
            expiry="2026-11-24",
        ),
        Instrument(instrument_token=3, tradingsymbol="NIFTY 50", instrument_type="INDEX"),
        Instrument(instrument_token=4, tradingsymbol="INFY", instrument_type="EQ"),
    ]
)
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")
SECOND = 10**9


def opening(day: str) -> int:
    """Return 09:15 of a day, UTC ns."""
    import datetime as dt

    return ist_ns(dt.date.fromisoformat(parse_date(day)), dt.time(9, 15))


def rows(day: str, count: int = 60, *, seed: int = 1, since_s: int = 0) -> Ticks:
    """Return rows of all instruments in a random order, one of six with a time that goes back."""
    random = np.random.default_rng([seed, int(day.replace("-", ""))])
    ts = opening(day) + (since_s + np.arange(count, dtype=np.int64)) * SECOND
    ts[random.random(count) < 1 / 6] -= 3 * SECOND
    return Ticks(
        ts=ts,
        instrument=random.integers(-1, len(UNIVERSE), count).astype(np.int32),
        ltp=random.integers(1, 10**6, count) * 5,
        volume=np.arange(count, dtype=np.int64),
    )


def fill(root: Path, blocks: Iterable[Ticks], **rest: Any) -> list[WrittenDay]:
    """Write blocks into a lake."""
    return list(write_lake(root, UNIVERSE, blocks, Kept(), Source(("made up",)), **rest))


def lake(root: Path, days: Sequence[str] = DAYS) -> Path:
    """Return a lake of these days."""
    fill(root, [rows(day) for day in days])
    return root


def read(root: Path, *, session: Any = None, **config: Any) -> Ticks:
    """Return the rows of a lake."""
    ticks = LakeTicks(ReplayConfig(lake=str(root), **config), root, session=session)
    return join(list(ticks.blocks(UNIVERSE)))
