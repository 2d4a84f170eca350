"""Which mutants are tried: a seeded sample of each area, and all of the files that may not err."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.kit.cli import ROOT
from tests.mutants.operators import Edit, edits

AREAS: Final = ("execution", "market", "journal", "rules")
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
    """One mutation of a file (path from the root), and the area whose tests should notice."""

    path: str
    edit: Edit

    @property
    def area(self) -> str:
        """The folder under daemon/ that the file is in."""
        return Path(self.path).parts[1]

    @property
    def name(self) -> str:
        """`daemon/market/book.py:41:12`."""
        return f"{self.path}:{self.edit.line}:{self.edit.column}"

    def describe(self) -> str:
        """Return the name, the line as it is and what the mutation writes."""
        source = (ROOT / self.path).read_bytes()
        line = source.decode().splitlines()[self.edit.line - 1].strip()
        old = source[self.edit.start : self.edit.end].decode()
        return f"{self.name}  `{line}`  {old!r} -> {self.edit.new!r}"


def mutants_of(path: str) -> list[Mutant]:
    """Return all mutants of a file."""
    return [Mutant(path, edit) for edit in edits((ROOT / path).read_bytes())]


def chosen(seed: int, each_area: int, *, whole: bool) -> Iterator[Mutant]:
    """Yield the mutants of a run in a mixed order; the same seed gives the same mutants."""
    rng = random.Random(seed)
    found: dict[str, Mutant] = {}
    for area in AREAS:
        paths = sorted((ROOT / "daemon" / area).glob("*.py"))
        every = [each for path in paths for each in mutants_of(str(path.relative_to(ROOT)))]
        for mutant in rng.sample(every, min(each_area, len(every))):
            found[mutant.name + mutant.edit.new] = mutant
    if whole:
        for path in WHOLE:
            for mutant in mutants_of(path):
                found[mutant.name + mutant.edit.new] = mutant
    mixed = list(found.values())
    rng.shuffle(mixed)
    yield from mixed
