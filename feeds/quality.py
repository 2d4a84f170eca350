"""Counting what is odd in a recording, without changing it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, SECOND_NS, ist_day
from daemon.domain.ticks import ABSENT, WALK_NONE, Int64s, Ticks
from feeds.blocks import RunningTime, full_column
from feeds.columns import Bools

STALL_NS: Final = 5 * SECOND_NS
FLOOD_ROWS: Final = 200
_COMPARED: Final = ("bid", "ask", "exchange_ts", "ltq", "volume", "oi")
_COUNTERS: Final = (
    "rows", "stalls", "longest_stall_s", "flood_seconds", "flood_rows",
    "duplicate_rows", "backward_volume_rows", "crossed_rows", "one_sided_rows",
)  # fmt: skip
_VOLUME_SPAN: Final = 1 << 42
_NEVER: Final = int(np.iinfo(np.int64).min)

Rows = npt.NDArray[np.intp]


class DataQuality:
    """Counters over a stream of blocks; where the blocks end makes no difference.

    `stalls`: silences of the whole feed over 5 s within a day; `flood_seconds`: seconds in which
    one instrument has 200 rows or more, `flood_rows` their rows; `duplicate_rows`: the same as
    the instrument's row before in all but ts; `backward_volume_rows`: volume below the day's
    maximum; `crossed_rows`: bid over ask; `one_sided_rows`: only one of bid and ask. Rows made
    of candles count as `rows` only.
    """

    def __init__(self) -> None:
        self._time = RunningTime()
        self._counters = dict.fromkeys(_COUNTERS, 0)
        self._size = 0
        self._last = {name: np.empty(0, dtype=np.int64) for name in ("ltp", *_COMPARED)}
        self._seen = np.empty(0, dtype=np.bool_)
        self._floods = _Floods()
        self._volumes = _Volumes()

    def counters(self) -> dict[str, int]:
        """The counters so far."""
        return self._counters | {
            "flood_seconds": self._floods.seconds,
            "flood_rows": self._floods.rows,
            "backward_volume_rows": self._volumes.backward_rows,
        }

    def observe(self, block: Ticks) -> None:
        """Count a block; blocks are to be given in the order of the feed."""
        before = self._time.latest
        keys = self._time.keys(block.ts)
        self._counters["rows"] += len(block)
        if block.walk is not None:  # rows made of candles have their own rhythm
            real = block.walk == WALK_NONE
            block, keys = block.take(real), keys[real]
        if not len(block):
            return
        self._stalls(keys, before)
        self._books(block)
        known = block.instrument >= 0
        if not known.all():
            block, keys = block.take(known), keys[known]
        if len(block):
            self._by_instrument(block, keys)

    def _stalls(self, keys: Int64s, before: int) -> None:
        if before > 0:
            keys = np.concatenate([[before], keys])
        gaps = np.diff(keys)
        wide = np.flatnonzero(gaps > STALL_NS)
        same_day = wide[_days(keys[wide]) == _days(keys[wide + 1])]
        self._counters["stalls"] += len(same_day)
        longest = int(gaps[same_day].max(initial=0)) // SECOND_NS
        self._counters["longest_stall_s"] = max(self._counters["longest_stall_s"], longest)

    def _books(self, block: Ticks) -> None:
        if block.bid is None and block.ask is None:
            return
        bid, ask = full_column(block, "bid"), full_column(block, "ask")
        self._counters["one_sided_rows"] += int(((bid == ABSENT) != (ask == ABSENT)).sum())
        self._counters["crossed_rows"] += int(((bid > ask) & (ask > 0)).sum())

    def _by_instrument(self, block: Ticks, keys: Int64s) -> None:
        """The counters that compare a row with the one before of its instrument."""
        self._grow(int(block.instrument.max()) + 1)
        narrow = block.instrument.astype(np.int16) if self._size < 2**15 else block.instrument
        order = np.argsort(narrow, kind="stable")
        code = block.instrument[order]
        first = np.append(True, code[1:] != code[:-1])
        last = np.append(first[1:], True)
        self._duplicates(block, order, first, last)
        self._floods.observe(keys // SECOND_NS, block.instrument, self._size)
        if block.volume is not None:
            self._volumes.observe(block.volume[order], _days(keys)[order], code, first)
        self._seen[code[last]] = True

    def _grow(self, size: int) -> None:
        more = size - self._size
        if more <= 0:
            return
        self._size = size
        self._last = {name: _longer(old, more, 0) for name, old in self._last.items()}
        self._seen = np.append(self._seen, np.zeros(more, dtype=np.bool_))
        self._volumes.grow(more)

    def _duplicates(self, block: Ticks, order: Rows, first: Bools, last: Bools) -> None:
        """Few rows repeat the price, so only those are looked at in full."""
        ltp = block.ltp[order]
        again = np.flatnonzero((ltp[1:] == ltp[:-1]) & ~first[1:]) + 1
        row, before = order[again], order[again - 1]
        same = np.ones(len(again), dtype=np.bool_)
        heads, tails = order[first], order[last]
        code = block.instrument[heads]
        carried = self._seen[code] & (block.ltp[heads] == self._last["ltp"][code])
        for name in _COMPARED:
            column = full_column(block, name)
            same &= column[row] == column[before]
            carried &= column[heads] == self._last[name][code]
            self._last[name][code] = column[tails]
        self._last["ltp"][code] = block.ltp[tails]
        self._counters["duplicate_rows"] += int(same.sum()) + int(carried.sum())


class _Floods:
    """Rows of one instrument in one second; only the last second can go on in the next block."""

    def __init__(self) -> None:
        self.seconds = 0
        self.rows = 0
        self._second = -1
        self._counts: Int64s = np.zeros(0, dtype=np.int64)
        self._flooded = -1

    def observe(self, seconds: Int64s, instrument: npt.NDArray[np.int32], size: int) -> None:
        """Count rows whose seconds do not go back."""
        starts = np.flatnonzero(np.append(True, seconds[1:] != seconds[:-1]))
        slot = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(seconds))))
        cells, inverse = slot * size + instrument, None
        width = len(starts) * size
        if width > 4 * len(seconds) + 65_536:  # many instruments: name the cells in use only
            used, inverse = np.unique(cells, return_inverse=True)
            fresh = np.bincount(inverse, minlength=len(used))
        else:
            fresh = np.bincount(cells, minlength=width)
            used = np.flatnonzero(fresh)
            fresh = fresh[used]
        when, who = seconds[starts][used // size], used % size
        self._count(when, who, fresh, size)

    def _count(self, when: Int64s, who: Int64s, fresh: Int64s, size: int) -> None:
        carried = np.append(self._counts, np.zeros(size - len(self._counts), dtype=np.int64))
        earlier = np.where(when == self._second, carried[who], 0)
        total = earlier + fresh
        flooded = total >= FLOOD_ROWS
        if flooded.any():
            self.rows += int(np.where(earlier >= FLOOD_ROWS, fresh, total)[flooded].sum())
            new = np.unique(when[flooded])
            self.seconds += int((new > self._flooded).sum())
            self._flooded = max(self._flooded, int(new[-1]))
        latest = int(when[-1])
        if latest != self._second:
            carried[:] = 0
        ongoing = when == latest
        carried[who[ongoing]] = total[ongoing]
        self._second, self._counts = latest, carried


class _Volumes:
    """The running maximum of each instrument's volume of the day."""

    def __init__(self) -> None:
        self.backward_rows = 0
        self._day: Int64s = np.empty(0, dtype=np.int64)
        self._highest: Int64s = np.empty(0, dtype=np.int64)

    def grow(self, more: int) -> None:
        """Make room for more instruments."""
        self._day = _longer(self._day, more, _NEVER)
        self._highest = _longer(self._highest, more, -1)

    def observe(
        self, volume: Int64s, days: Int64s, code: npt.NDArray[np.int32], first: Bools
    ) -> None:
        """Count rows that are sorted by instrument."""
        begins = first.copy()
        begins[1:] |= days[1:] != days[:-1]
        starts = np.flatnonzero(begins)
        who, day = code[starts], days[starts]
        floor = np.where(self._day[who] == day, self._highest[who], -1)
        highest = volume
        falls = (volume[1:] < volume[:-1]) & ~begins[1:]
        if falls.any() or (volume[starts] < floor).any():
            lengths = np.diff(np.append(starts, len(code)))
            lifted = np.maximum(np.minimum(volume, _VOLUME_SPAN - 2), np.repeat(floor, lengths))
            group = np.cumsum(begins) * _VOLUME_SPAN
            highest = np.maximum.accumulate(lifted + group) - group
            self.backward_rows += int(((volume >= 0) & (volume < highest)).sum())
        ends = np.append(starts[1:], len(code)) - 1
        self._day[who], self._highest[who] = day, highest[ends]


def _days(ts: Int64s) -> Int64s:
    """The Indian day of times that do not go back."""
    if len(ts) and ist_day(int(ts[0])) == (day := ist_day(int(ts[-1]))):
        return np.full(len(ts), day, dtype=np.int64)
    return (ts + IST_OFFSET_NS) // DAY_NS


def _longer(old: Int64s, more: int, value: int) -> Int64s:
    return np.append(old, np.full(more, value, dtype=np.int64))
