"""A few thousand damaged inputs for every decoder of outside bytes, and all that were found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.damage import mutated
from tests.fuzz.run import corpus, fuzz, read_one
from tests.fuzz.targets import TARGETS, Target

INPUTS = 100


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.name)
def test_only_typed_errors_come_out_of_damaged_bytes(target: Target) -> None:
    found = fuzz(target, 0, INPUTS)
    assert not found, (len(found), found[0])


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.name)
def test_the_samples_themselves_are_taken(target: Target) -> None:
    for sample in target.samples():
        read_one(target, sample)


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.name)
def test_what_was_found_once_is_not_found_again(target: Target) -> None:
    for path in corpus(target):  # thousands of files: a test of its own would cost each 5 ms
        try:
            read_one(target, path.read_bytes())
        except Exception as error:
            error.add_note(f"found before as {path.name}")
            raise


def test_a_decoder_that_lets_something_through_is_seen(tmp_path: Path) -> None:
    def broken(data: bytes, _: Path) -> None:
        data.decode()

    found = fuzz(Target("broken", lambda: [b"text"], broken), 1, 200)
    assert {type(error) for _, error in found} == {UnicodeDecodeError}


def test_one_seed_gives_the_same_bytes() -> None:
    one, other = ([mutated(random.Random(5), [b"a,b\n1,2\n"]) for _ in range(50)] for _ in "ab")
    assert one == other
