"""Rows that the intake has accepted, as the engine takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.depth import EMPTY, Depth, depth_of, sound_depth_of
from daemon.domain.grouping import Places
from daemon.domain.ticks import Int32s, Int64s, Ticks

RowTuple = tuple[int, int, int, int, int]
"""(row, ts, instrument, ltp, volume)."""


class Rows:
    """Accepted rows of one date, as columns; single values and the scan's lists come from them.

    `instrument` is the number of instruments (the idle book) for a row outside its session. `bid`
    and `ask` are 0 where absent or senseless. `special` are the rows, in order, that the engine
    must take by themselves: those that end a silence (`gaps`) and those whose bar is not the open
    one. `bar_ts` is the time that a row's bar is of, `ts` itself if None. `input_no` of row k is
    `first_input_no + offsets[k]`.
    """

    __slots__ = (
        "_block", "_offsets", "ask", "bar_ts", "bid", "first_input_no", "gaps", "instrument", "ltp",
        "other", "special", "ts", "volume", "walk",
    )  # fmt: skip

    def __init__(
        self,
        block: Ticks,
        first_input_no: int,
        offsets: npt.NDArray[np.intp] | None = None,
        *,
        instrument: Int32s | None = None,
        sides: tuple[Int64s | None, Int64s | None] | None = None,
        bar_ts: Int64s | None = None,
        gaps: frozenset[int] = frozenset(),
        special: Sequence[int] = (),
    ) -> None:
        self.ts = block.ts
        self.instrument = block.instrument if instrument is None else instrument
        # a copy, not the feed's own block: a candle's extremes may change places
        self.ltp = block.ltp if block.walk is None else block.ltp.copy()
        self.volume = block.volume
        self.bid, self.ask = (block.bid, block.ask) if sides is None else sides
        self.walk = block.walk
        self.other = block.other
        self.bar_ts = bar_ts
        self.gaps = gaps
        self.special = special
        self.first_input_no = first_input_no
        self._offsets = offsets
        self._block = block

    def __len__(self) -> int:
        return len(self.ts)

    def input_no(self, row: int) -> int:
        """Return the number of the input that this row is."""
        offset = row if self._offsets is None else int(self._offsets[row])
        return self.first_input_no + offset

    def row_of(self, input_no: int) -> int:
        """Return the row that an input is."""
        at = input_no - self.first_input_no
        return at if self._offsets is None else int(self._offsets.searchsorted(at))

    def again(self) -> Rows:
        """Return the same rows for another engine, whose extremes may change places otherwise."""
        if self.walk is None:
            return self
        return Rows(
            self._block, self.first_input_no, self._offsets, instrument=self.instrument,
            sides=(self.bid, self.ask), bar_ts=self.bar_ts, gaps=self.gaps, special=self.special,
        )  # fmt: skip

    def volume_at(self, row: int) -> int:
        """Return the cumulative volume of a row, -1 if it has none."""
        return -1 if self.volume is None else int(self.volume[row])

    # what only some feeds have: read on demand only

    @property
    def sent(self) -> Ticks:
        """The same rows as the feed sent them, nothing dropped from their columns."""
        return self._block

    def ltq_at(self, row: int) -> int:
        """Return the quantity of the last trade of a row, 0 if it is not known."""
        ltq = self._block.ltq
        return 0 if ltq is None else int(ltq[row])

    def oi_at(self, row: int) -> int:
        """Return the open interest of a row, -1 if it has none."""
        oi = self._block.oi
        return -1 if oi is None else int(oi[row])

    @property
    def has_depth(self) -> bool:
        """Return whether the feed has depth at all."""
        return self._block.depth is not None

    def depth_at(self, row: int) -> Depth:
        """Return the order book of a row as the feed sent it, empty if it sent none.

        It is there even where `bid` and `ask` were dropped because they cross.
        """
        depth = self._block.depth
        return EMPTY if depth is None else depth_of(depth[row])

    def sound_depth_at(self, row: int) -> Depth | None:
        """Return the order book of a row to trade against, None where it has a fault.

        EMPTY if the row shows none. See `daemon.domain.depth.FAULTS`; the feed counts them.
        """
        depth = self._block.depth
        return EMPTY if depth is None else sound_depth_of(depth[row])

    def depth_row(self, row: int) -> Int64s | None:
        """Return a copy of the order book of a row as the feed sent it, None without depth."""
        depth = self._block.depth
        return None if depth is None else depth[row].copy()

    # for the scan and the columns

    def cursor(self, start: int, stop: int) -> Iterator[RowTuple]:
        """Return (row, ts, instrument, ltp, volume) of the rows [start, stop), once."""
        volumes = repeat(-1) if self.volume is None else self.volume[start:stop].tolist()
        return zip(
            range(start, stop),
            self.ts[start:stop].tolist(),
            self.instrument[start:stop].tolist(),
            self.ltp[start:stop].tolist(),
            volumes,
            strict=False,
        )

    def cursor_at(self, at: Places) -> Iterator[RowTuple]:
        """Return the same of some rows, in their order."""
        volumes = repeat(-1) if self.volume is None else self.volume[at].tolist()
        return zip(
            at.tolist(),
            self.ts[at].tolist(),
            self.instrument[at].tolist(),
            self.ltp[at].tolist(),
            volumes,
            strict=False,
        )

    def first_at(self, ts: int, start: int, stop: int) -> int:
        """Return the first row of [start, stop) at or after `ts`, else `stop`."""
        return start + int(self.ts[start:stop].searchsorted(ts))


class RowSeries(NamedTuple):
    """Rows of one instrument, one after the other: their numbers `at` and two of their columns."""

    rows: Rows
    at: Places
    ltp: Int64s
    volume: Int64s | None
