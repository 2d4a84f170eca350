"""A boundary at which 3,000 orders are born and filled."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row

ORDERS = 3_000


def rows(bench: Bench) -> Iterator[Row]:
    """A boundary at which 3,000 orders are born and filled."""
    section = f"{ORDERS:,} orders at one boundary"
    born = bench.case("storm_cases.born", ORDERS)
    yield Row(
        section, "born and filled, on disk", born.median(), "s", "<= 0.15",
        f"decided in {born.median('decided_s') / born.median():.2f} of it",
    )  # fmt: skip
    each = 1e6 * born.median("decided_s", "orders")
    yield Row(section, "an order decided", each, "us")
    late = bench.case("storm_cases.exit_due", ORDERS, cores=2).median() * 1e3
    yield Row(section, "an exit due 100 ms later, on disk after", late, "ms", "<= 50")
