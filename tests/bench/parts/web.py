"""What other processes read: the map of quotes, and the journal by pages."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row

QUOTE_BLOCKS = (1, 2, 5, 10, 100, 1_000)
LONG_EVENTS = 1_000_000


def rows(bench: Bench) -> Iterator[Row]:
    """What other processes read: the map of quotes, and the journal by pages."""
    section = "quotes.map, with depth"
    for size in QUOTE_BLOCKS:
        found = bench.case("web_cases.quotes_map", size)
        cost = found.median("seconds", "rows") * 1e6
        yield Row(section, f"a row, blocks of {size:,}", cost, "us", "<= 2")
    section = f"Facts, {LONG_EVENTS:,} events"
    paged = bench.case("web_cases.facts", LONG_EVENTS, runs=3)
    for name, title in (("median_s", "median"), ("p99_s", "p99"), ("slowest_s", "slowest")):
        yield Row(
            section, f"a page of 500, {title}", paged.median(name) * 1e3, "ms",
            "<= 50" if title == "slowest" else "",
        )  # fmt: skip
    yield Row(section, "open and look", paged.median("look_s") * 1e3, "ms")
