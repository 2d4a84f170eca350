"""How much the random tests draw: a third in `make test`, ten times as much in `make test-ci`.

RANDOM_TIMES says how many times the number that a test names, such as `1`, `10` or `1/3`.
"""

from __future__ import annotations

import math
import os
from fractions import Fraction
from typing import Final

TIMES: Final = Fraction(os.environ.get("RANDOM_TIMES", "1/3"))


def examples(number: int) -> int:
    """Return the number of random examples of a test in this tier."""
    return math.ceil(number * TIMES)


def seeds(number: int) -> range:
    """Return the seeds of a parametrised test in this tier."""
    return range(examples(number))
