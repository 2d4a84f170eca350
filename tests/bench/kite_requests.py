"""What a program waits for on `requests.sock`: its turn, the engine, and the disk.

The daemon and the server of its ticks are processes of their own. `python -m
tests.bench.kite_requests` prints the figures; the rule is faces.md W3.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np

from daemon.control.request_messages import Outcome
from daemon.domain.dates import SECOND_NS
from daemon.journal.schema import Operation
from daemon.journal.store import JournalMeta, JournalStore
from feeds.files.native_writer import write_ticks
from tests.bench.kite_live import spread
from tests.kit.cli import metrics_of, spawn
from tests.kit.live import ACCOUNT, Market, free_port, market, run, until, write_live_config
from tests.kit.requests import program

REQUESTS: Final = 400
BUSY_RATE: Final = 1_000
BUSY_S: Final = 60
SILENT_ROWS: Final = 200


def kite_requests() -> list[dict[str, Any]]:
    """A silent market, a busy one, and a commit alone, milliseconds."""
    return [
        {"what": "a commit alone", **_figures(_commits())},
        {"what": "silent feed", **_figures(_asked(market(SILENT_ROWS), "max"))},
        {
            "what": f"{BUSY_RATE:,} frames/s",
            **_figures(_asked(spread(BUSY_S * BUSY_RATE, BUSY_RATE), "1")),
        },
    ]


def _figures(seconds: list[float]) -> dict[str, Any]:
    ms = np.array(seconds) * 1_000
    return {
        "p50_ms": round(float(np.percentile(ms, 50)), 2),
        "p99_ms": round(float(np.percentile(ms, 99)), 2),
        "worst_ms": round(float(ms.max()), 2),
        "requests": len(ms),
    }


def _commits() -> list[float]:
    """Commits of one operational event each, on the disk that the daemon uses."""
    waits = []
    with tempfile.TemporaryDirectory() as place:
        store = JournalStore.create(Path(place) / "j", JournalMeta(run_id="b", account="bench"))
        for number in range(1, REQUESTS + 1):
            began = time.perf_counter()
            note = Operation(ts=number * SECOND_NS, kind="command", detail={})
            store.append([], input_no=number, operations=[note])
            waits.append(time.perf_counter() - began)
        store.close()
    return waits


def _asked(of: Market, speed: str) -> list[float]:
    with tempfile.TemporaryDirectory() as text:
        place, port = Path(text), free_port()
        recording = place / "served.parquet"
        write_ticks(recording, of.universe, [of.block], depth=True)
        config = write_live_config(place, of, [], port=port)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.kite_live", str(recording), str(port), speed, "1"]
        )
        daemon = spawn("--config", config)
        try:
            waits: list[float] = run(_ask, place)
            return waits
        finally:
            daemon.kill()
            daemon.communicate()
            server.terminate()
            server.wait()


async def _ask(place: Path) -> list[float]:
    """Switch a strategy off and on, over and over, as soon as the last request was answered."""
    await until(lambda: bool(metrics_of(place).get("ticks")))
    waits = []
    async with program(place / "accounts" / ACCOUNT) as asks:
        for number in range(REQUESTS):
            began = time.perf_counter()
            answer = await asks.ask(("strategy_off", "strategy_on")[number % 2], "ema")
            waits.append(time.perf_counter() - began)
            assert answer.outcome is Outcome.DONE, answer
            await anyio.sleep(0.02)
    return waits


if __name__ == "__main__":
    for row in kite_requests():
        print(row)
