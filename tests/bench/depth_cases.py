"""A recording with five levels, read with them and without: processor time and memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies
from daemon.process.memory import steady_memory
from daemon.settings.config import ReplayConfig, ReplayFile, SyntheticConfig
from feeds.files.native_writer import write_ticks
from feeds.replay import ReplayFeed
from feeds.synthetic import SyntheticMarket
from tests.bench.w1_cases import w1_engine_of

MARKET = SyntheticConfig(book="measured", ticks_per_second=7.0)
"""Two million rows."""


def write_depth(path: Path, *, depth: bool) -> Path:
    """Write the measured market, with its five levels or without."""
    market = SyntheticMarket(MARKET, depth=depth)
    write_ticks(path, market.universe, market.blocks(), depth=depth)
    return path


def depth_read(path: str, depth: int) -> dict[str, Any]:
    """The file through a replay's feed and an engine without strategies; 1 keeps the levels."""
    feed = ReplayFeed(ReplayConfig(files=[ReplayFile(path=path)]), depth=bool(depth))
    engine = w1_engine_of(feed.universe, NoStrategies())
    steady_memory()
    start = time.process_time()
    ticks = 0
    for item in feed.unpaced():
        if isinstance(item, Ticks):
            assert (item.depth is not None) == bool(depth)
            ticks += len(item)
        engine.handle(item)
    return {"ticks": ticks, "seconds": time.process_time() - start}
