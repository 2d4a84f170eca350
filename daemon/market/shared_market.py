"""What one engine found out about its inputs, for the engines that follow it.

Many variants of a run see the same rows, and their candles close at the same times. The leader
takes an input first; each follower then takes the same input and finds here what is the same for
all of them: the candles, which rows were late for theirs, and the rows by instrument.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daemon.domain.candle import Candle
from daemon.domain.grouping import Places, group
from daemon.domain.ticks import Int64s
from daemon.market.rows import Rows, RowSeries


class SharedMarket:
    """The candles of the input in work by their end, its late rows, and its rows by instrument."""

    def __init__(self, instruments: int) -> None:
        self._instruments = instruments
        self._candles: dict[int, list[Candle]] = {}
        self._late: set[int] = set()
        self._grouped: tuple[Rows, GroupedRows] | None = None

    def begin_input(self) -> None:
        """Forget the input before: every follower has taken it."""
        self._candles = {}
        self._late = set()
        self._grouped = None

    def close(self, candles: Sequence[Candle]) -> None:
        """Keep the candles that have closed at one time."""
        self._candles[candles[0].end_ts] = list(candles)

    def note_late(self, input_no: int) -> None:
        """Keep that a row came after its candle had closed."""
        self._late.add(input_no)

    def candles_of(self, end_ts: int) -> list[Candle]:
        """Return the candles that closed at a time (UTC ns)."""
        return self._candles.get(end_ts, [])

    def is_late(self, rows: Rows, row: int) -> bool:
        """Return whether the candle of a row had closed before it."""
        return rows.input_no(row) in self._late

    def by_instrument(self, rows: Rows) -> GroupedRows:
        """Return the rows by instrument, sorted once for all followers."""
        if self._grouped is None or self._grouped[0] is not rows:
            first, last = rows.first_input_no, rows.input_no(len(rows) - 1)
            late = [rows.row_of(number) for number in self._late if first <= number <= last]
            self._grouped = rows, GroupedRows(rows, self._instruments, late)
        return self._grouped[1]


class GroupedRows:
    """The rows of a block by instrument: number k of the parts is of the instrument present[k].

    It has the places [starts[k], ends[k]), its lowest and highest price (paise), and its volumes so
    far: the cumulative volume is the highest one yet, and rows that came late do not count.
    """

    __slots__ = (
        "_order", "ends", "highs", "lows", "ltp", "present", "rows", "starts", "volume", "volumes",
    )  # fmt: skip

    def __init__(self, rows: Rows, instruments: int, late: Sequence[int]) -> None:
        self.rows = rows
        order, edges = group(rows.instrument, instruments)
        self._order = order
        self.ltp: Int64s = rows.ltp.take(order)
        present = np.flatnonzero(edges[1:] > edges[:-1])
        starts = edges[present]
        self.present: list[int] = present.tolist()
        self.starts: list[int] = starts.tolist()
        self.ends: list[int] = [*self.starts[1:], len(rows)]
        self.highs: list[int] = np.maximum.reduceat(self.ltp, starts).tolist()
        self.lows: list[int] = np.minimum.reduceat(self.ltp, starts).tolist()
        self.volume: Int64s | None = None
        self.volumes: Int64s | None = None
        if rows.volume is not None:
            self._sum_volumes(rows.volume, late)

    def _sum_volumes(self, volume: Int64s, late: Sequence[int]) -> None:
        self.volume = volume.take(self._order)
        counted = volume
        if late:
            counted = volume.copy()
            counted[late] = -1
        volumes = counted.take(self._order)
        for start, end in zip(self.starts, self.ends, strict=True):
            np.maximum.accumulate(volumes[start:end], out=volumes[start:end])
        self.volumes = volumes

    def row_at(self, place: int) -> int:
        """Return the row that stands at a place; places go instrument after instrument."""
        return int(self._order[place])

    def place_of(self, row: int, start: int, end: int) -> int:
        """Return the first of an instrument's places [start, end) with a row at or after `row`."""
        return start + int(self._order[start:end].searchsorted(row))

    def series(self, start: int, end: int) -> RowSeries:
        """Return the rows that stand at the places [start, end)."""
        at: Places = self._order[start:end]
        volume = None if self.volume is None else self.volume[start:end]
        return RowSeries(self.rows, at, self.ltp[start:end], volume)
