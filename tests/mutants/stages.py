"""Which tests are asked about a mutant: unit, then property, then command line, then golden."""

from __future__ import annotations

import re
from itertools import chain
from typing import Final

from tests.kit.cli import ROOT
from tests.mutants.reach import Reach
from tests.mutants.sample import AREAS

_OF_AREAS: Final = ("tests/broker", "tests/margin", "tests/levels")
"""Unit tests of rooms of the core, in places of their own."""
STAGES: Final = (
    ("unit", ("tests/unit/", "tests/test_", *(f"{place}/" for place in _OF_AREAS))),
    ("property", ("tests/properties/",)),
    ("command line", ("tests/cli/",)),
    ("golden", ("tests/golden/",)),
)
BUDGET_S: Final = 30.0
"""Of each stage the quickest tests that take this long are asked.

A mutant that only slower ones notice wants a test of its own.
"""


def tests_asked(*, unit_only: bool) -> tuple[str, ...]:
    """Return what pytest is to run of the whole; `unit_only` is what imports an area by name."""
    if unit_only:
        return (*_unit_tests_of_areas(), *_OF_AREAS, _NAMED, *_LEFT_OUT)
    places = ("tests/unit", *_OF_AREAS, _NAMED, "tests/properties", "tests/cli", "tests/golden")
    return (*places, *_LEFT_OUT)


def _unit_tests_of_areas() -> list[str]:
    rooms = "|".join(chain.from_iterable(AREAS.values()))
    imported = re.compile(rf"^\s*(from|import) .*\bdaemon\.({rooms})\b", re.MULTILINE)
    files = sorted((ROOT / "tests/unit").glob("test_*.py"))
    return [str(each.relative_to(ROOT)) for each in files if imported.search(each.read_text())]


_NAMED: Final = "tests/test_execution_engine_v3_new.py"
_LEFT_OUT: Final = (
    "--ignore-glob=tests/unit/test_docs_*",
    "--ignore=tests/unit/test_checks_are_on.py",
    "--ignore=tests/unit/test_mutants.py",
    "--ignore=tests/unit/test_supply.py",
)
"""Tests of texts, of the packaging and of this: they read more than the program."""


def stages_of(reach: Reach, path: str, line: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return the stages for a line of the program, as (name, tests), without the empty ones."""
    every = reach.tests_of(path, line)
    found = [
        (name, _within_budget(reach, [each for each in every if each.startswith(places)]))
        for name, places in STAGES
    ]
    return [(name, tests) for name, tests in found if tests]


def _within_budget(reach: Reach, tests: list[str]) -> tuple[str, ...]:
    left = BUDGET_S
    found: list[str] = []
    for test in tests:
        left -= reach.seconds_of(test)
        if left < 0 and found:
            break
        found.append(test)
    return tuple(found)
