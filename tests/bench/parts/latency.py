"""From the arrival of a live frame to the decision, next to a loop that only takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.bench.bench import Bench
from tests.bench.table import Row

SECONDS: Final = 10
RUNS: Final = 3
LOADS: Final = ((1_000, 1, ("<= 100", "<= 250")), (50_000, 500, ("", "<= 2,000")))
"""Ticks a second, packets a frame, and the goals of p50 and p99, us."""


def rows(bench: Bench) -> Iterator[Row]:
    """Each load, and each after its floor; two cores, as the server is another process."""
    for rate, packets, goals in LOADS:
        section = f"Live, {rate:,} ticks/s: frame arrival to decision"
        arguments = (rate, SECONDS, packets)
        floor = bench.case("live_cases.taken", *arguments, cores=2, runs=RUNS)
        found = bench.case("live_cases.decided", *arguments, cores=2, runs=RUNS)
        for name, goal in zip(("p50", "p99"), goals, strict=True):
            least = floor.median(f"{name}_us")
            yield Row(section, f"floor: a loop that only takes the frame, {name}", least, "us")
            yield Row(section, name, found.median(f"{name}_us"), "us", goal, floor=least)
        used = found.median("used_us")
        yield Row(section, "processor time of it, median", used, "us")
