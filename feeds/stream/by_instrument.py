"""Group rows by instrument, and count what depends on an instrument's previous row."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, ist_day
from daemon.domain.grouping import group
from daemon.domain.ticks import Int32s, Int64s, Ticks
from feeds.stream.blocks import values_at

COMPARED: Final = ("ltp", "bid", "ask", "exchange_ts", "ltq", "volume", "oi")
_VOLUME_SPAN: Final = 1 << 42
_NEVER: Final = int(np.iinfo(np.int64).min)

Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


class Groups:
    """The rows of a block by instrument; `order` keeps each instrument's rows in their order.

    Instrument `code[k]` has the places [starts[k], ends[k]) of `order`. All codes are in [0, size).
    """

    def __init__(self, instrument: Int32s, size: int) -> None:
        self.order, edges = group(instrument, size)
        present = np.flatnonzero(edges[1:] > edges[:-1])
        self.starts: Rows = edges[present]
        self.ends: Rows = edges[present + 1]
        self.code: Int32s = present.astype(np.int32)

    def inside(self, pairs: Bools) -> Bools:
        """Clear pairs of two instruments; `pairs[k]` is for the places k and k + 1."""
        pairs[self.starts[1:] - 1] = False
        return pairs


class Duplicates:
    """Counts rows equal to their instrument's previous row in everything but ts."""

    def __init__(self) -> None:
        self.rows = 0
        self._seen: Bools = np.empty(0, dtype=np.bool_)
        self._last = {name: np.empty(0, dtype=np.int64) for name in COMPARED}

    def grow(self, more: int) -> None:
        """Make room for more instruments."""
        self._seen = np.append(self._seen, np.zeros(more, dtype=np.bool_))
        self._last = {name: extended(old, more, 0) for name, old in self._last.items()}

    def observe(self, block: Ticks, groups: Groups, volume: Int64s | None) -> None:
        """Count a block; `volume` is its volume in the order of `groups`.

        Few rows repeat the volume (or the price, if there is no volume), so only those are compared
        in full.
        """
        first = block.ltp[groups.order] if volume is None else volume
        repeated = np.flatnonzero(groups.inside(first[1:] == first[:-1])) + 1
        row, before = groups.order[repeated], groups.order[repeated - 1]
        for name in COMPARED:
            column = getattr(block, name)
            if column is not None and len(row):
                same = column[row] == column[before]
                row, before = row[same], before[same]
        self.rows += len(row)
        self._compare_with_earlier(block, groups)

    def _compare_with_earlier(self, block: Ticks, groups: Groups) -> None:
        """Compare each instrument's first row with its last row of earlier blocks."""
        heads, tails = groups.order[groups.starts], groups.order[groups.ends - 1]
        same = self._seen[groups.code]
        for name, last in self._last.items():
            same &= values_at(block, name, heads) == last[groups.code]
            last[groups.code] = values_at(block, name, tails)
        self.rows += int(same.sum())
        self._seen[groups.code] = True


class Volumes:
    """Counts rows whose volume is below their instrument's highest of the day so far."""

    def __init__(self) -> None:
        self.backward_rows = 0
        self._day: Int64s = np.empty(0, dtype=np.int64)
        self._highest: Int64s = np.empty(0, dtype=np.int64)

    def grow(self, more: int) -> None:
        """Make room for more instruments."""
        self._day = extended(self._day, more, _NEVER)
        self._highest = extended(self._highest, more, -1)

    def observe(self, volume: Int64s, keys: Int64s, groups: Groups) -> None:
        """Count volumes in the order of `groups`; `keys` are the times of the block's rows (UTC
        ns).
        """
        starts, who, day = _by_day(keys, groups)
        floor = np.where(self._day[who] == day, self._highest[who], -1)
        falls = volume[1:] < volume[:-1]
        falls[starts[1:] - 1] = False
        highest = volume
        if falls.any() or (volume[starts] < floor).any():
            lengths = np.diff(starts, append=len(volume))
            lifted = np.maximum(np.minimum(volume, _VOLUME_SPAN - 2), np.repeat(floor, lengths))
            group = np.repeat(np.arange(len(starts)) * _VOLUME_SPAN, lengths)
            highest = np.maximum.accumulate(lifted + group) - group
            self.backward_rows += int(((volume >= 0) & (volume < highest)).sum())
        ends = np.append(starts[1:], len(volume)) - 1
        self._day[who], self._highest[who] = day, highest[ends]


def _by_day(keys: Int64s, groups: Groups) -> tuple[Rows, Int32s, Int64s]:
    """Return where each instrument's rows of one day begin in `groups.order`, its code, and the
    day.
    """
    if ist_day(int(keys[0])) == (day := ist_day(int(keys[-1]))):
        return groups.starts, groups.code, np.full(len(groups.code), day, dtype=np.int64)
    days = indian_days(keys)[groups.order]
    begins = np.append(True, days[1:] != days[:-1])
    begins[groups.starts] = True
    starts = np.flatnonzero(begins)
    who = groups.code[np.searchsorted(groups.starts, starts, side="right") - 1]
    return starts, who, days[starts]


def indian_days(ts: Int64s) -> Int64s:
    """Return the Indian day number of each time (UTC ns)."""
    return (ts + IST_OFFSET_NS) // DAY_NS


def extended(old: Int64s, more: int, value: int) -> Int64s:
    """Return the array extended by `more` places of `value`."""
    return np.append(old, np.full(more, value, dtype=np.int64))
