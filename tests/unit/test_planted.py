"""Each planted bug can still be planted: the line that it changes is there, once."""

from __future__ import annotations

import ast

import pytest

from tests.kit.cli import ROOT
from tests.kit.planted import BUGS, Bug
from tests.planted.__main__ import planted


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_can_be_planted_and_is_python(bug: Bug) -> None:
    sound = (ROOT / bug.file).read_text(encoding="utf-8")
    spoiled = planted(sound, bug)
    assert ast.dump(ast.parse(spoiled)) != ast.dump(ast.parse(sound))
    assert [each for each in bug.tests if (ROOT / each).exists()] == list(bug.tests)


def test_there_are_twenty() -> None:
    assert len({each.name for each in BUGS}) == 20


def test_a_bug_whose_line_has_gone_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected once"):
        planted("nothing of the kind\n", BUGS[0])
