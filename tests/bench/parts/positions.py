"""The engine against open positions whose levels are far away, by columns and by rows."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import SMALL_TICKS, Bench
from tests.bench.table import Row

POSITIONS = (1, 10, 100, 1_000, 10_000, 100_000)


def rows(bench: Bench) -> Iterator[Row]:
    """The engine against open positions whose levels are far away, by columns and by rows."""
    for case, title, goal in (
        ("engine_cases.positions", "Open positions, engine only", ">= 0.9 of 10"),
        ("engine_cases.positions_rows", "Open positions, row path", ">= 0.8 of 10"),
    ):
        rates = {n: bench.case(case, bench.file(SMALL_TICKS), n).rate() for n in POSITIONS}
        for count, rate in rates.items():
            yield Row(
                title, f"{count:,}", rate, "ticks/s", goal if count > 10 else "",
                f"{rate / rates[10]:.2f} of 10",
            )  # fmt: skip
