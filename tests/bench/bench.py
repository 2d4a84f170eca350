"""Run cases in processes of their own, and make the files of ticks that they read."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.cores import children_s, on_cores
from tests.bench.w1_data import write_w1

SMALL_TICKS = 1_000_000
SAMPLE = "configs/sample.yaml"


class Runs(NamedTuple):
    """All runs of one case, each in a process of its own."""

    results: list[dict[str, Any]]
    walls: list[float]
    """Seconds of the whole process, interpreter and imports included."""
    cpus: list[float]
    """Processor seconds of the whole process and those it waited for."""

    def median(self, name: str = "seconds", per: str = "") -> float:
        """The median of a figure, or of its quotient with another."""
        return statistics.median(float(r[name]) / (r[per] if per else 1) for r in self.results)

    def rate(self) -> float:
        """Median ticks per second."""
        return 1 / self.median("seconds", "ticks")

    def peak(self) -> float:
        """The highest peak, MB."""
        return max(float(each["peak_mb"]) for each in self.results)

    def slowest(self) -> str:
        """The slowest run's rate, for the reader's sense of the noise."""
        return f"slowest {min(r['ticks'] / r['seconds'] for r in self.results):,.0f}"


class Bench:
    """Runs cases. `runs` is how often each; `place` is where files may be made."""

    def __init__(self, place: Path, runs: int, ticks: int, *, peers: str = "") -> None:
        self.place = place
        self.runs = runs
        self.ticks = ticks
        self.peers = peers
        """The interpreter that has the other programs; empty where they are not installed."""
        self._files: dict[tuple[int, int], str] = {}
        self._native: dict[int, str] = {}

    def case(self, name: str, *arguments: object, runs: int = 0, cores: int = 1) -> Runs:
        """Run `MODULE.FUNCTION` several times, on one processor unless it is said otherwise."""
        command = [sys.executable, "-m", "tests.bench.cases", name, *map(str, arguments)]
        found = Runs([], [], [])
        for _ in range(runs or self.runs):
            start, cpu = time.perf_counter(), children_s()
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, preexec_fn=on_cores(cores)
            )
            found.walls.append(time.perf_counter() - start)
            found.cpus.append(children_s() - cpu)
            if done.returncode:
                raise SystemExit(f"{name} {' '.join(map(str, arguments))}:\n{done.stderr}")
            found.results.append(json.loads(done.stdout.splitlines()[-1]))
        return found

    def in_turns(
        self, case: str, file: str, counts: tuple[int, ...], seconds: str = "seconds"
    ) -> list[float]:
        """The best rate of each count: a quotient of rates from different minutes says little."""
        turns = [
            [1 / self.case(case, file, count, runs=1).median(seconds, "ticks") for count in counts]
            for _ in range(self.runs)
        ]
        return [max(rates) for rates in zip(*turns, strict=True)]

    def file(self, ticks: int, instruments: int = 10) -> str:
        """A file of W1's ticks; long ones are made in pieces of 2,000,000."""
        key = ticks, instruments
        if key not in self._files:
            pieces = ticks // 2_000_000 if ticks > 20_000_000 else 1
            path = self.place / f"{ticks}x{instruments}.parquet"
            self._files[key] = str(write_w1(path, ticks, instruments=instruments, pieces=pieces))
        return self._files[key]

    def native(self, ticks: int) -> str:
        """The same ticks in the native format."""
        if ticks not in self._native:
            from tests.bench.w1_cases import write_native

            path = self.place / f"{ticks}.native.parquet"
            self._native[ticks] = str(write_native(Path(self.file(ticks)), path))
        return self._native[ticks]
