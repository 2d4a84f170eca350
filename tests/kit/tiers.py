"""How much the random tests draw: a third in `make test`, three times as much in `make test-ci`.

Comparisons with an oracle of orders and plans draw all that they name in `make test` too, and ten
times that in CI.

RANDOM_TIMES says how many times the number that a test names, such as `1`, `10` or `1/3`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import pytest

TIMES: Final = Fraction(os.environ.get("RANDOM_TIMES", "1/3"))


def examples(number: int) -> int:
    """Return the number of random examples of a test in this tier."""
    return math.ceil(number * TIMES)


def at_most(number: int) -> int:
    """Return the number of examples of a test that costs much: all that it names in CI, no more."""
    return min(number, examples(number))


def in_every_run(number: int) -> range:
    """Return the seeds of a test that draws its number in every run, and ten times that in CI."""
    return range(10 * number if TIMES > 1 else number)


def with_more_in_ci(*daily: object, more: Iterable[object]) -> list[Any]:
    """Return the values of a parametrised test, those of `more` for CI alone."""
    return [*daily, *(pytest.param(each, marks=pytest.mark.ci) for each in more)]


def seeds(number: int) -> range:
    """Return the seeds of a parametrised test in this tier."""
    return range(examples(number))
