"""The syntax trees of any checkout of this project."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.kit.source import Module, imports, modules


class Definition(NamedTuple):
    """A function or class and its number of lines."""

    lines: int
    path: str
    name: str


def definitions(
    found: Sequence[Module], *kinds: type[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]
) -> list[Definition]:
    """Return every definition of these kinds, nested ones too."""
    return [
        Definition((node.end_lineno or node.lineno) - node.lineno + 1, module.path, node.name)
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, kinds)
    ]


def room_names(tree: Path) -> frozenset[str] | None:
    """Return the keys of ROOMS in the checkout's layer tests, None where there are none."""
    path = tree / "tests/test_layers.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else ():
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == "ROOMS"
            and isinstance(node.value, ast.Dict)
        ):
            return frozenset(map(str, map(ast.literal_eval, filter(None, node.value.keys))))
    return None


def room_of(module: Module, rooms: frozenset[str] | None) -> str:
    """Return the innermost listed room; without a list the folder.

    A file straight in `daemon/` then is a room of its own: such files shared nothing but the place.
    """
    if rooms is not None:
        name = module.name
        while name and name not in rooms:
            name = name.rpartition(".")[0]
        return name or module.name
    folder = module.path.rpartition("/")[0].replace("/", ".")
    return module.name if folder == "daemon" else folder


def arrows(found: Sequence[Module]) -> Iterator[tuple[str, str]]:
    """Yield (module, module) of every import between two modules, for type checking or not."""
    known = {module.name for module in found}
    for module in found:
        for _, name in imports(module.tree):
            if name in known and name != module.name:
                yield module.name, name


__all__ = ["Definition", "Module", "arrows", "definitions", "modules", "room_names", "room_of"]
