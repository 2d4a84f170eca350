"""How far a run's result could have been from what it was, by drawing its days again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

DRAWS: Final = 10_000
FEW_DAYS: Final = 10
_LOW: Final = 250
_HIGH: Final = 9_749
BLOCK: Final = 5
"""Sessions that are drawn together where a plan holds over nights."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of drawn days, in the unit of the days: 95 % of them are within low and high."""

    low: float
    high: float
    share_at_or_below_0: float


def bootstrap(
    days: Sequence[float], *, seed: int, number: int = 0, over_nights: bool = False
) -> Interval | None:
    """Return the interval of the sum of these days' results, None for fewer than ten.

    `number` tells several draws of one seed apart. With `over_nights` blocks of five sessions in a
    row are drawn, the last followed by the first.
    """
    count = len(days)
    if count < FEW_DAYS:
        return None
    rows = drawn(count, seed, number) if not over_nights else _blocks(count, seed, number)
    sums = np.sort(np.asarray(days, dtype=np.float64)[rows].sum(axis=1))
    return Interval(
        low=float(sums[_LOW]), high=float(sums[_HIGH]),
        share_at_or_below_0=float((sums <= 0).mean()),
    )  # fmt: skip


def drawn(count: int, seed: int, number: int = 0) -> npt.NDArray[np.int64]:
    """Return which days each draw has, of shape (10,000, count)."""
    return _generator(seed, number).integers(0, count, (DRAWS, count))


def _blocks(count: int, seed: int, number: int) -> npt.NDArray[np.int64]:
    blocks = -(-count // BLOCK)
    starts = _generator(seed, number).integers(0, count, (DRAWS, blocks))
    rows = (starts[:, :, None] + np.arange(BLOCK)) % count
    return rows.reshape(DRAWS, -1)[:, :count]


def _generator(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
