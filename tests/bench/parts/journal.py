"""The journal on disk."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row

JOURNAL_EVENTS = 100_000
LONG_EVENTS = 1_000_000


def rows(bench: Bench) -> Iterator[Row]:
    """The journal on disk."""
    section = f"Journal, {JOURNAL_EVENTS:,} events"
    written = bench.case("system_cases.journal", JOURNAL_EVENTS)
    recovered = bench.case("system_cases.recovery", JOURNAL_EVENTS)
    yield Row(section, "appended, 1,000 a commit", written.median("events", "seconds"), "events/s")
    yield Row(section, "size of an event", written.median("bytes", "events"), "bytes")
    yield Row(
        section, "recovery: lock, verify, fold", recovered.median(), "s", "<= 2",
        f"verify {recovered.median('verify_s') / recovered.median():.2f} of it",
    )  # fmt: skip
    section = f"Journal, {LONG_EVENTS:,} events"
    snapshot = bench.case("system_cases.recovery", LONG_EVENTS, LONG_EVENTS - 20_000, runs=3)
    whole = bench.case("system_cases.recovery", LONG_EVENTS, runs=3)
    yield Row(
        section, "recovery from a snapshot 20,000 events back", snapshot.median(), "s", "<= 3",
        f"{snapshot.median() / whole.median():.2f} of it without one",
    )  # fmt: skip
    yield Row(
        section, "recovery without a snapshot", whole.median(), "s", "<= 4",
        floor=bench.case("floors.journal_pass", JOURNAL_EVENTS).median("seconds", "events")
        * LONG_EVENTS,
    )  # fmt: skip
