"""The extremes of walked candles: which of high and low comes first depends on what is held.

See SEMANTICS, "Candles". The order is chosen for all candles of a block ahead, and once more for
those that are left when a holding has changed. So their rows are taken like any others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from daemon.domain.grouping import Places, group
from daemon.domain.ticks import WALK_OPEN, WALK_SECOND
from daemon.market.book import Book
from daemon.market.rows import Rows


class Held(Protocol):
    """What is held of each instrument; `Holdings` tells."""

    moved: set[int]
    """The instruments, by index, whose quantity has changed since this was cleared."""

    def net(self, index: int) -> int:
        """Return the signed open quantity of an instrument."""


class _OfBook(NamedTuple):
    """The candles of one instrument: the rows of their opens and of their extremes, in order."""

    book: Book
    opens: Places
    extremes: Places


class WalkedCandles:
    """The walked candles of a block in work."""

    def __init__(self, rows: Rows, books: Sequence[Book], held: Held) -> None:
        """Choose by what is held now. The last of `books` is the idle one, which has no candles.

        A candle that began in a block before keeps the order that was chosen there.
        """
        walk = rows.walk
        assert walk is not None
        self._has_turned = False
        self._rows = rows
        self._held = held
        held.moved.clear()
        steps = np.flatnonzero((walk >= WALK_OPEN) & (walk <= WALK_SECOND))
        order, edges = group(rows.instrument[steps], len(books))
        steps = steps[order]
        is_open = walk[steps] == WALK_OPEN
        self._candles: dict[int, _OfBook] = {}
        for index in np.flatnonzero(edges[1:-1] > edges[:-2]).tolist():
            own = slice(edges[index], edges[index + 1])
            opens, extremes = steps[own][is_open[own]], steps[own][~is_open[own]]
            candles = self._candles[index] = _OfBook(books[index], opens, extremes)
            self._begin(candles)

    def choose_again(self, row: int) -> None:
        """Choose for the candles that begin at `row` or later, where holdings have changed."""
        moved = self._held.moved
        for index in moved & self._candles.keys():
            self._choose(self._candles[index], row)
        moved.clear()

    def pop_turned(self) -> bool:
        """Return whether prices have changed places since this was last asked."""
        has_turned, self._has_turned = self._has_turned, False
        return has_turned

    def _begin(self, candles: _OfBook) -> None:
        book, opens, extremes = candles
        if book.walk_high_first:
            before = extremes.searchsorted(opens[0]) if len(opens) else len(extremes)
            self._order(extremes[:before], high_first=True)
        if len(opens):
            book.choose_walk(high_first=False)
            self._choose(candles, 0)

    def _choose(self, candles: _OfBook, row: int) -> None:
        book, opens, extremes = candles
        high_first = self._held.net(book.index) < 0
        first = opens.searchsorted(row)
        if first == len(opens) or high_first == book.walk_high_first:
            return
        book.choose_walk(high_first=high_first)
        self._order(extremes[extremes.searchsorted(opens[first]) :], high_first=high_first)

    def _order(self, extremes: Places, *, high_first: bool) -> None:
        """Give these rows the prices of one order."""
        rows = self._rows
        prices = rows.other if high_first else rows.sent.ltp
        assert prices is not None
        rows.ltp[extremes] = prices[extremes]
        self._has_turned = True
