"""One word per idea, plain English, docstrings in the imperative: by room, strictly.

A new room or document is held to everything from its first line on.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.kit.source import ROOT, Module, modules
from tests.structure import words

MODULES = modules()
ROOMS = sorted({module.path.rpartition("/")[0] for module in MODULES})
CHECKS = {
    "avoids phrases": words.avoided_phrases,
    "starts with a verb": words.weak_starts,
    "names its loops": words.crowded_each,
}
GLOSSARY = words.glossary((ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"]
)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", CHECKS)
def test_a_room(name: str, room: str) -> None:
    wrong = [
        f"{module.path}:{line} {text}"
        for module in MODULES
        if module.path.rpartition("/")[0] == room
        for line, text in CHECKS[name](module)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_avoids_phrases(name: str) -> None:
    found = words.avoided_in_prose((ROOT / name).read_text(encoding="utf-8"))
    wrong = [f"{name}:{line} {phrase}" for line, phrase in found]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("term", [row.term for row in GLOSSARY if row.banned])
def test_a_word_of_the_glossary_has_one_meaning(term: str) -> None:
    (row,) = (each for each in GLOSSARY if each.term == term)
    wrong = [
        f"{module.path}:{line} {name}"
        for module in MODULES
        for line, name in words.named_against(row, module)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_glossary_has_every_term_once_and_its_places_exist() -> None:
    terms = [row.term for row in GLOSSARY]
    assert len(terms) == len(set(terms)) > 40
    places = {path for row in GLOSSARY for _, path in row.banned if path}
    assert places
    assert not [path for path in places if not (ROOT / path).exists()]


def planted(text: str, path: str = "daemon/market/planted.py") -> Module:
    return Module("daemon.market.planted", path, text, ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        '"""So many\n    rows."""',
        "# it goes on\n",
        "x = 'the order of ours is told'",
        "x = f'{1} or for ever'",
        '"""A value.\n\nThere is none."""',
    ],
)
def test_an_avoided_phrase_is_found(text: str) -> None:
    assert list(words.avoided_phrases(planted(text)))
    assert list(words.avoided_in_prose(text))


@pytest.mark.parametrize(
    "text", ["x = None  # it is None\n", "# besides\n", "goes_on = anew = 1\n"]
)
def test_what_is_no_phrase_is_not_found(text: str) -> None:
    assert not list(words.avoided_phrases(planted(text)))


def test_code_in_a_document_is_no_prose() -> None:
    text = "`so many`\n\n```\nanew\n```\n\nIt goes on.\n"
    assert list(words.avoided_in_prose(text)) == [(7, "goes on")]


@pytest.mark.parametrize(
    "word",
    ["What", "The", "Whether", "How", "A", "An", "One", "Every", "All", "Reads", "Bars", "Reading",
     "`name`", "None", "3"],
)  # fmt: skip
def test_a_docstring_that_starts_with_no_verb_is_found(word: str) -> None:
    text = f'class A:\n    def f(self):\n        """{word} of it."""\n'
    assert list(words.weak_starts(planted(text)))


@pytest.mark.parametrize("word", ["Return", "Refuse", "Pass", "Bring", "Process", "Focus"])
def test_a_verb_is_taken(word: str) -> None:
    assert words.is_imperative(word)


def test_private_functions_and_properties_may_say_what_they_are() -> None:
    text = '@property\ndef f(self):\n    """The f."""\ndef _g():\n    """The g."""\n'
    assert not list(words.weak_starts(planted(text)))


@pytest.mark.parametrize(
    "text",
    [
        "for each in rows:\n    for column in each: ...",
        "x = [each for row in rows for each in row]",
        "x = [max(y for y in each) for each in rows]",
    ],
)
def test_each_among_other_things_is_found(text: str) -> None:
    assert list(words.crowded_each(planted(text)))


def test_each_alone_is_allowed() -> None:
    assert not list(words.crowded_each(planted("x = [each + 1 for each in rows]")))


@pytest.mark.parametrize(
    ("name", "banned", "expected"),
    [
        ("settle_all", "settl*", True),
        ("_rows_settling", "settl*", True),
        ("Settlement", "settl*", True),
        ("unsettled", "settl*", False),
        ("ignored_rows", "ignored_row*", True),
        ("rows_ignored", "ignored_row*", False),
        ("Carry", "Carry", True),
        ("CarryOver", "Carry", False),
        ("on_carry", "Carry", False),
        ("HTTPSession", "session", True),
    ],
)
def test_a_name_uses_a_word(name: str, banned: str, expected: bool) -> None:
    assert words.uses(name, banned) is expected


def test_a_planted_name_is_found_in_its_place_alone() -> None:
    row = words.Term("settlement", (("settl*", "daemon/market/"),))
    text = "class Settler: ...\nsettled = 1\ndef settle(self):\n    self.settling: int = 2\n"
    assert [line for line, _ in words.named_against(row, planted(text))] == [2, 1, 3, 4]
    assert not list(words.named_against(row, planted(text, "daemon/domain/planted.py")))
    named = planted("", "daemon/market/settle.py")
    assert list(words.named_against(row, named)) == [(1, "settle")]


def test_a_glossary_is_read(tmp_path: Path) -> None:
    text = (
        "# A\n\n## Words\n\nText.\n\n| word | meaning | not |\n| --- | --- | --- |\n"
        "| run | a start | `run*` in `daemon/market/`, `Run` |\n| tick | a row | |\n\n## Files\n"
    )
    assert words.glossary(text) == [
        words.Term("run", (("run*", "daemon/market/"), ("Run", ""))),
        words.Term("tick", ()),
    ]
