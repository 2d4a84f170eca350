"""The project's own source as syntax trees, for the tests about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("daemon", "feeds", "strategies")


class Module(NamedTuple):
    """One file. `name` is dotted, `path` is relative to the project."""

    name: str
    path: str
    text: str
    tree: ast.Module


@cache
def modules(root: Path = ROOT) -> tuple[Module, ...]:
    """Return every module of a checkout but its tests, parsed once in a process."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            relative = path.relative_to(root)
            parts = relative.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text(encoding="utf-8")
            found.append(Module(name, relative.as_posix(), text, ast.parse(text)))
    return tuple(found)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            assert node.module is not None
            yield node.lineno, node.module
            # `from daemon import main` imports daemon.main
            if node.module in PACKAGES:
                yield from ((node.lineno, f"{node.module}.{each.name}") for each in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    """(line, dotted name, node) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func), node
