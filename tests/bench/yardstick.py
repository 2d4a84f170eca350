"""A fixed piece of work, so that figures of two hours can be compared."""

from __future__ import annotations

import time

import numpy as np

ROUNDS = 7


def yardstick_s() -> float:
    """Seconds of the best of a few rounds of a loop in Python and a sort in numpy."""
    values = np.arange(200_000, dtype=np.int64) * 7919 % 200_003
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        total = 0
        for number in range(200_000):
            total += number & 7
        np.sort(values)
        best = min(best, time.perf_counter() - start)
    return best
