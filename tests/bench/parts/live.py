"""Whatever `tests/bench/kite_*.py` has that gives rows."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.table import Row, of_others


def rows(bench: Bench) -> Iterator[Row]:
    """Whatever `tests/bench/kite_*.py` has that gives rows."""
    for path in sorted(Path(__file__).parents[1].glob("kite_*.py")):
        module = importlib.import_module(f"tests.bench.{path.stem}")
        found = getattr(module, "rows", None) or getattr(module, path.stem, None)
        if found is not None:
            yield from of_others(path.stem.replace("_", " ").capitalize(), found())
