"""A boundary at which thousands of orders are born, and an exit that is due soon after it."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loguru import logger

from daemon.domain.events import OrderCreated
from daemon.journal.store import JournalMeta, JournalStore
from daemon.process.memory import steady_memory
from tests.kit.busy_boundary import BOUNDARY, before, busy_parts, row, run_busy

META = JournalMeta(run_id="bench", account="bench")


def born(count: int) -> dict[str, Any]:
    """From the tick that closes the candle until all events are on disk; `decided_s` of it."""
    with TemporaryDirectory() as name:
        engine = busy_parts(count, Path(name)).engine
        with JournalStore.create(Path(name) / "j", META) as store:
            earlier = [event for each in before() for event in engine.handle(each)]
            store.append(earlier, input_no=engine.input_no)
            steady_memory()
            start = time.perf_counter()
            events = [event for step in engine.steps(row(BOUNDARY, 0, 10_000)) for event in step]
            decided = time.perf_counter()
            store.append(events, input_no=engine.input_no)
            done = time.perf_counter()
    assert sum(isinstance(event, OrderCreated) for event in events) == count
    assert len(engine.ledger.positions) == count + 1
    return {"orders": count, "seconds": done - start, "decided_s": decided - start}


def exit_due(count: int) -> dict[str, Any]:
    """How long after it was due, 100 ms after the boundary, an exit of a live run is on disk."""
    logger.remove()
    with TemporaryDirectory() as name:
        run = run_busy(count, Path(name))
    assert sum(isinstance(event, OrderCreated) for event in run.events) == count + 1
    return {"orders": count, "seconds": run.journaled_s}
