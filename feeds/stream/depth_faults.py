"""Count books of five levels that nothing is traded against, by what is wrong with them."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.depth import FAULTS, SOUND, fault_of, judge_depth
from daemon.domain.ticks import DEPTH_LEVELS, Int32s, Int64s

_EMPTY: Final = "empty_depth_rows"
_NAMES: Final = {fault: f"{name}_depth_rows" for fault, name in FAULTS.items()}
_FEW: Final = 6
"""Rows of a live block that are faster one by one than by column."""
DEPTH_COUNTERS: Final = (*_NAMES.values(), _EMPTY)


class DepthFaults:
    """Counts rows by the first fault of their book; a row keeps its ltp.

    A row without levels is `empty` only if its instrument has shown some before: an index never
    has any.
    """

    def __init__(self) -> None:
        self.rows = dict.fromkeys(DEPTH_COUNTERS, 0)
        self._has_shown = np.zeros(0, dtype=np.bool_)

    def grow(self, more: int) -> None:
        """Make room for more instruments."""
        self._has_shown = np.append(self._has_shown, np.zeros(more, dtype=np.bool_))

    def observe(self, depth: Int64s, instrument: Int32s) -> None:
        """Count a block's books, all of known instruments."""
        if len(depth) <= _FEW:
            for levels, index in zip(depth.tolist(), instrument.tolist(), strict=True):
                self._observe_one(levels, index)
            return
        faults, shows = judge_depth(depth)
        if not shows.all():
            self.rows[_EMPTY] += self._empty(shows, instrument)
        self._has_shown[instrument[shows]] = True
        if not faults.any():
            return
        for fault, rows in enumerate(np.bincount(faults).tolist()):
            if fault != SOUND:
                self.rows[_NAMES[fault]] += rows

    def _observe_one(self, levels: list[list[int]], index: int) -> None:
        shows = levels[0][0] or levels[DEPTH_LEVELS][0] or any(level[0] for level in levels)
        if not shows:
            self.rows[_EMPTY] += bool(self._has_shown[index])
            return
        self._has_shown[index] = True
        fault = fault_of(levels)
        if fault != SOUND:
            self.rows[_NAMES[fault]] += 1

    def _empty(self, shows: npt.NDArray[np.bool_], instrument: Int32s) -> int:
        """Return how many rows without levels follow one with levels of their instrument."""
        first = np.where(self._has_shown, -1, len(shows))
        rows = np.flatnonzero(shows)
        np.minimum.at(first, instrument[rows], rows)
        empty = np.flatnonzero(~shows)
        return int(np.count_nonzero(empty > first[instrument[empty]]))
