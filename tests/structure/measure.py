"""Every figure of one checkout."""

from __future__ import annotations

import ast
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from complexipy import code_complexity

from tests.kit.source import Module, modules
from tests.structure import graph, source

HOPS: Final = Path(__file__).with_name("hops.py")
LONG_FUNCTION, LONG_FILE, LONG_CLASS, COMPLEX = 40, 300, 300, 15

Figures = dict[str, str]
"""What was counted -> the number as it is shown, in the order of the table."""


def figures(tree: Path) -> Figures:
    """Measure a checkout. Raises RuntimeError if its scenario does not run."""
    found = modules(tree)
    return {
        **lengths(found),
        **complexity(found),
        **rooms(found, source.room_names(tree)),
        **hops(tree),
    }


def lengths(found: Sequence[Module]) -> Figures:
    """Count the lines of files, functions and classes."""
    functions = source.definitions(found, ast.FunctionDef, ast.AsyncFunctionDef)
    classes = source.definitions(found, ast.ClassDef)
    files = [source.Definition(each.text.count("\n"), each.path, each.path) for each in found]
    lines = [each.lines for each in functions]
    return {
        "files": f"{len(files):,}",
        "lines": f"{sum(each.lines for each in files):,}",
        f"files over {LONG_FILE} lines": _over(files, LONG_FILE),
        "functions": f"{len(functions):,}",
        "lines of a function: median, p95, longest": _spread(lines),
        f"functions over {LONG_FUNCTION} lines": _over(functions, LONG_FUNCTION),
        f"classes over {LONG_CLASS} lines": _over(classes, LONG_CLASS),
    }


def complexity(found: Sequence[Module]) -> Figures:
    """Measure the cognitive complexity of every function with complexipy."""
    each = [
        function.complexity
        for module in found
        for function in code_complexity(module.text).functions
    ]
    return {
        "cognitive complexity: median, p95, worst": _spread(each),
        f"functions more complex than {COMPLEX}": str(sum(value > COMPLEX for value in each)),
        "cognitive complexity, all together": f"{sum(each):,}",
    }


def rooms(found: Sequence[Module], names: frozenset[str] | None) -> Figures:
    """Count rooms, the arrows among them, floors, and circles of rooms and of modules."""
    room = {module.name: source.room_of(module, names) for module in found}
    between_modules = set(source.arrows(found))
    between_rooms = {(room[at], room[to]) for at, to in between_modules if room[at] != room[to]}
    return {
        "rooms": str(len(set(room.values()))),
        "arrows between rooms": str(len(between_rooms)),
        "floors": str(graph.floors(between_rooms)),
        "circles of rooms (rooms in them)": _circles(between_rooms),
        "circles of modules (modules in them)": _circles(between_modules),
    }


def hops(tree: Path) -> Figures:
    """Run `hops.py` in the checkout and name its counts."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(HOPS)],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{tree}: {done.stderr.strip()}")
    ways: dict[str, dict[str, int]] = json.loads(done.stdout)
    return {
        f"{way}: {', '.join(counts)}": ", ".join(map(str, counts.values()))
        for way, counts in ways.items()
    }


def _over(found: list[source.Definition], limit: int) -> str:
    return str(sum(each.lines > limit for each in found))


def _spread(values: list[int]) -> str:
    p95 = statistics.quantiles(values, n=20)[-1]
    return f"{statistics.median(values):.0f}, {p95:.0f}, {max(values)}"


def _circles(arrows: set[tuple[str, str]]) -> str:
    found = graph.circles(arrows)
    return f"{len(found)} ({sum(map(len, found))})"
