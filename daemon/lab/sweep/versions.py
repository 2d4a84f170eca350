"""What every node of a sweep must have alike: the program, Python and what numbers pass through."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

import daemon
from daemon import VERSION
from daemon.rules.loader import SHIPPED_RULES

_PACKAGES: Final = ("numpy", "msgspec", "pyarrow")
_CODE: Final = ("daemon", "feeds")
_SUFFIXES: Final = (".py", ".yaml")


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What must be equal."""

    program: str
    """Its version and the first digits of a hash of its source and its dated rules."""
    python: str
    """Major and minor."""
    numpy: str
    msgspec: str
    pyarrow: str

    @property
    def text(self) -> str:
        """Return them in a line."""
        return ", ".join(f"{name} {value}" for name, value in msgspec.structs.asdict(self).items())

    def other(self, wanted: Versions) -> str:
        """Return what differs from the wanted ones in words, "" if nothing does."""
        ours, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(wanted)
        return ", ".join(
            f"{name} {ours[name]} instead of {theirs[name]}"
            for name in ours
            if ours[name] != theirs[name]
        )


@cache
def versions() -> Versions:
    """Return those of this process."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {name: metadata.version(name) for name in _PACKAGES}
    return Versions(program=f"{VERSION} ({_source_hash()})", python=python, **found)


def machine_text() -> str:
    """Return which machine and process this is, with its versions."""
    return f"{platform.node()}/{os.getpid()} ({versions().text})"


def _source_hash() -> str:
    total = hashlib.blake2b(digest_size=4)
    for name, path in _files():
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def _files() -> Iterator[tuple[str, Path]]:
    """Yield the files that decide, by their names, in one order on every machine."""
    for package in _CODE:
        yield from _below(Path(daemon.__file__).parents[1] / package)
    yield from _below(SHIPPED_RULES)


def _below(root: Path) -> Iterator[tuple[str, Path]]:
    found = {path.relative_to(root.parent).as_posix(): path for path in root.rglob("*")}
    yield from ((name, found[name]) for name in sorted(found) if found[name].suffix in _SUFFIXES)
