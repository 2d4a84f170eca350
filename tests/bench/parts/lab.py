"""A variant of W1 in a pass of a hundred beside runs of its own, and months; processor time."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Final

from tests.bench.bench import Bench
from tests.bench.table import Row

PASS_VARIANTS: Final = 100
DAYS: Final = 12
TICKS_A_DAY: Final = 933_333


def rows(bench: Bench) -> Iterator[Row]:
    """A variant of W1 in a pass of a hundred beside runs of its own, and months."""
    file = bench.native(bench.ticks)
    turns = [
        (
            bench.case("lab_cases.one_pass", file, PASS_VARIANTS, runs=1),
            bench.case("lab_cases.simulated", file, runs=1),
            bench.case("lab_cases.own_process", file, runs=1),
        )
        for _ in range(bench.runs)
    ]
    each = statistics.median(found.median("seconds", "variants") for found, _, _ in turns)
    alone = statistics.median(found.median() for _, found, _ in turns)
    process = statistics.median(found.median() for _, _, found in turns)
    section = f"A variant of W1, {bench.ticks:,} ticks, processor time"
    yield Row(section, f"in a pass of {PASS_VARIANTS}", each * 1e3, "ms")
    yield Row(section, "alone, in memory", alone * 1e3, "ms", ">= 3", f"{alone / each:.1f} of it")
    yield Row(
        section, "alone, a process of its own", process * 1e3, "ms", ">= 6",
        f"{process / each:.1f} of it",
    )  # fmt: skip
    pss = max(found.median("pss_mb") for found, _, _ in turns)
    yield Row(section, "memory of the pass (PSS)", pss, "MB", "<= 300")
    place = bench.place / "months"
    found = bench.case("lab_cases.months", place, DAYS, TICKS_A_DAY)
    yield Row(
        f"W1's rules on {DAYS} sessions of 28 instruments, {DAYS * TICKS_A_DAY:,} ticks",
        "processor time", found.median(), "s", "<= 6 (120 sessions: 60)",
    )  # fmt: skip
