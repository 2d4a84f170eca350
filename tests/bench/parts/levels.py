"""Many watches over 28 contracts each against one, by levels that no tick reaches."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """Many watches over 28 contracts each against one, by levels that no tick reaches."""
    section = "Combined levels over 28 contracts"
    for case, title in (
        ("level_cases.combined", "by columns"),
        ("level_cases.combined_rows", "row path"),
    ):
        turns = [
            [bench.case(case, count, 0, runs=1) for count in (1, 200)] for _ in range(bench.runs)
        ]
        one, many = (max(run.rate() for run in runs) for runs in zip(*turns, strict=True))
        peaks = [max(run.peak() for run in runs) for runs in zip(*turns, strict=True)]
        yield Row(
            section, f"200 watches, {title}", many, "ticks/s", ">= 0.9 of one",
            f"{many / one:.2f} of one",
        )  # fmt: skip
        yield Row(section, f"200 watches, {title}, memory", peaks[1] - peaks[0], "MB", "< 50")
    near = bench.case("level_cases.combined", 200, 1)
    yield Row(section, "200 watches whose intervals are left", near.rate(), "ticks/s")
