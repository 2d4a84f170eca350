"""A ladder of price levels for a synthetic market whose sizes stay where they are for a while."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import DEPTH_LEVELS, Int64s

Ints = npt.NDArray[np.int64]

_PLACES: Final = 4_096
_REGION: Final = 8
"""Neighbouring places are thick or thin together."""
_EPOCH_NS: Final = 20 * SECOND_NS
"""So long a level keeps its size, on the median."""
_SHAPE: Final = 5.0
_MORE_LOTS: Final = 1.95
"""Mean of what a level holds over its first lot."""
_NEIGHBOUR: Final = 0.68
"""Share of levels one step behind the level before."""
_ORDERS_PER_LOT: Final = 0.6


class Ladder:
    """One side of a book: which prices have orders, how many, and how large, paise and units.

    What a price holds is read from a table by the price and a slow clock, so that a book that moves
    finds the same levels where it was a second before, as on an exchange.
    """

    def __init__(self, rng: np.random.Generator, *, tick: int, lot: int, direction: int) -> None:
        """Draw the table. `direction` is 1 for asks, -1 for bids."""
        thickness = rng.gamma(_SHAPE, _MORE_LOTS / _SHAPE, _PLACES // _REGION)
        self._lots: Ints = 1 + rng.poisson(np.repeat(thickness, _REGION))
        self._orders: Ints = np.maximum(1, np.rint(self._lots * _ORDERS_PER_LOT)).astype(np.int64)
        far = rng.random(_PLACES) >= _NEIGHBOUR
        self._steps: Ints = 1 + far * rng.geometric(0.5, _PLACES)
        self._offsets: Ints = rng.integers(0, _PLACES, _PLACES)
        self._tick = tick
        self._lot = lot
        self._direction = direction

    def levels(self, best: Int64s, ts: Int64s) -> Int64s:
        """Return (rows, 5, 3): quantity, price and orders of the levels from `best` on.

        A price below one step is no level; all zeros then.
        """
        epoch = ts // _EPOCH_NS
        place = best // self._tick * self._direction + self._offsets[epoch % _PLACES]
        place %= _PLACES
        price = best
        levels = np.zeros((len(best), DEPTH_LEVELS, 3), dtype=np.int64)
        for level in range(DEPTH_LEVELS):
            levels[:, level, 0] = self._lots[place] * self._lot
            levels[:, level, 1] = price
            levels[:, level, 2] = self._orders[place]
            steps = self._steps[place]
            price = price + steps * self._tick * self._direction
            place = (place + steps) % _PLACES
        levels[levels[..., 1] <= 0] = 0
        return levels
