"""Count anomalies in a recording without changing it."""

from __future__ import annotations

from typing import Final

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import WALK_NONE, Int32s, Int64s, Ticks
from feeds.stream.blocks import RunningTime, full_column
from feeds.stream.by_instrument import Duplicates, Groups, Rows, Volumes, extended, indian_days
from feeds.stream.depth_faults import DEPTH_COUNTERS, DepthFaults

STALL_NS: Final = 5 * SECOND_NS
FLOOD_ROWS: Final = 200
_COUNTERS: Final = (
    "rows", "stalls", "longest_stall_s", "flood_seconds", "flood_rows",
    "duplicate_rows", "backward_volume_rows", "crossed_rows", "one_sided_rows",
    *DEPTH_COUNTERS,
)  # fmt: skip


class DataQuality:
    """Counters over a stream of blocks; where the blocks end makes no difference.

    `stalls`: silences of the whole feed over 5 s within a day; `flood_seconds`: seconds in which
    one instrument has 200 rows or more, `flood_rows` their rows; `duplicate_rows`: the same as the
    instrument's previous row in all but ts; `backward_volume_rows`: volume below the day's maximum;
    `crossed_rows`: bid over ask; `one_sided_rows`: only one of bid and ask; `..._depth_rows`: books
    of five levels that are not traded against. Rows made from candles count as `rows` only.
    """

    def __init__(self) -> None:
        self._time = RunningTime()
        self._counters = dict.fromkeys(_COUNTERS, 0)
        self._size = 0
        self._duplicates = Duplicates()
        self._floods = _Floods()
        self._volumes = Volumes()
        self._depths = DepthFaults()

    def counters(self) -> dict[str, int]:
        """Return the counters so far."""
        return self._counters | {
            "flood_seconds": self._floods.seconds,
            "flood_rows": self._floods.rows,
            "duplicate_rows": self._duplicates.rows,
            "backward_volume_rows": self._volumes.backward_rows,
            **self._depths.rows,
        }

    def observe(self, block: Ticks) -> None:
        """Count a block; blocks must come in the feed's order."""
        before = self._time.latest
        keys = self._time.keys_of(block)
        self._counters["rows"] += len(block)
        if block.walk is not None:  # rows made from candles have artificial times
            real = block.walk == WALK_NONE
            block, keys = block.take(real), keys[real]
        if not len(block):
            return
        self._stalls(block, keys, before)
        self._books(block)
        if block.instrument.min() < 0:
            known = block.instrument >= 0
            block, keys = block.take(known), keys[known]
        if len(block):
            self._by_instrument(block, keys)

    def _stalls(self, block: Ticks, keys: Int64s, before: int) -> None:
        since = before if before > 0 else int(keys[0])
        step = block.longest_step() if keys is block.ts else None
        if step is None:
            step = int((keys[1:] - keys[:-1]).max(initial=0))
        if max(step, int(keys[0]) - since) <= STALL_NS:
            return
        gaps = np.diff(keys, prepend=since)
        wide = np.flatnonzero(gaps > STALL_NS)
        same_day = wide[indian_days(keys[wide] - gaps[wide]) == indian_days(keys[wide])]
        self._counters["stalls"] += len(same_day)
        longest = int(gaps[same_day].max(initial=0)) // SECOND_NS
        self._counters["longest_stall_s"] = max(self._counters["longest_stall_s"], longest)

    def _books(self, block: Ticks) -> None:
        if block.bid is None and block.ask is None:
            return
        bid, ask = full_column(block, "bid"), full_column(block, "ask")
        if bid.min() <= 0 or ask.min() <= 0:
            self._counters["one_sided_rows"] += int(((bid > 0) != (ask > 0)).sum())
        over = bid > ask
        if over.any():
            self._counters["crossed_rows"] += int((over & (ask > 0)).sum())

    def _by_instrument(self, block: Ticks, keys: Int64s) -> None:
        """Update the counters that compare a row with its instrument's previous one."""
        more = int(block.instrument.max()) + 1 - self._size
        if more > 0:
            self._size += more
            for counter in (self._duplicates, self._floods, self._volumes, self._depths):
                counter.grow(more)
        if block.depth is not None:
            self._depths.observe(block.depth, block.instrument)
        groups = Groups(block.instrument, self._size)
        volume = None if block.volume is None else block.volume[groups.order]
        self._duplicates.observe(block, groups, volume)
        self._floods.observe(block.instrument, keys, groups)
        if volume is not None:
            self._volumes.observe(volume, keys, groups)


