"""The engine while an entry on every ticking instrument waits for its latency."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """The engine while an entry on every ticking instrument waits for its latency."""
    for case, title in (
        ("engine_cases.waiting", "engine only"),
        ("engine_cases.waiting_rows", "row path"),
    ):
        without, rate = bench.in_turns(case, bench.file(bench.ticks), (0, 10))
        yield Row(
            f"Entries waiting for their latency, {title}", "10", rate, "ticks/s", ">= 0.9 of none",
            f"{rate / without:.2f} of none",
        )  # fmt: skip
