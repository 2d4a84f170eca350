"""Rows of one instrument as columns, for the exchange; a column is gathered when it is asked for.

`Window` is some of them one after the other, with what each row changes in the exchange's book: its
growth, its best prices, its levels. It says by column what `DepthBook` says row by row.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.depth import SOUND, depth_faults, fault_of
from daemon.domain.ticks import DEPTH_LEVELS, Int64s
from daemon.exchange.depth_book import UNKNOWN_SIZE, DepthBook, Levels, MarketTick, unsized_levels
from daemon.market.book import Shown, shown_at
from daemon.market.rows import RowSeries

Bools = npt.NDArray[np.bool_]

UNSEEN: Final = UNKNOWN_SIZE
"""A displayed size that is not known: no size is as large."""
_QUANTITY: Final = 0
_PRICE: Final = 1
_NOTHING: Final = ((0, 0),)


def tick_of(ts: int, ltp: int, bid: int, ask: int, shown: Shown | None) -> MarketTick:
    """Return a row as the exchange takes it; bid and ask 0 if absent.

    A book with a fault is not traded against: the row then keeps the book before it.
    """
    if shown is None:
        return MarketTick(ts, ltp, 0, -1, None, None, bid, ask)
    if shown.depth is None:
        return MarketTick(ts, ltp, shown.ltq, shown.volume, None, None, bid, ask)
    levels = shown.depth.tolist()
    if fault_of(levels) != SOUND:
        return MarketTick(ts, ltp, shown.ltq, shown.volume, None, None, bid, ask)
    bids, asks = _side(levels[:DEPTH_LEVELS]), _side(levels[DEPTH_LEVELS:])
    return MarketTick(ts, ltp, shown.ltq, shown.volume, bids, asks, bid, ask)


def _side(levels: list[list[int]]) -> Levels:
    return tuple([(price, size) for size, price, _ in levels if price > 0 and size > 0])


class RowColumns:
    """Rows of one instrument, and what the exchange asks about all of them.

    `sized` False leaves out the sizes that they may show.
    """

    __slots__ = ("at", "ltp", "rows", "sized", "volume")

    def __init__(self, series: RowSeries, *, sized: bool = True) -> None:
        self.rows, self.at, self.ltp, self.volume = series
        self.sized = sized

    def __len__(self) -> int:
        return len(self.at)

    @property
    def has_depth(self) -> bool:
        """Return whether the block has depth at all."""
        return self.sized and self.rows.has_depth

    def input_no(self, number: int) -> int:
        """Return the number of the input that a row is."""
        return self.rows.input_no(int(self.at[number]))

    def tick(self, number: int) -> MarketTick:
        """Return a row as the tick that the exchange takes."""
        rows, row = self.rows, int(self.at[number])
        bid = 0 if rows.bid is None else int(rows.bid[row])
        ask = 0 if rows.ask is None else int(rows.ask[row])
        shown = shown_at(rows, row) if self.sized else shown_at(rows, row).unsized()
        return tick_of(int(rows.ts[row]), int(rows.ltp[row]), bid, ask, shown)

    def highest_volume(self, before: int, stop: int) -> int:
        """Return the highest cumulative volume of the rows before `stop`, at least `before`."""
        if self.volume is None or stop == 0:
            return before
        return max(before, int(self.volume[:stop].max()))


class Window:
    """The rows [start, stop) of some columns, after a book and all rows before `start`."""

    def __init__(self, columns: RowColumns, start: int, stop: int, book: DepthBook) -> None:
        self._columns = columns
        self._start = start
        self._rows = columns.rows
        self._at = columns.at[start:stop]
        self._volume = None if columns.volume is None else columns.volume[start:stop]
        self._book = book
        self.ltp = columns.ltp[start:stop]

    def __len__(self) -> int:
        return len(self._at)

    # volume

    @cached_property
    def _highest_before(self) -> Int64s:
        """The highest cumulative volume before each row."""
        assert self._volume is not None
        before = np.empty(len(self), dtype=np.int64)
        before[0] = self._columns.highest_volume(self._book.volume, self._start)
        before[1:] = self._volume[:-1]
        return np.maximum.accumulate(before)

    @cached_property
    def growth(self) -> Int64s:
        """How far each row raises the volume of the day, units."""
        if self._volume is None:
            return np.zeros(len(self), dtype=np.int64)
        before = self._highest_before
        return np.where(before >= 0, np.maximum(self._volume - before, 0), 0)

    @cached_property
    def grows(self) -> Bools:
        """The rows with growth."""
        return self.growth > 0

    @cached_property
    def is_old(self) -> Bools | None:
        """The rows whose volume lies below the day's, None if none does."""
        if self._volume is None:
            return None
        old: Bools = (self._volume >= 0) & (self._volume < self._highest_before)
        return old if old.any() else None

    @cached_property
    def is_blind(self) -> Bools:
        """The rows whose last price is all the evidence there is: no volume, no book."""
        blind = np.full(len(self), not self.is_sized)
        if self._volume is not None:
            blind &= self._volume < 0
        return blind & (self.bid == 0) & (self.ask == 0) if blind.any() else blind

    @cached_property
    def traded(self) -> Int64s:
        """The growth of each row, or its last quantity if that is less and known."""
        ltq = self._rows.sent.ltq
        if ltq is None:
            return self.growth
        last = ltq.take(self._at)
        return np.where(last > 0, np.minimum(last, self.growth), self.growth)

    # the book

    @property
    def is_sized(self) -> bool:
        """Whether the levels have sizes."""
        return self._book.sized

    @cached_property
    def _levels(self) -> Int64s:
        """Quantity and price of the ten levels, shape (10, 2, rows)."""
        depth = self._rows.sent.depth
        assert depth is not None
        levels = depth.transpose(1, 2, 0)
        gathered = np.empty((2 * DEPTH_LEVELS, 2, len(self)), dtype=np.int64)
        for level in range(2 * DEPTH_LEVELS):
            for what in (_QUANTITY, _PRICE):
                levels[level, what].take(self._at, out=gathered[level, what])
        return gathered

    @cached_property
    def is_faulty(self) -> Bools | None:
        """The rows whose book is not traded against, None if none is."""
        if not self.is_sized:
            return None
        faulty: Bools = depth_faults(self._levels.transpose(2, 0, 1)) != SOUND
        return faulty if faulty.any() else None

    def level(self, level: int) -> Int64s:
        """Return the prices of one level, 0 where it is empty; 0 to 4 bids, 5 to 9 asks."""
        depth = self._rows.sent.depth
        assert depth is not None
        price = depth[:, level, _PRICE].take(self._at)
        quantity = depth[:, level, _QUANTITY].take(self._at)
        return price if price.min() > 0 and quantity.min() > 0 else price * (quantity > 0)

    @cached_property
    def bid(self) -> Int64s:
        """The best bids, 0 where absent."""
        return self._best(self._rows.bid, 0)

    @cached_property
    def ask(self) -> Int64s:
        """The best asks, 0 where absent."""
        return self._best(self._rows.ask, DEPTH_LEVELS)

    def _best(self, unsized: Int64s | None, level: int) -> Int64s:
        if self.is_sized:
            return self.level(level)
        if unsized is None:
            return np.zeros(len(self), dtype=np.int64)
        return unsized.take(self._at)

    @cached_property
    def before(self) -> tuple[Levels, Levels]:
        """The levels that the last row before these shows, or keeps."""
        for number in range(self._start - 1, -1, -1):
            tick = self._columns.tick(number)
            levels = (tick.bids, tick.asks) if self.is_sized else unsized_levels(tick)
            if levels[0] is not None and levels[1] is not None:
                return levels[0], levels[1]
        return self._book.bids, self._book.asks

    @cached_property
    def best_changed(self) -> Bools:
        """The rows whose best bid or ask, price or size, is not that of the row before."""
        (bid, bid_size), (ask, ask_size) = ((side or _NOTHING)[0] for side in self.before)
        changed = _differs(self.bid, bid) | _differs(self.ask, ask)
        if self.is_sized:
            changed |= _differs(self._levels[0, _QUANTITY], bid_size)
            changed |= _differs(self._levels[DEPTH_LEVELS, _QUANTITY], ask_size)
        return changed

    def displayed(self, is_buy: bool, price: int) -> Int64s:
        """Return `DepthBook.displayed` of each row, UNSEEN for None."""
        if not self.is_sized:
            best = self.bid if is_buy else self.ask
            is_better = ((best < price) if is_buy else (best > price)) & (best > 0)
            return np.where(is_better, 0, UNSEEN)
        side = self._levels[:DEPTH_LEVELS] if is_buy else self._levels[DEPTH_LEVELS:]
        last = side[-1, _PRICE]
        is_whole = (last <= 0) | (side[-1, _QUANTITY] <= 0)
        within = is_whole | ((last <= price) if is_buy else (last >= price))
        at = side[:, _PRICE] == price
        sizes: Int64s = (side[:, _QUANTITY] * at).sum(axis=0)
        return np.where(sizes > 0, sizes, np.where(within, 0, UNSEEN))


def _differs(column: Int64s, before: int) -> Bools:
    changed = np.empty(len(column), dtype=np.bool_)
    changed[0] = column[0] != before
    np.not_equal(column[1:], column[:-1], out=changed[1:])
    return changed
