"""Files that a strategy is made of: a row is only as new as they are.

They are its module, what that imports from the directories of the configuration, and the whole
package that it lies in. Nothing is imported to find them.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import ConfigError
from daemon.settings.config import Config

_NOTEBOOKS: Final = frozenset({"__main__", "builtins"})


def refuse_classes_in_hand(config: Config) -> None:
    """Refuse a strategy that lives in a notebook or a script. Raises ConfigError.

    A worker is a process of its own: it imports a strategy by its module.
    """
    for item in config.strategies.items:
        if item.enabled and item.module in _NOTEBOOKS:
            raise ConfigError(
                f"strategy {item.id!r}: {item.class_} lives in a notebook or a script "
                f"({item.module}), where no worker finds it; put it in a file next to the "
                "configuration"
            )


def strategy_files(config: Config) -> dict[str, list[Path]]:
    """Return the files of each enabled strategy, by its id.

    One whose module is not found has none: building it says why. Raises ConfigError for a file
    that cannot be read.
    """
    directories = config.strategies.path
    return {
        item.id: sorted(_files_of(item.module, directories))
        for item in config.strategies.items
        if item.enabled
    }


def sources_sha256(files: Mapping[str, Sequence[Path]]) -> dict[str, str]:
    """Return the hash of each strategy's source, by its id. Raises ConfigError."""
    known: dict[Path, str] = {}
    found = {}
    for strategy_id, paths in files.items():
        for path in paths:
            if path not in known:
                known[path] = hashlib.sha256(_read(path)).hexdigest()
        listed = [(path.name, known[path]) for path in paths]
        found[strategy_id] = hashlib.sha256(msgspec.json.encode(listed)).hexdigest()
    return found


def _files_of(module: str, directories: Sequence[str]) -> set[Path]:
    first = _find(module, [*directories, *sys.path])
    waiting, found = [first] if first is not None else [], set[Path]()
    while waiting:
        path = waiting.pop().resolve()
        if path in found:
            continue
        found.add(path)
        waiting += _package(path)
        for name in _imported(path):
            below = _find(name, directories)
            if below is not None:
                waiting.append(below)
    return found


def _find(module: str, path: Sequence[str]) -> Path | None:
    """Return the file of a module, None for one that is not there or has no source."""
    places: Sequence[str] | None = path
    names = module.split(".")
    for at in range(len(names)):
        spec = PathFinder.find_spec(".".join(names[: at + 1]), places)
        if spec is None:
            return None
        places = spec.submodule_search_locations
        if at < len(names) - 1 and places is None:
            return None
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _package(path: Path) -> list[Path]:
    """Return all files of the outermost package that a file lies in, none if it lies in none."""
    top = None
    for parent in path.parents:
        if not (parent / "__init__.py").is_file():
            break
        top = parent
    return [] if top is None else sorted(top.rglob("*.py"))


def _imported(path: Path) -> Iterator[str]:
    """Yield every module that a file may import, by its full name."""
    try:
        tree = ast.parse(_read(path))
    except (SyntaxError, ValueError):
        return  # building it says so
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
