"""Many plans with rounds of 28 legs each against one, by levels that no tick reaches."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """Many plans with rounds of 28 legs each against one, by levels that no tick reaches."""
    section = "Plans with 28 legs each"
    for case, title, goal in (
        ("plan_cases.plans", "by columns", ">= 0.9 of one"),
        ("plan_cases.plans_rows", "row path", ">= 0.8 of one"),
    ):
        turns = [[bench.case(case, count, runs=1) for count in (1, 200)] for _ in range(bench.runs)]
        one, many = (max(run.rate() for run in runs) for runs in zip(*turns, strict=True))
        peaks = [max(run.peak() for run in runs) for runs in zip(*turns, strict=True)]
        yield Row(
            section, f"200 plans, {title}", many, "ticks/s", goal,
            f"{many / one:.2f} of one",
        )  # fmt: skip
        yield Row(section, f"200 plans, {title}, memory", peaks[1] - peaks[0], "MB", "< 50")
