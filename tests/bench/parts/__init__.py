"""The parts of the table: a module each, found by its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.table import Row

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
)


def part(name: str) -> Callable[[Bench], Iterator[Row]]:
    """Return the function that measures a part."""
    rows: Callable[[Bench], Iterator[Row]] = importlib.import_module(f"{__name__}.{name}").rows
    return rows