class _Floods:
    """Rows of one instrument in one second; only the last second may continue in the next block."""

    def __init__(self) -> None:
        self.seconds = 0
        self.rows = 0
        self._second = -1
        self._counts: Int64s = np.zeros(0, dtype=np.int64)
        self._flooded = -1

    def grow(self, more: int) -> None:
        """Make room for more instruments."""
        self._counts = extended(self._counts, more, 0)

    def observe(self, instrument: Int32s, keys: Int64s, groups: Groups) -> None:
        """Count rows whose times do not go back."""
        first, last = int(keys[0]) // SECOND_NS, int(keys[-1]) // SECOND_NS
        if _may_flood(instrument, keys, groups):
            starts, seconds = _seconds(keys, first, last)
            rows = np.diff(starts, append=len(keys))
            slot = np.repeat(np.arange(len(starts), dtype=np.int32), rows)[groups.order]
            is_same = groups.inside(slot[1:] == slot[:-1])
            begins = np.append(0, np.flatnonzero(~is_same) + 1)
            fresh = np.diff(begins, append=len(keys))
            who, when = instrument[groups.order[begins]], seconds[slot[begins]]
        else:  # only the second that began earlier, and the one that may continue
            stop, start = np.searchsorted(keys, [(first + 1) * SECOND_NS, last * SECOND_NS])
            who, fresh = _rows_of_each(instrument[start:])
            when = np.full(len(who), last)
            if first == self._second != last:
                head, more = _rows_of_each(instrument[:stop])
                who, fresh = np.append(head, who), np.append(more, fresh)
                when = np.append(np.full(len(head), first), when)
        self._count(when, who, fresh, last)

    def _count(self, when: Int64s, who: Int32s, fresh: Int64s, latest: int) -> None:
        earlier = np.where(when == self._second, self._counts[who], 0)
        total = earlier + fresh
        flooded = total >= FLOOD_ROWS
        if flooded.any():
            self.rows += int(np.where(earlier >= FLOOD_ROWS, fresh, total)[flooded].sum())
            new = set(when[flooded].tolist())
            self.seconds += sum(second > self._flooded for second in new)
            self._flooded = max(self._flooded, *new)
        ongoing = when == latest
        if latest != self._second:
            self._counts[:] = 0
            self._second = latest
        self._counts[who[ongoing]] = total[ongoing]


def _rows_of_each(instrument: Int32s) -> tuple[Rows, Int64s]:
    """Return the instruments that have rows, and their row counts.

    (`np.unique` would load `np.ma`, 8 ms.)
    """
    rows = np.bincount(instrument)
    present = np.flatnonzero(rows)
    return present, rows[present]


def _may_flood(instrument: Int32s, keys: Int64s, groups: Groups) -> bool:
    """Return False if no instrument has FLOOD_ROWS rows within one second of these rows.

    Looks at every (FLOOD_ROWS / 2)-th place: a flood covers two neighbouring ones.
    """
    some = groups.order[:: FLOOD_ROWS // 2]
    who, second = instrument[some], keys[some] // SECOND_NS
    return bool(((who[1:] == who[:-1]) & (second[1:] == second[:-1])).any())


def _seconds(keys: Int64s, first: int, last: int) -> tuple[Rows, Int64s]:
    """Return the first row of each second that has rows, and the second's number."""
    if (last - first) * 8 > len(keys):
        seconds = keys // SECOND_NS
        starts = np.flatnonzero(np.append(True, seconds[1:] != seconds[:-1]))
        return starts, seconds[starts]
    numbers = np.arange(first, last + 1)
    edges = np.searchsorted(keys, numbers * SECOND_NS)
    edges[0] = 0
    used = np.diff(edges, append=len(keys)) > 0
    return edges[used], numbers[used]
