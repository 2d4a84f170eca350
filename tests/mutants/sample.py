"""Which mutants are tried: a seeded sample of each area, and all of the files that may not err."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from tests.kit.cli import ROOT
from tests.mutants.operators import Edit, edits

AREAS: Final = {
    "execution": ("execution", "exchange", "clockwork"),
    "market": ("market",),
    "journal": ("journal",),
    "rules": ("rules",),
}
"""The rooms of daemon/ in each area; `execution` is all that decides an order."""
WHOLE: Final = (
    "daemon/market/triggers.py",
    "daemon/execution/lifecycle.py",
    "daemon/domain/ledger.py",
    "daemon/journal/head.py",
    "daemon/journal/ends.py",
    "daemon/journal/audit.py",
)
"""Files of which every mutant is tried: a fault in them loses a stop, money or the journal."""


class Mutant(NamedTuple):
    """One mutation of a file (path from the root): its line as it is, and what is replaced."""

    path: str
    edit: Edit
    line: str
    old: str

    @property
    def name(self) -> str:
        """`daemon/market/book.py:41:12`."""
        return f"{self.path}:{self.edit.line}:{self.edit.column}"

    @property
    def part(self) -> str:
        """The area it counts for, or its file where every mutant of the file is tried."""
        room = self.path.split("/")[1]
        areas = (area for area, rooms in AREAS.items() if room in rooms)
        return self.path if self.path in WHOLE else next(areas)

    def describe(self) -> str:
        """Return the name, the line as it is and what the mutation writes."""
        return f"{self.name}  `{self.line}`  {self.old!r} -> {self.edit.new!r}"


def mutants_of(path: str) -> list[Mutant]:
    """Return all mutants of a file."""
    source = (ROOT / path).read_bytes()
    lines = source.decode().splitlines()
    return [
        Mutant(path, edit, lines[edit.line - 1].strip(), source[edit.start : edit.end].decode())
        for edit in edits(source)
    ]


def chosen(seed: int, each_area: int, *, whole: bool) -> Iterator[Mutant]:
    """Yield the mutants of a run: the areas' samples in turns, then the whole files, mixed.

    The same seed gives the same mutants, and a change of the program replaces only those of the
    lines it changes.
    """
    samples = [
        sorted(_mutants_in(rooms), key=_drawn_by(seed))[:each_area] for rooms in AREAS.values()
    ]
    found = dict.fromkeys(each for turn in zip_longest(*samples) for each in turn if each)
    yield from found
    if whole:
        rest = [each for path in WHOLE for each in mutants_of(path) if each not in found]
        random.Random(seed).shuffle(rest)
        yield from rest


def _mutants_in(rooms: tuple[str, ...]) -> Iterator[Mutant]:
    paths = chain.from_iterable((ROOT / "daemon" / room).rglob("*.py") for room in rooms)
    for path in sorted(str(each.relative_to(ROOT)) for each in paths):
        yield from mutants_of(path)


def _drawn_by(seed: int) -> Callable[[Mutant], bytes]:
    """Return what orders mutants by chance: by nothing but the seed and their own text."""

    def number(mutant: Mutant) -> bytes:
        told = (seed, mutant.path, mutant.line, mutant.edit.column, mutant.old, mutant.edit.new)
        return hashlib.sha256(repr(told).encode()).digest()

    return number
