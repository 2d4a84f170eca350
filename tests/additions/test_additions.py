"""ARCHITECTURE tells how an exit rule, a fill model and a feed are added, and in which files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.additions.patches import ADDITIONS, Addition, Edit, apply
from tests.kit.copied import PASSED, ask, copy_to
from tests.kit.source import ROOT

TEXT = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda each: each.name)
def test_an_addition_touches_the_files_that_its_section_names_and_no_more(
    addition: Addition,
) -> None:
    named = re.findall(r"`((?:daemon|feeds|strategies)/[\w/]+\.py)`", section(addition.heading))
    assert set(named) == addition.touched
    assert len(addition.touched) <= addition.files_max


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda each: each.name)
def test_an_addition_fits_the_program_as_it_is(addition: Addition, tmp_path: Path) -> None:
    for path in addition.touched:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        if path not in addition.created:
            (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    apply(addition, tmp_path)
    for path in addition.created:
        assert not (ROOT / path).exists()


@pytest.mark.ci
@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda each: each.name)
def test_a_copy_with_an_addition_passes_its_test_and_one_without_does_not(
    addition: Addition, tmp_path: Path
) -> None:
    copy_to(tmp_path)
    test = "tests/unit/test_the_addition.py"
    (tmp_path / test).write_text(addition.test, encoding="utf-8")
    assert ask(tmp_path, (test,)) != PASSED
    apply(addition, tmp_path)
    assert ask(tmp_path, (test, "tests/test_layers.py")) == PASSED


def test_an_edit_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\nx = 1\n")
    twice = Addition("planted", "", 1, {}, (Edit("a.py", "x = 1\n", "x = 2\n"),), "")
    with pytest.raises(ValueError, match="expected once"):
        apply(twice, tmp_path)
    again = Addition("planted", "", 1, {"a.py": ""}, (), "")
    with pytest.raises(ValueError, match="exists already"):
        apply(again, tmp_path)
