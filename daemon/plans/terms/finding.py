"""What a check finds in a plan: where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

Path = tuple[str | int, ...]


class Finding(NamedTuple):
    """One thing that is wrong or worth a warning, in one line."""

    path: Path
    text: str


Findings = Iterator[Finding]


def exactly_one(at: Path, part: msgspec.Struct, keys: tuple[str, ...]) -> Findings:
    """Refuse a part that has none of these keys, or more than one."""
    written = [key for key in keys if getattr(part, key) is not None]
    if len(written) != 1:
        was = " and ".join(written) if written else "none"
        yield Finding(at, f"expected exactly one of {', '.join(keys)}, was {was}")


def needs(at: Path, key: str, other: str, why: str = "") -> Finding:
    """Return that a key has no effect without another one."""
    reason = f" ({why})" if why else ""
    return Finding((*at, key), f"has no effect without {other}{reason}; write it too")


def first_of_each(names: list[str]) -> Mapping[str, int]:
    """Return where each name stands first."""
    found: dict[str, int] = {}
    for number, name in enumerate(names):
        found.setdefault(name, number)
    return found
