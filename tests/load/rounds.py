"""One round: the same session traded with the page in heavy use, and without a page."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np

from daemon.quotes.place import find_map
from feeds.files.native_writer import write_ticks
from tests.kit.cli import ROOT
from tests.kit.live import ACCOUNT, free_port, write_live_config
from tests.load.trader import WARM_UP_S, market_of, script_of

TICKS_A_SECOND: Final = 500
ENTRIES_EACH_S: Final = 0.05
START_WITHIN_S: Final = 60.0


class Exits(NamedTuple):
    """What the exits of one session took."""

    number: int
    p50_us: float
    p99_us: float


class Session(NamedTuple):
    """One session, with what its page weighed and answered if it had one."""

    exits: Exits
    page: dict[str, Any]


def trade(seed: int, seconds: float, *, with_page: bool) -> Session:
    """Trade one session and measure it."""
    length = seconds + WARM_UP_S
    of = market_of(length + 5, TICKS_A_SECOND)
    with TemporaryDirectory(prefix="fno-load-") as text, ExitStack() as running:
        place, port = Path(text), free_port()
        served, result = place / "served.parquet", place / "exits.json"
        write_ticks(served, of.universe, [of.block], depth=True)
        lines = script_of(of, length + 5, ENTRIES_EACH_S, seed)
        config = write_live_config(place, of, lines, port=port, clock="wall")
        running.enter_context(module("tests.bench.kite_live", served, port, "1", 1))
        trader = running.enter_context(module("tests.load.trader", config, seconds, result))
        account = place / "accounts" / ACCOUNT
        _wait(lambda: find_map(account).exists(), trader)
        page = _use_page(place, seconds) if with_page else {}
        if trader.wait(length + START_WITHIN_S):
            raise RuntimeError(f"the daemon ended with {trader.returncode}")
        took = np.array(json.loads(result.read_text()))
    if not len(took):
        raise RuntimeError("there was no exit to measure")
    p50, p99 = np.percentile(took, [50, 99])
    return Session(Exits(len(took), round(float(p50), 1), round(float(p99), 1)), page)


def _use_page(place: Path, seconds: float) -> dict[str, Any]:
    """Serve the account's page as its unit does, use it for `seconds`, and weigh it."""
    page_command = ("daemon.main", "web", ACCOUNT, "--out", place, "--port", 0, "--no-kite")
    with module(*page_command, nice=10) as page:
        assert page.stdout is not None
        url, credentials = (page.stdout.readline().split()[1] for _ in range(2))
        before = memory_of(page.pid)["VmRSS"]
        with module("tests.load.hammer", url, credentials, seconds, nice=19) as hammer:
            said, _ = hammer.communicate(timeout=seconds + START_WITHIN_S)
        memory = memory_of(page.pid)
    return {
        **json.loads(said), "rss_before_mb": before, "rss_mb": memory["VmRSS"],
        "rss_peak_mb": memory["VmHWM"],
    }  # fmt: skip


def memory_of(pid: int) -> dict[str, float]:
    """Return what a process weighs and weighed at most, MB (10^6)."""
    rows = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    known = {row[0].rstrip(":"): row for row in rows if row}
    return {name: round(int(known[name][1]) * 1.024e-3, 1) for name in ("VmRSS", "VmHWM")}


def _wait(is_so: Any, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while not is_so():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the daemon did not start")
        time.sleep(0.01)


@contextmanager
def module(name: str, *arguments: object, nice: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Run a module as a process until the end of the block."""
    command = ["nice", "-n", str(nice), sys.executable, "-m", name, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
