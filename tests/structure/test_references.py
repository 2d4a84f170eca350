"""What a comment, docstring or document refers to is there, under the title or id that it names."""

from __future__ import annotations

import pytest

from tests.kit.source import ROOT
from tests.structure.references import (
    Reference,
    is_there,
    references,
    texts,
    titles,
    unchecked,
)

DOCS = ROOT / "docs"
ABOUT_REFERENCES = ("tests/structure/references.py", "tests/structure/test_references.py")
TEXTS = [(path, text) for path, text in texts(ROOT) if path not in ABOUT_REFERENCES]


def test_every_reference_has_its_other_end() -> None:
    found = [(path, reference) for path, text in TEXTS for reference in references(text)]
    assert len(found) > 60
    assert {reference.document for _, reference in found} >= {"SEMANTICS", "ARCHITECTURE"}
    wrong = [f"{path}: {to.document} {to.place}" for path, to in found if not is_there(to, DOCS)]
    assert not wrong, "\n".join(wrong)


def test_no_reference_is_in_a_form_that_cannot_be_checked() -> None:
    wrong = [f"{path}: {found}" for path, text in TEXTS for found in unchecked(text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""A fill (SEMANTICS, "Fills")."""', Reference("SEMANTICS", "Fills")),
        (
            '# SEMANTICS, "Exits of\n    # one position"',
            Reference("SEMANTICS", "Exits of one position"),
        ),
        ("x (ARCHITECTURE R4)", Reference("ARCHITECTURE", "R4")),
        ("see decision\n    0033.", Reference("0033", "")),
    ],
)
def test_a_reference_is_found_and_there(text: str, expected: Reference) -> None:
    assert list(references(text)) == [expected]
    assert is_there(expected, DOCS)
    assert not unchecked(text)


@pytest.mark.parametrize(
    "text",
    ['(SEMANTICS, "Filling")', "(ARCHITECTURE R99)", "(decision 9999)", '(LIVE, "Fills")'],
)
def test_a_planted_reference_to_nothing_is_found(text: str) -> None:
    (found,) = references(text)
    assert not is_there(found, DOCS)


@pytest.mark.parametrize(
    "text",
    [
        "semantics.md section 6", "SEMANTICS, section 10", "SEMANTICS 9", "(section 7)",
        "sections 6\n    and 7", "design D3", "domain.md 2", "reliability.md R1", "(R4)",
        "design section 5", "SEMANTICS.md section 4", "reliability R4",
    ],
)  # fmt: skip
def test_a_planted_reference_by_number_is_found(text: str) -> None:
    assert unchecked(text)


@pytest.mark.parametrize("text", ["RFC 6455 section 5.2", "a section of text", "docs/SEMANTICS.md"])
def test_what_is_no_reference_of_that_kind_is_left_alone(text: str) -> None:
    assert not unchecked(text)


def test_titles_have_no_numbers_and_no_marks() -> None:
    text = "# A: b\n\n## 9. Exits of one position\n\n### `execution`\n"
    assert titles(text) == {"A: b", "Exits of one position", "execution"}
