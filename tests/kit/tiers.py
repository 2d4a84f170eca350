"""How much the random tests draw: once in `make test`, RANDOM_TIMES as much in `make test-ci`."""

from __future__ import annotations

import os
from typing import Final

TIMES: Final = int(os.environ.get("RANDOM_TIMES", "1"))


def examples(number: int) -> int:
    """Return the number of random examples of a test in this tier."""
    return number * TIMES


def seeds(number: int) -> range:
    """Return the seeds of a parametrised test in this tier."""
    return range(examples(number))
