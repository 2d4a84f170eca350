"""Strategies that want every tick, and what a bracket costs."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import SMALL_TICKS, Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """Strategies that want every tick, and what a bracket costs."""
    file = bench.file(SMALL_TICKS)
    every = bench.case("engine_cases.tick_strategy", file, 10).rate()
    one = bench.case("engine_cases.tick_strategy", file, 1).rate()
    section = "Strategies"
    yield Row(section, "on_tick of all ten instruments", every, "ticks/s", ">= 2,500,000")
    yield Row(
        section, "on_tick of one of ten", one, "ticks/s", "", f"{one / every:.1f} times all ten"
    )
    alone = bench.case("engine_cases.bracket", 1000).median("seconds", "brackets") * 1e6
    kept = bench.case("engine_cases.bracket_journaled", 1000).median("seconds", "brackets") * 1e6
    yield Row(section, "bracket: intent to close", alone, "us")
    yield Row(
        section, "bracket: intent to journaled close", kept, "us", "<= 100",
        f"{kept / alone:.2f} times without",
    )  # fmt: skip
