"""Kite's own shapes of answers: which fields there are and of which kinds, from its mocks.

`shapes.json` maps a mock to its paths: `[].price` is the price in each row. A kind that ends in `?`
is of a field that some rows lack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

SHAPES: Final = Path(__file__).with_name("shapes.json")
OPTIONAL: Final = "?"
Shape = dict[str, str]


def load() -> dict[str, Shape]:
    """Return all shapes by the name of their mock."""
    found: dict[str, Shape] = json.loads(SHAPES.read_text(encoding="utf-8"))
    return found


def union(*shapes: Shape) -> Shape:
    """Return the shape of answers that fit one of several; what not all have is optional."""
    merged: Shape = {}
    for path in sorted({path for shape in shapes for path in shape}):
        found = [shape[path] for shape in shapes if path in shape]
        kinds = {kind for each in found for kind in each.rstrip(OPTIONAL).split("|")}
        lacks = len(found) < len(shapes) or any(each.endswith(OPTIONAL) for each in found)
        merged[path] = "|".join(sorted(kinds)) + (OPTIONAL if lacks else "")
    return merged


def parts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, kind) of a value and of everything in it; int and float are one kind."""
    yield path, kind_of(value)
    if isinstance(value, dict):
        for name, each in value.items():
            yield from parts_of(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from parts_of(each, f"{path}[]")


def kind_of(value: Any) -> str:
    """Return the kind of a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def misfits(value: Any, shape: Shape, path: str = "") -> list[str]:
    """Return where an answer has not Kite's shape: unknown fields, other kinds, missing fields."""
    kinds = shape.get(path)
    if kinds is None:
        return [f"{path}: Kite has no such field"]
    if kind_of(value) not in kinds.rstrip(OPTIONAL).split("|"):
        return [f"{path}: is {kind_of(value)}, Kite's is {kinds}"]
    found: list[str] = []
    if isinstance(value, dict):
        for name, each in value.items():
            found += misfits(each, shape, f"{path}.{name}")
        for known, kind in shape.items():
            parent, _, name = known.rpartition(".")
            is_needed = parent == path and name and "[" not in name and not kind.endswith(OPTIONAL)
            if is_needed and name not in value:
                found.append(f"{known}: is missing")
    elif isinstance(value, list):
        for each in value:
            found += misfits(each, shape, f"{path}[]")
    return found
