"""Plain YAML only: what is text stays text, and surprises are refused with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.files.yaml_tree import (
    MAX_BYTES,
    MAX_DEPTH,
    parse_scalar,
    parse_tree,
    plain,
    read_tree,
)


def read(text: str) -> Any:
    return plain(parse_tree(text.encode(), "f.yaml"))


def refusal(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_tree(text.encode() if isinstance(text, str) else text, "f.yaml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "9:15", "09:15", "9:15:30", "1:30.5", "010", "007", "0x10", "0o10", "0b1", "1_000",
        "2026-11-18", "2026-11-18T09:15:00", "yes", "no", "on", "off", "y", "n", "True", "FALSE",
        "Null", "NaN", "inf", "1.2.3", "01.5", "+-1", "1e", "=",
    ],
)  # fmt: skip
def test_what_only_looks_like_something_else_stays_text(text: str) -> None:
    assert read(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0),
        ("-5", -5), ("+5", 5), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0),
        ("-2.5E-1", -0.25), ("'5'", "5"), ('"true"', "true"), ("'null'", "null"), ("''", ""),
    ],
)  # fmt: skip
def test_numbers_booleans_and_null_are_read_as_written(text: str, value: object) -> None:
    got = read(f"a: {text}")["a"]
    assert got == value
    assert type(got) is type(value)


def test_keys_are_always_text() -> None:
    assert read("on: 1\n010: 2\nnull: 3\n256265: 4") == {
        "on": 1, "010": 2, "null": 3, "256265": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3: key 'a' is given twice, first in line 1"),
        ("x:\n  a: 1\n  'a': 3", "f.yaml:3: key 'a' is given twice, first in line 2"),
        ("a: {b: 1, b: 1}", "f.yaml:1: key 'b' is given twice, first in line 1"),
        ("a: 1\nb: &x 2", "f.yaml:2: anchors are not allowed"),
        ("a: 1\nb: *x", "f.yaml:2: aliases are not allowed, write the value out"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "f.yaml:1: anchors are not allowed"),
        ("c:\n  <<: {a: 1}", "f.yaml:2: merge keys are not allowed"),
        ("a: !!python/object:os.system x", "f.yaml:1: tags are not allowed"),
        ("a: !!str 5", "f.yaml:1: tags are not allowed"),
        ("a: ! 5", "f.yaml:1: tags are not allowed"),
        ("a: !own [1]", "f.yaml:1: tags are not allowed"),
        ("[a]: 1", "f.yaml:1: expected a key of plain text"),
        ("a: .nan", "f.yaml:1: expected a finite number, was .nan"),
        ("a: -.INF", "f.yaml:1: expected a finite number, was -.INF"),
        ("a: 1e999", "f.yaml:1: expected a finite number, was 1e999"),
        ("a: 9223372036854775808", "expected an integer of at most 64 bits"),
        ("a: 1\n---\nb: 2", "f.yaml:2: expected one document"),
        ("", "f.yaml:1: expected a mapping, the file is empty"),
        ("# nothing\n", "f.yaml:1: expected a mapping, the file is empty"),
        ("a: 1\n b: 2", "f.yaml:2: expected YAML, "),
        ("a: [1, 2", "expected YAML, "),
        ("a:\n\t- 1", "f.yaml:2: expected YAML, "),
        (b"a: 1\nb: \xff", "f.yaml:2: expected UTF-8 text"),
        ("a: 1\nb: \x00", "f.yaml:2: expected YAML, "),
    ],
)
def test_surprises_are_refused_with_their_line(text: str | bytes, said: str) -> None:
    assert said in refusal(text)


def test_depth_is_bounded_whatever_the_style() -> None:
    flow = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read(flow) is not None
    deeper = f"f.yaml:1: expected at most {MAX_DEPTH} levels"
    assert refusal(f"[{flow}]") == deeper
    assert refusal("[" * 100_000) == deeper
    assert "levels" in refusal("- " * 5_000 + "x")


def test_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text("a: 1\n" + "#" * MAX_BYTES)
    with pytest.raises(ConfigError, match="at most 1048576 bytes"):
        read_tree(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_tree(tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_key() -> None:
    assert plain(parse_tree(b"\xef\xbb\xbfa: 1", "f")) == {"a": 1}


def test_a_value_under_a_key_has_the_line_of_the_key() -> None:
    tree = parse_tree(b"a:\n  - 1\n  - b:\n      2\n", "f")
    assert tree.value["a"].line == 1
    assert [each.line for each in tree.value["a"].value] == [2, 3]
    assert tree.value["a"].value[1].value["b"].line == 3


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="ignore"))
)
@example(b"a: &a [*a]")
@example(b"? |\n  x\n: y")
def test_any_bytes_give_a_tree_or_one_line_of_error(data: bytes) -> None:
    said = "f.yaml:"
    try:
        parse_tree(data, "f.yaml")
    except ConfigError as error:
        said = str(error)
    assert said.startswith("f.yaml:")
    assert "\n" not in said


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_being_written_and_read(number: float) -> None:
    assert parse_scalar(repr(number)) == number


@given(st.from_regex(r"\A[0-9:_.+\-eExob]{1,12}\Z"))
def test_text_is_a_number_only_if_it_says_so_in_decimal(text: str) -> None:
    try:
        value = parse_scalar(text)
    except ValueError:
        return
    if isinstance(value, int | float):
        assert value == float(text)
        assert "_" not in text
        assert ":" not in text
