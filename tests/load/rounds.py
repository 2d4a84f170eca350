"""One round: the same session traded with page or paper API in heavy use, and without both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np

from daemon.quotes.place import find_map
from feeds.files.native_writer import write_ticks
from tests.kit.cli import ROOT
from tests.kit.live import ACCOUNT, free_port, write_live_config
from tests.load.trader import WARM_UP_S, market_of, script_of, stop_file

TICKS_A_SECOND: Final = 500
ENTRIES_EACH_S: Final = 0.05
START_WITHIN_S: Final = 60.0
FUTURE: Final = "NIFTY26NOVFUT"
UNIT_NICE: Final = 10
"""Of a page's unit."""


class Exits(NamedTuple):
    """What the exits of one session took."""

    number: int
    p50_us: float
    p99_us: float


class Session(NamedTuple):
    """One session, with what its page's process weighed and answered if it had one."""

    exits: Exits
    page: dict[str, Any]


Use = Callable[[Path, float], dict[str, Any]]
"""Serve the account that trades in a directory, use what is served for seconds, and weigh it."""


def trade(seed: int, seconds: float, *, use: Use | None) -> Session:
    """Trade one session and measure it."""
    length = seconds + WARM_UP_S + START_WITHIN_S
    of = market_of(length, TICKS_A_SECOND)
    with TemporaryDirectory(prefix="fno-load-") as text, ExitStack() as running:
        place, port = Path(text), free_port()
        served, result = place / "served.parquet", place / "exits.json"
        write_ticks(served, of.universe, [of.block], depth=True)
        lines = script_of(of, length, ENTRIES_EACH_S, seed)
        config = write_live_config(place, of, lines, port=port, clock="wall")
        config.write_text(f"{config.read_text()}api: {{rates: 'off'}}\n")
        running.enter_context(module("tests.bench.kite_live", served, port, "1", 1))
        trader = running.enter_context(module("tests.load.trader", config, length, result))
        account = place / "accounts" / ACCOUNT
        _wait(lambda: find_map(account).exists(), trader)
        until = time.monotonic() + seconds + WARM_UP_S
        page = {} if use is None else use(place, seconds)
        time.sleep(max(0.0, until - time.monotonic()))
        stop_file(result).touch()
        if trader.wait(START_WITHIN_S):
            raise RuntimeError(f"the daemon ended with {trader.returncode}")
        took = np.array(json.loads(result.read_text()))
    if not len(took):
        raise RuntimeError("there was no exit to measure")
    p50, p99 = np.percentile(took, [50, 99])
    return Session(Exits(len(took), round(float(p50), 1), round(float(p99), 1)), page)


def use_page(place: Path, seconds: float) -> dict[str, Any]:
    """Use the account's page as too many clients do."""
    with _served(place, "--no-kite") as page:
        command = "tests.load.hammer", page.told["page"], page.told["credentials"], seconds
        return page.used_by(*command, seconds=seconds, nice=19)


def use_api(place: Path, seconds: float, *, nice: int = UNIT_NICE) -> dict[str, Any]:
    """Use the account's paper API as programs do."""
    with _served(place, "--kite-port", 0, nice=nice) as page:
        command = (
            "tests.load.programs",
            page.told["kite"],
            page.told["credentials"],
            seconds,
            FUTURE,
        )
        return page.used_by(*command, seconds=seconds, nice=0)


class _Served(NamedTuple):
    """A page's process, and the lines that it said at its start, by their first word."""

    pid: int
    told: dict[str, str]

    def used_by(self, name: str, *arguments: object, seconds: float, nice: int) -> dict[str, Any]:
        """Run a client until it ends; return what it says and what the process weighed."""
        before, began = memory_of(self.pid)["VmRSS"], processor_s(self.pid)
        with module(name, *arguments, nice=nice) as user:
            said, _ = user.communicate(timeout=seconds + START_WITHIN_S)
        memory = memory_of(self.pid)
        return {
            **json.loads(said), "rss_before_mb": before, "rss_mb": memory["VmRSS"],
            "rss_peak_mb": memory["VmHWM"], "cpu_s": round(processor_s(self.pid) - began, 2),
        }  # fmt: skip


@contextmanager
def _served(place: Path, *options: object, nice: int = UNIT_NICE) -> Iterator[_Served]:
    """Serve the account as its unit does."""
    command = ("web", ACCOUNT, "--out", place, "--port", 0, *options)
    with module("daemon.main", *command, nice=nice) as page:
        assert page.stdout is not None
        told: dict[str, str] = {}
        while "credentials" not in told:
            name, _, value = page.stdout.readline().strip().partition(" ")
            told[name] = value
        yield _Served(page.pid, told)


def processor_s(pid: int) -> float:
    """Return the processor time of a process, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
