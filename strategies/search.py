"""Find the modules of strategies: next to the configuration, under `strategies.path`, or installed.

The directories are searched last, so a file in them never replaces one of Python's modules or an
installed one. A name that means two files is refused.
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
"""Directories on Python's path for the configuration loaded last."""
_imported: Final[dict[str, str]] = {}
"""Top-level modules imported from one of them -> the directory."""


class AmbiguousModule(Exception):
    """A name with two files, or a file that an installed module hides."""


def import_strategy(name: str, directories: Sequence[str]) -> ModuleType:
    """Import the module of this name, from Python's path or else from these directories.

    Raises AmbiguousModule, and whatever the import raises.
    """
    _search_in(directories)
    known = set(sys.modules)  # looking for a module imports the package that it lies in
    files = _files(name, directories)
    if len(files) > 1:
        raise AmbiguousModule(f"{name!r} is {files[0]} and {files[1]}; rename one of them")
    if files:
        _refuse_hidden(name, files[0])
    try:
        return importlib.import_module(name)
    finally:
        _remember(set(sys.modules) - known)


def _search_in(directories: Sequence[str]) -> None:
    """Search these directories after all others; forget modules of another configuration's.

    A forgotten module keeps working for code that already holds it.
    """
    for directory in set(_searched).difference(directories):
        _searched.remove(directory)
        if directory in sys.path:
            sys.path.remove(directory)
        for top in [name for name, place in _imported.items() if place == directory]:
            del _imported[top]
            for name in [module for module in sys.modules if f"{module}.".startswith(f"{top}.")]:
                del sys.modules[name]
    for directory in directories:
        if directory not in sys.path:
            sys.path.append(directory)
            _searched.append(directory)
    if directories:
        importlib.invalidate_caches()  # a file may be newer than the cached directory listing


def _remember(names: Iterable[str]) -> None:
    """Remember which newly imported modules came from the directories."""
    for name in names:
        spec = getattr(sys.modules[name], "__spec__", None)
        if "." in name or spec is None:
            continue
        for place in (spec.origin, *(spec.submodule_search_locations or ())):
            parents = [str(parent) for parent in Path(place or "").parents][:2]
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
            if path.is_file() and not any(path.samefile(other) for other in found):
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
    except (ModuleNotFoundError, ValueError):  # its package is missing, or it is `__main__`
        return None


def _place(spec: ModuleSpec) -> str:
    if spec.origin in (None, "built-in", "frozen"):
        return ", ".join(spec.submodule_search_locations or ()) or "Python's own"
    return str(spec.origin)


def _is_same(origin: str, file: Path) -> bool:
    place = Path(origin)
    return place.is_file() and place.samefile(file)
