"""`make bench`: one table and artifacts/bench.json, medians over runs in fresh processes."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from daemon import VERSION
from tests.bench.w1_data import write_w1


def case(*arguments: str, runs: int) -> list[dict[str, Any]]:
    """The figures of several runs of one case, each in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.cases", *arguments]
    results = []
    for _ in range(runs):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return results


def rate(results: list[dict[str, Any]]) -> float:
    """Median ticks per second."""
    return float(statistics.median(each["ticks"] / each["seconds"] for each in results))


def peak(results: list[dict[str, Any]]) -> float:
    """The highest peak, MB."""
    return float(max(each["peak_mb"] for each in results))


def start_up(runs: int) -> float:
    """Seconds from the command to its end for a configuration that is only checked."""
    command = [sys.executable, "-m", "daemon.main", "check", "configs/sample.yaml"]
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(place: Path, runs: int, ticks: int) -> dict[str, Any]:
    """All figures of the table."""
    main_file = str(write_w1(place / "main.parquet", ticks))
    small_file = str(write_w1(place / "small.parquet", 1_000_000))
    engine = case("w1_engine", main_file, runs=runs)
    rows = case("w1_rows", main_file, runs=runs)
    whole = case("w1_app", main_file, runs=runs)
    small = case("w1_app", small_file, runs=runs)
    held = {
        n: rate(case("positions_rows", small_file, str(n), runs=runs)) for n in (10, 1_000, 10_000)
    }
    fast_held = {
        n: rate(case("positions", small_file, str(n), runs=runs)) for n in (10, 10_000, 100_000)
    }
    brackets = case("bracket", "1000", runs=runs)
    return {
        "version": VERSION,
        "ticks": ticks,
        "runs": runs,
        "row_path_ticks_per_s": round(rate(rows)),
        "row_path_slowest": round(min(each["ticks"] / each["seconds"] for each in rows)),
        "fast_forward_ticks_per_s": round(rate(engine)),
        "whole_process_ticks_per_s": round(rate(whole)),
        "whole_process_1m_ticks_per_s": round(rate(small)),
        "peak_mb": peak(whole),
        "peak_1m_mb": peak(small),
        "positions_ticks_per_s": {str(n): round(value) for n, value in held.items()},
        "fast_positions_ticks_per_s": {str(n): round(value) for n, value in fast_held.items()},
        "positions_10000_over_10": round(held[10_000] / held[10], 3),
        "bracket_us": round(
            statistics.median(each["seconds"] / each["brackets"] for each in brackets) * 1e6, 1
        ),
        "start_up_s": round(start_up(runs), 3),
    }


GOALS = {
    "row_path_ticks_per_s": ">= 1,000,000",
    "peak_mb": "<= 400",
    "positions_10000_over_10": ">= 0.8",
}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=5_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        figures = measure(Path(place), chosen.runs, chosen.ticks)
    lines = [f"{'figure':32} {'value':>40}   goal"]
    for name, value in figures.items():
        text = f"{value:,}" if isinstance(value, int | float) else str(value)
        lines.append(f"{name:32} {text:>40}   {GOALS.get(name, '')}".rstrip())
    sys.stdout.write("\n".join(lines) + "\n")
    kept = Path("artifacts") / "bench.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(figures, indent=1) + "\n")
    sys.stdout.write(f"kept in {kept}\n")


if __name__ == "__main__":
    main()
