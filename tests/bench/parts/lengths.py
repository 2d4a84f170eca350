"""The whole process against the length of the file, next to the read of the same columns."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import SMALL_TICKS, Bench
from tests.bench.table import Row

LONG_TICKS = 50_000_000
SHARES = {1: ">= 0.6 of the read", 2: ">= 0.9 of the read"}
"""Cores -> the goal of the long file."""


def rows(bench: Bench) -> Iterator[Row]:
    """The whole process on one core and on two; the floor is the read alone, on one."""
    section = "Length of the file, whole process"
    first = 0.0
    for size in (SMALL_TICKS, 5_000_000, LONG_TICKS):
        file, name = bench.file(size), f"{size:,} ticks"
        runs = 3 if size == LONG_TICKS else 0
        read = bench.case("floors.parquet_read", file, runs=runs).rate()
        yield Row(section, f"floor: Parquet read, {name}", read, "ticks/s")
        peaks = []
        for cores, goal in SHARES.items():
            found = bench.case("w1_cases.w1_app", file, runs=runs, cores=cores)
            peaks.append(found.peak())
            title = name if cores == 1 else f"{name}, two cores"
            goal = goal if size == LONG_TICKS else ""
            yield Row(section, title, found.rate(), "ticks/s", goal, found.slowest(), read)
        first = first or peaks[0]
        ratio = f"{max(peaks) / first:.2f} of the shortest"
        yield Row(section, f"{name}, peak memory", max(peaks), "MB", "<= 300", ratio)
