"""A tree that does not fit a struct is told by line and path, whatever the shape."""

from __future__ import annotations

import msgspec
import pytest

from daemon.errors import ConfigError
from daemon.files.yaml_document import Document, dotted_path, found, near_match
from daemon.files.yaml_tree import parse_tree


class Part(msgspec.Struct, forbid_unknown_fields=True):
    size: int = 0


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    part: Part | None = None
    parts: list[Part] = []
    sizes: dict[str, int] = {}
    names: dict[str, str] = {}
    nothing: None = None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("part:\n  sise: 1", "f:2: part.sise: unknown key; did you mean 'size'?"),
        ("part:\n  size: x", "f:2: part.size: expected a whole number, was 'x'"),
        ("part: 3", "f:1: part: expected a mapping or null, was 3"),
        ("parts: {}", "f:1: parts: expected a list, was a mapping"),
        (
            "parts:\n  - size: 1\n  - size: []",
            "f:3: parts[1].size: expected a whole number, was a l",
        ),
        ("names:\n  a: x\n  b: null", "f:3: names.b: expected text, was null"),
        ("sizes:\n  a: x", "f:1: sizes: Expected `int`, got `str`"),
        ("nothing: 1", "f:1: nothing: expected null, was 1"),
        ("5", "f:1: expected a mapping, was 5"),
    ],
)
def test_a_misfit_has_its_line_and_path(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Document(parse_tree(text.encode(), "f"), "f").to(Whole)
    assert str(caught.value).startswith(said)


def test_paths_are_written_with_dots_and_positions() -> None:
    assert dotted_path(("strategies", "list", 0, "id")) == "strategies.list[0].id"
    assert dotted_path(("a\nb",)) == '"a\\nb"'
    assert dotted_path(()) == ""


def test_found_values_are_short_and_on_one_line() -> None:
    assert found("a\nb") == "'a\\nb'"
    assert found(True) == "true"
    assert found(None) == "null"
    assert len(found("x" * 1000)) == 40


def test_without_a_near_match_the_known_names_are_listed() -> None:
    assert near_match("xyz", ["fast", "slow"]) == "; known are fast, slow"
    assert near_match("xyz", []) == ""
