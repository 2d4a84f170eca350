"""From the arrival of a live frame to the decision on it, and what an empty loop takes of that.

The server is another process, so a case has two cores. A frame arrives when the socket's callback
has it; processor time is that of the daemon's own thread, which a busy machine leaves as it is.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np

from daemon.runtime.live import open_live
from daemon.settings.file import load_config
from tests.bench.kite_live import live, spread

WARM: Final = 200
"""Frames that are not counted: the first ones meet cold code."""
IDLE_S: Final = 5.0


def decided(rate: int, seconds: int, packets: int) -> dict[str, Any]:
    """The whole path: decoded, guarded, recorded, decided."""
    seen = live(spread(rate * seconds, rate), "1", packets)
    return _figures(seen["waits"], seen["used"])


def taken(rate: int, seconds: int, packets: int) -> dict[str, Any]:
    """The floor: the same frames on the same loop, and a task that only takes them."""
    seen = live(spread(rate * seconds, rate), "1", packets, _take_only)
    return _figures(seen["waits"], [0])


def _figures(waits: list[int], used: list[int]) -> dict[str, Any]:
    wait = np.array(waits[WARM:]) / 1_000
    return {
        "seconds": 1.0,
        "frames": len(wait),
        "p50_us": float(np.percentile(wait, 50)),
        "p99_us": float(np.percentile(wait, 99)),
        "used_us": float(np.percentile(np.array(used[WARM:] or used) / 1_000, 50)),
    }


async def _take_only(config: Path, rows: int) -> dict[str, Any]:
    prepared = open_live(load_config(config))
    feed: Any = prepared.parts.feed
    waits: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed.run)
        last = time.monotonic()
        while time.monotonic() - last < IDLE_S:
            frames = await feed._inbox.take(1.0)
            if frames:
                waits.append(prepared.clock.now_ns() - frames[0].ts)
                last = time.monotonic()
        tasks.cancel_scope.cancel()
    prepared.close()
    return {"waits": waits}
