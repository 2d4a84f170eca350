"""The planted bugs fit the program as it is; `make planted` plants them."""

from __future__ import annotations

import ast

import pytest

from tests.kit.cli import ROOT
from tests.planted.__main__ import planted
from tests.planted.bugs import BUGS, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda each: each.name)
def test_a_bug_can_be_planted_and_somebody_watches_for_it(bug: Bug) -> None:
    sound = (ROOT / bug.file).read_text()
    assert ast.dump(ast.parse(planted(sound, bug))) != ast.dump(ast.parse(sound))
    assert all((ROOT / each).exists() for each in bug.tests)


def test_there_are_sixty_six_bugs() -> None:
    assert len({each.name for each in BUGS}) == len(BUGS) == 66


def test_a_line_that_has_gone_is_noticed() -> None:
    with pytest.raises(ValueError, match="expected once"):
        planted("nothing of it", BUGS[0])
