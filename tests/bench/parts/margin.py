"""The margin of a portfolio with entries that work: one gate, or one passed minute."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """The margin of a portfolio with entries that work: one gate, or one passed minute."""
    for positions in (1, 100):
        cost = bench.case("margin_cases.margin", positions).median() * 1e3
        goal = "<= 5" if positions == 100 else ""
        yield Row("Margin by scenarios", f"{positions} positions", cost, "ms", goal)
