"""Mutants that no test can notice, because they compute the same; each with its reason."""

from __future__ import annotations

from typing import Final, NamedTuple


class Equivalent(NamedTuple):
    """A mutation by file, line (its text), what is replaced and by what."""

    path: str
    line: str
    old: str
    new: str
    why: str


EQUIVALENT: Final[tuple[Equivalent, ...]] = ()
