"""Finds the modules of strategies: next to the configuration, under `strategies.path`, installed.

The directories are searched last, so a file in them never takes the place of a module of Python's
or of an installed one; a name that means two files is refused.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

_searched: Final[list[str]] = []
"""Directories that are on Python's path for the configuration that was loaded last."""
_imported: Final[dict[str, str]] = {}
"""Top-level modules that came from one of them -> the directory."""


class AmbiguousModule(Exception):
    """A name that means two files, or a file that an installed module hides."""


def import_strategy(name: str, directories: Sequence[str]) -> ModuleType:
    """Return the module of this name, from Python's path or else from these directories.

    Raises AmbiguousModule, and whatever the import raises.
    """
    _search_in(directories)
    files = _files(name, directories)
    if len(files) > 1:
        raise AmbiguousModule(f"{name!r} is {files[0]} and {files[1]}; rename one of them")
    if files:
        _refuse_hidden(name, files[0])
    known = set(sys.modules)
    try:
        return importlib.import_module(name)
    finally:
        _remember(set(sys.modules) - known)


def _search_in(directories: Sequence[str]) -> None:
    """Search these directories after all others, and forget what another configuration's held.

    A module that was forgotten goes on working for those who have it.
    """
    for directory in set(_searched).difference(directories):
        _searched.remove(directory)
        if directory in sys.path:
            sys.path.remove(directory)
        for top in [each for each, place in _imported.items() if place == directory]:
            del _imported[top]
            for name in [each for each in sys.modules if f"{each}.".startswith(f"{top}.")]:
                del sys.modules[name]
    for directory in directories:
        if directory not in sys.path:
            sys.path.append(directory)
            _searched.append(directory)
    if directories:
        importlib.invalidate_caches()  # a file may be younger than the last look at its directory


def _remember(names: Iterable[str]) -> None:
    """Keep which of the modules that were just imported came from the directories."""
    for name in names:
        spec = getattr(sys.modules[name], "__spec__", None)
        if "." in name or spec is None:
            continue
        for place in (spec.origin, *(spec.submodule_search_locations or ())):
            parents = [str(each) for each in Path(place or "").parents][:2]
            if found := set(parents).intersection(_searched):
                _imported[name] = found.pop()


def _files(name: str, directories: Sequence[str]) -> list[Path]:
    """Return the files of a module in the directories, each once."""
    names = name.split(".")
    if not all(map(str.isidentifier, names)):
        return []
    found: list[Path] = []
    for directory in directories:
        stem = Path(directory, *names)
        for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
            if path.is_file() and not any(path.samefile(each) for each in found):
                found.append(path)
    return found


def _refuse_hidden(name: str, file: Path) -> None:
    """Refuse a file that is not what Python imports by this name."""
    top = name.partition(".")[0]
    spec = _find(name)
    if spec is not None and spec.origin is not None and _is_same(spec.origin, file):
        return
    if spec is not None:
        raise AmbiguousModule(
            f"{file} has the name of an installed module ({_place(spec)}); rename the file"
        )
    package = _find(top)
    if package is not None:
        raise AmbiguousModule(
            f"{file} cannot be {name!r}, as {top!r} is an installed package ({_place(package)}); "
            f"add {file.parent} to strategies.path and write module: {file.stem}"
        )


def _find(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ModuleNotFoundError, ValueError):  # a package above it, or `__main__`
        return None


def _place(spec: ModuleSpec) -> str:
    if spec.origin in (None, "built-in", "frozen"):
        return ", ".join(spec.submodule_search_locations or ()) or "Python's own"
    return str(spec.origin)


def _is_same(origin: str, file: Path) -> bool:
    place = Path(origin)
    return place.is_file() and place.samefile(file)
