"""From nothing to something: what a person waits for after pressing return."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import SAMPLE, Bench
from tests.bench.table import Row

SECTION = "Start"


def rows(bench: Bench) -> Iterator[Row]:
    """A cold start and the shortest commands; the floor is an import of the dependencies alone."""
    bare = bench.case("start_cases.bare")
    needed = bench.case("start_cases.dependencies")
    first = bench.case("start_cases.first_tick", SAMPLE)
    check = bench.case("start_cases.command", "check", SAMPLE)
    version = bench.case("start_cases.command", "--version")
    for figure, how in (("seconds", ""), ("cpu_s", ", processor time")):
        least, floor = bare.median(figure), needed.median(figure)
        yield Row(SECTION, f"floor: the interpreter alone{how}", least, "s")
        yield Row(SECTION, f"floor: import of the dependencies{how}", floor, "s")
        for name, found, goal in (
            ("cold start to the first tick", first, "<= 0.45"),
            (f"check {SAMPLE}", check, "<= 0.35"),
        ):
            yield Row(SECTION, f"{name}{how}", found.median(figure), "s", goal, floor=floor)
        yield Row(SECTION, f"--version{how}", version.median(figure), "s", floor=least)
