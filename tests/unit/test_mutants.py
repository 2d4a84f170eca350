"""The mutation runner: which lines a mutant is of, and that the list of equal ones is of use."""

from __future__ import annotations

import pytest

from tests.kit.cli import ROOT
from tests.mutants.equivalent import EQUIVALENT, Equivalent
from tests.mutants.operators import edits
from tests.mutants.reach import constant_at, statement_lines

SOURCE = b"""\
X = 1

def f(
    a=2,
):
    if (a and
        b):
        return (
            a +
            b
        )
    for each in a: pass
"""


@pytest.mark.parametrize(("line", "lines"), [
    (1, [1]), (4, [3, 4, 5]), (6, [6, 7]), (7, [6, 7]), (9, [8, 9, 10, 11]), (12, [12]),
])  # fmt: skip
def test_a_line_is_of_the_innermost_statement_or_of_the_head_of_a_block(
    line: int, lines: list[int]
) -> None:
    assert list(statement_lines(SOURCE, line)) == lines


def test_a_constant_is_known_by_its_name_and_nothing_else_is_one() -> None:
    source = b"FIRST: Final = (\n    1,\n)\nSECOND = 2\n\ndef f():\n    third = 3\n"
    names = [constant_at(source, line) for line in range(1, 8)]
    assert names == ["FIRST", "FIRST", "FIRST", "SECOND", "", "", ""]


@pytest.mark.parametrize("known", EQUIVALENT, ids=lambda known: f"{known.path}:{known.old}")
def test_what_is_listed_as_equivalent_is_a_mutant_of_that_line(known: Equivalent) -> None:
    path, line, old, new, why = known
    source = (ROOT / path).read_bytes()
    lines = source.decode().splitlines()
    found = {
        (lines[each.line - 1].strip(), source[each.start : each.end].decode(), each.new)
        for each in edits(source)
    }
    assert (line, old, new) in found, f"not in {path} any more; take it from the list"
    assert why


def test_a_mutant_of_a_sign_before_brackets_keeps_the_brackets() -> None:
    source = b"a = -(-b // c) if not (d) else e"
    written = {each.applied(source) for each in edits(source)}
    assert b"a = (-b // c) if not (d) else e" in written
    assert b"a = -(-b // c) if (d) else e" in written
    for each in written:
        compile(each, "mutant", "exec")
