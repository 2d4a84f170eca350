"""`make sweep-speedup`: one sweep with one process and with two, in turns, on an idle machine."""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.kit.cli import finished, spawn
from tests.kit.sweeps import SLIPPAGE, sweep_file
from tests.lab.cluster_demo import tables

WANTED: Final = 1.7
"""How many times faster two processes are to be than one."""
ENOUGH_S: Final = 60.0
"""Of one process; less is mostly its start."""
VARIANTS: Final = 2_000
LIMIT_S: Final = 3_600.0


class Run(NamedTuple):
    """One whole command: what it took by the clock and of processors, and what it wrote."""

    seconds: float
    processor_seconds: float
    """Of all its processes."""
    tables: dict[str, str]


def measured(path: Path, out: Path, workers: int) -> Run:
    """Run the sweep into a new directory."""
    before, begin = _processor_seconds(), time.perf_counter()
    ended = finished(spawn("sweep", path, "--out", out, "--workers", str(workers)), LIMIT_S)
    seconds = time.perf_counter() - begin
    if ended.code:
        raise SystemExit(ended.err)
    return Run(seconds, _processor_seconds() - before, tables(out))


def compared(place: Path, variants: int, turns: int) -> dict[int, list[Run]]:
    """Return the runs of one worker and of two, measured in turns."""
    path = sweep_file(
        place, until="2026-11-18T15:30:00",
        grid={SLIPPAGE: [number / 100 for number in range(variants)]},
    )  # fmt: skip
    runs: dict[int, list[Run]] = {1: [], 2: []}
    for turn in range(turns):
        for workers, found in runs.items():
            found.append(measured(path, place / f"out{workers}.{turn}", workers))
            print(f"--workers {workers}: {found[-1].seconds:.1f} s, "
                  f"{found[-1].processor_seconds:.1f} s of processors")  # fmt: skip
    return runs


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Measure, print, and return 0 if two are as much faster as they are to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=VARIANTS)
    parser.add_argument("--turns", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        runs = compared(Path(place), chosen.variants, chosen.turns)
    one, two = (statistics.median(run.seconds for run in found) for found in runs.values())
    expected = runs[1][0].tables
    if any(run.tables != expected for found in runs.values() for run in found):
        print("the tables DIFFER")
        return 1
    print(f"{one:.1f} s with one process, {two:.1f} s with two: {one / two:.2f} times faster, "
          f"{WANTED} is wanted; the same tables")  # fmt: skip
    if one < ENOUGH_S:
        print(f"too little work to tell: {ENOUGH_S:.0f} s of one process are wanted")
    return 0 if one / two >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
