"""W1 in this project and in others, in turns, in one table of one run, each on one processor."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.bench.cores import on_cores
from tests.bench.table import Row
from tests.bench.w1_data import EXPECTED

if TYPE_CHECKING:
    from tests.bench.bench import Bench

OURS = "this project"
SECTION = "W1 beside others"
PEERS = {
    "nautilus_trader": ("nautilus_w1", "stops and targets fill at their own levels"),
    "hftbacktest": ("hftbacktest_w1", "asset by asset, fills booked by the strategy"),
}


class Figures(NamedTuple):
    """Medians of one program: ticks/s of the engine, of the run, of the process; MB; result."""

    engine: float
    whole: float
    process: float
    peak_mb: float
    trades: int
    open: int
    pnl: float


def of_peer(python: str, module: str, path: str) -> Callable[[], Figures]:
    """One run of a peer's script in its own environment."""

    def run() -> Figures:
        command = [python, "-W", "ignore", "-m", f"tests.bench.peers.{module}", path]
        start = time.perf_counter()
        done = subprocess.run(
            command, check=False, capture_output=True, text=True,
            env={**os.environ, "NUMBA_NUM_THREADS": "1"}, preexec_fn=on_cores(1),
        )  # fmt: skip
        wall = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"{module}:\n{done.stderr}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        ticks = found["ticks"]
        return Figures(
            ticks / found["engine_s"], ticks / found["whole_s"], ticks / wall,
            found["peak_mb"], found["trades"], found["open"], found["pnl"],
        )  # fmt: skip

    return run


def of_ours(bench: Bench, path: str) -> Callable[[], Figures]:
    """One run of ours: the engine alone, then the whole program."""

    def run() -> Figures:
        engine = bench.case("w1_cases.w1_engine", path, runs=1)
        whole = bench.case("w1_whole.w1_whole", path, runs=1)
        trades, still_open, pnl = whole.results[0]["result"]
        ticks = whole.results[0]["ticks"]
        # with the imports, as the peers' scripts count theirs; only the interpreter is left out
        process = ticks / whole.walls[0]
        return Figures(engine.rate(), process, process, whole.peak(), trades, still_open, pnl)

    return run


def rows_of(found: dict[str, Figures], goals: dict[str, tuple[str, str]]) -> list[Row]:
    """Each program's figures, with ours over theirs beside them."""
    rows: list[Row] = []
    ours = found[OURS]
    titles = {
        "engine": "engine only, data in memory",
        "whole": "whole process: imports, load, run",
        "process": "the same with the interpreter's start",
    }
    for at, (field, title) in enumerate(titles.items()):
        for name, each in found.items():
            rate = getattr(each, field)
            times = "" if each is ours else f"ours is {getattr(ours, field) / rate:,.1f} times that"
            goal = goals.get(name, ("", ""))[at] if at < 2 else ""
            rows.append(Row(f"{SECTION}: {title}", name, rate, "ticks/s", goal, times))
    for name, each in found.items():
        note = f"{each.trades} trades, {each.open} open, P&L {each.pnl:,.2f}"
        if name in PEERS:
            note += f" ({PEERS[name][1]})"
        rows.append(Row(f"{SECTION}: memory, result", name, each.peak_mb, "MB", "", note))
    return rows


def beside_peers(bench: Bench) -> Iterator[Row]:
    """W1 in turns, so that a busy machine slows all alike; medians."""
    path = bench.file(bench.ticks)
    ways = {OURS: of_ours(bench, path)}
    for name, (module, _) in PEERS.items():
        ways[name] = of_peer(bench.peers, module, path)
    runs: dict[str, list[Figures]] = {name: [] for name in ways}
    for turn in range(bench.runs):
        for name, way in ways.items():
            sys.stderr.write(f"run {turn + 1} of {bench.runs}: {name}\n")
            runs[name].append(way())
    found = {
        name: Figures(*(statistics.median(values) for values in zip(*each, strict=True)))
        for name, each in runs.items()
    }
    _check(found[OURS], bench.ticks)
    goals = {"nautilus_trader": ("ours >= 100x", "ours >= 40x"), "hftbacktest": ("ours ahead", "")}
    yield from rows_of(found, goals)


def _check(ours: Figures, ticks: int) -> None:
    result = (ours.trades, ours.open, ours.pnl)
    assert result == EXPECTED.get(ticks, result), result
