"""W1 trades ten of N instruments (one, where there is but one)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import SMALL_TICKS, Bench
from tests.bench.table import Row

INSTRUMENTS = (1, 10, 100, 1_000)


def rows(bench: Bench) -> Iterator[Row]:
    """W1 trades ten of N instruments (one, where there is but one)."""
    for case, title, goal in (
        ("w1_cases.w1_engine", "engine only", ">= 0.6 of 10"),
        ("w1_cases.w1_app", "whole process", ">= 0.7 of 10"),
    ):
        rates = {}
        for count in INSTRUMENTS:
            file = bench.file(SMALL_TICKS, count)
            rates[count] = bench.case(case, file, count).rate()
        for count, rate in rates.items():
            yield Row(
                f"Instruments, {title}, {SMALL_TICKS:,} ticks", f"{count:,}", rate, "ticks/s",
                goal if count > 100 else "", f"{rate / rates[10]:.2f} of 10",
            )  # fmt: skip
