"""docs/RELIABILITY.md names only tests, commands and figures that there are, and every test id."""

from __future__ import annotations

import re

import pytest

from tests.crash.plan import SIZES, pieces
from tests.kit.cli import ROOT

TEXT = (ROOT / "docs/RELIABILITY.md").read_text(encoding="utf-8")
SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
IDS = {
    "A1", "A2", "A3", "A4", "A5", "A6", "B1", "B2", "B3", "B4", "B5", "C1", "C2",
    "D", "E", "F", "G",
}  # fmt: skip
"""Those of the plan that the long tests follow; letters of our own may be added."""


def rows(section: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = TEXT.split(f"\n## {section}\n")[1].split("\n## ")[0].splitlines()
    found = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in found[2:]]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", TEXT))))
def test_a_named_test_exists(name: str) -> None:
    assert re.search(rf"def {name}\b", SOURCES)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`make ([\w-]+)", TEXT))))
def test_a_named_command_is_a_target_with_its_sentence(command: str) -> None:
    assert re.search(rf"^{command}:.*#-- \w", MAKEFILE, re.MULTILINE)


def test_the_table_has_every_kind_of_test() -> None:
    assert {row[0] for row in rows("What was run")} >= IDS


def test_every_long_test_is_told_how_to_run() -> None:
    long = re.findall(r"^([a-z-]+): .*#--.*\n\t\$\(BIN\)/python -m tests\.", MAKEFILE, re.MULTILINE)
    told = {
        each for row in rows("Run it yourself") for each in re.findall(r"make ([\w-]+)", row[0])
    }
    others = {"bench-compare", "bench-peers", "pictures"}
    assert {"sim", "fuzz", "soak"} <= set(long) <= told | others


def test_every_kind_of_crash_has_its_row() -> None:
    ids = {each.id for each in pieces(SIZES["full"], 1)}
    assert ids <= {row[0] for row in rows("What was run")}
