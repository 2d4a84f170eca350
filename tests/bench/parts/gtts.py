"""The engine while GTTs wait whose levels are far away, block by block next to one without."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import SMALL_TICKS, Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """The engine while GTTs wait whose levels are far away, block by block next to one without."""
    for case, title in (
        ("engine_cases.gtts", "engine only"),
        ("engine_cases.gtts_rows", "row path"),
    ):
        found = bench.case(case, bench.file(SMALL_TICKS), 10_000)
        cost = found.median("without", "seconds")
        yield Row(
            f"GTTs far away, {title}", "10,000", found.rate(), "ticks/s", ">= 0.95 of none",
            f"{cost:.2f} of none",
        )  # fmt: skip
