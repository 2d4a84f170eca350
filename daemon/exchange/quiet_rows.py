"""Rows that change nothing at an instrument but what is ahead of its orders (F20 to F24, F31).

Most rows fill nothing, trigger nothing and return nothing that was taken: a far order is not
reached, and an order at the touch sees its queue shrink. `count_quiet` finds by column how many of
the next rows are of this kind; `take_quiet` then does to orders and book what a look at each of
them would have done. Which rows are quiet is a matter of speed alone: more looks give the same
events (`test_quiet_rows_are_skipped_without_a_difference`).

The queue at a price falls by what trades there and is never longer than what is displayed. So after
k rows it is min(ahead, min over j <= k of displayed(j) + traded(1 to j)) - traded(1 to k).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from daemon.domain.ticks import Int64s
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.floor import Floor
from daemon.exchange.reach import Price, Reach, ahead_of, prices_near, prices_within, reach_of
from daemon.exchange.row_columns import UNSEEN, Bools, RowColumns, Window

FIRST_ROWS: Final = 256
MOST_ROWS: Final = 4_096
_KNOWN: Final = UNSEEN // 2
"""A queue that is known is shorter."""


class Queue(NamedTuple):
    """What rows did to the queue at one price: units traded there, and a bound.

    An order that had `ahead` has min(ahead, bound) - traded now.
    """

    traded: int = 0
    bound: int = UNSEEN


class Known(NamedTuple):
    """How far the rows of one instrument from one input to another reach, to (buys, sells)."""

    first: int
    last: int
    sides: tuple[bool, bool]
    reach: Reach

    def holds(self, first: int, last: int, sides: tuple[bool, bool]) -> bool:
        """Return whether this is said of some inputs too."""
        return self.first <= first and last <= self.last and sides == self.sides


class Searched(NamedTuple):
    """The windows that were searched from an input on: their columns are there already."""

    first: int
    windows: list[Window]


class QuietRows:
    """Find and take the quiet rows of instruments at which orders work."""

    def __init__(
        self, settings: ExchangeSettings, books: Sequence[DepthBook], floor: Floor
    ) -> None:
        self._policy = settings.resting
        self._by_last_quantity = settings.queue_evidence == "last_qty"
        self._books = books
        self._floor = floor
        self._known: dict[int, Known] = {}
        self._searched: dict[int, Searched] = {}

    def count(self, instrument: int, columns: RowColumns) -> int:
        """Return how many rows from the first on are quiet."""
        book = self._books[instrument]
        if columns.has_depth != book.sized:  # its levels begin or end to have sizes
            return 0
        if self._are_far(instrument, columns):
            return len(columns)
        queues: dict[tuple[bool, int], Queue] = {}
        searched = self._searched[instrument] = Searched(columns.input_no(0), [])
        start = 0
        for window in _windows(columns, book):
            searched.windows.append(window)
            stops = self._stops_in(window, instrument, queues)
            first = int(stops.argmax())
            if stops[first]:
                return start + first
            start += len(window)
        return start

    def take(self, instrument: int, columns: RowColumns) -> None:
        """Take rows, all quiet: what is ahead of orders, near misses, and the last row's book."""
        book, resting = self._books[instrument], self._floor.resting[instrument]
        searched = self._searched.pop(instrument, None)
        if resting and not self._are_far(instrument, columns):
            windows: Iterable[Window] = _windows(columns, book)
            if searched is not None and searched.first == columns.input_no(0):
                windows = searched.windows
            rows = len(columns)
            for window in windows:
                for price in prices_near(window, book, resting):
                    self._see(window, price, book, min(rows, len(window)))
                rows -= len(window)
                if rows <= 0:
                    break
        _show_last(columns, book)

    def forget(self, instrument: int) -> None:
        """Drop what was searched of an instrument that no order waits at: it keeps a block."""
        self._searched.pop(instrument, None)

    def _are_far(self, instrument: int, columns: RowColumns) -> bool:
        """Return whether no row comes near anything that waits here.

        How far rows reach is kept, because they are mostly asked about again, or some of them.
        """
        book = self._books[instrument]
        first, last = columns.input_no(0), columns.input_no(-1)
        resting = self._floor.resting[instrument]
        sides = bool(resting.buys), bool(resting.sells)
        known = self._known.get(instrument)
        if known is None or not known.holds(first, last, sides):
            reach = reach_of(Window(columns, 0, len(columns), book), book, *sides)
            known = self._known[instrument] = Known(first, last, sides, reach)
        below, above = self._floor.stops.levels_at(instrument)
        is_triggered = known.reach.low <= below or known.reach.high >= above
        return not book.has_taken and not is_triggered and not prices_within(known.reach, resting)

    def _stops_in(
        self, window: Window, instrument: int, queues: dict[tuple[bool, int], Queue]
    ) -> Bools:
        """Return the rows that are not quiet, as far as the first; keep the queues after them."""
        book = self._books[instrument]
        below, above = self._floor.stops.levels_at(instrument)
        stops = (window.ltp <= below) | (window.ltp >= above)
        prices = prices_near(window, book, self._floor.resting[instrument])
        if (prices or book.has_taken) and window.is_faulty is not None:
            stops |= window.is_faulty
        _stop_at_taken(window, book, stops)
        for price in prices:
            key = price.is_buy, price.limit
            queues[key] = self._stop_at(window, price, queues.get(key, Queue()), stops)
        return stops

    # one price

    def _stop_at(self, window: Window, price: Price, queue: Queue, stops: Bools) -> Queue:
        """Mark the rows at which the orders of a price may fill; return their queue after all."""
        is_buy, limit, _ = price
        opposite = window.ask if is_buy else window.bid
        found = (opposite <= limit) & (opposite > 0) if is_buy else opposite >= limit
        if self._policy != "cross":
            beyond = (window.ltp < limit) if is_buy else (window.ltp > limit)
            if self._policy == "touch":
                beyond |= window.ltp == limit
            found |= beyond & (window.grows | window.is_blind)
        traded = self._traded_at(window, limit)
        units, bound = _queue(window, price, traded, queue)
        if traded is not None:
            before = np.empty_like(bound)
            before[0], before[1:] = queue.bound, bound[:-1]
            found |= (traded > 0) & (np.minimum(before, price.least_ahead) < units)
        if window.is_old is not None:
            found &= ~window.is_old
        stops |= found
        return Queue(int(units[-1]), int(bound[-1]))

    def _see(self, window: Window, price: Price, book: DepthBook, rows: int) -> None:
        """Let the orders of a price see the first rows of a window."""
        units, bound = _queue(window, price, self._traded_at(window, price.limit), Queue())
        opposite = window.ask if price.is_buy else window.bid
        near = (abs(opposite - price.limit) <= book.step) & (opposite > 0)
        near |= window.ltp == price.limit
        if near.any():
            near &= window.grows | window.best_changed
            if window.is_old is not None:
                near &= ~window.is_old
        misses = int(np.count_nonzero(near[:rows]))
        last = rows - 1
        for order in price.orders:
            ahead = min(ahead_of(order), int(bound[last]))
            order.see_queue(ahead - int(units[last]) if ahead < _KNOWN else None)
            order.miss(misses)

    def _traded_at(self, window: Window, limit: int) -> Int64s | None:
        """Return the units of each row that shorten the queue at a price, None if none do."""
        if self._policy != "queue":
            return None
        at = window.ltp == limit
        if not at.any():
            return None
        units: Int64s = (window.traded if self._by_last_quantity else window.growth) * at
        return units


def _queue(
    window: Window, price: Price, traded: Int64s | None, queue: Queue
) -> tuple[Int64s, Int64s]:
    """Return the units traded up to each row, and the bound of the queue after it."""
    shown = window.displayed(price.is_buy, price.limit)
    if window.is_old is not None:
        shown[window.is_old] = UNSEEN
    units = np.zeros_like(shown) if traded is None else traded.cumsum()
    units += queue.traded
    bound = shown + units
    np.minimum.accumulate(bound, out=bound)
    return units, np.minimum(bound, queue.bound, out=bound)


def _windows(columns: RowColumns, book: DepthBook) -> Iterator[Window]:
    """Cut rows into windows, which grow: what stops the search is mostly near."""
    start, size = 0, FIRST_ROWS
    while start < len(columns):
        stop = min(start + size, len(columns))
        yield Window(columns, start, stop, book)
        start, size = stop, min(2 * size, MOST_ROWS)


def _stop_at_taken(window: Window, book: DepthBook, stops: Bools) -> None:
    """Mark the rows at which taken units may return or be forgotten (F2)."""
    for is_bid, taken in ((True, book.taken_bids), (False, book.taken_asks)):
        for price, units in taken.items():
            shown = window.displayed(is_bid, price)
            stops |= (shown < units) | (shown >= UNSEEN)
            stops |= window.grows & (window.ltp == price)


def _show_last(columns: RowColumns, book: DepthBook) -> None:
    """Show the last row to a book, after the last before it that has levels, if it has none."""
    last = len(columns) - 1
    tick = columns.tick(last)
    if book.sized and tick.bids is None:
        for number in range(last - 1, -1, -1):
            with_levels = columns.tick(number)
            if with_levels.bids is not None:
                book.pass_volume(columns.highest_volume(book.volume, number))
                book.take_tick(with_levels)
                break
    book.pass_volume(columns.highest_volume(book.volume, last))
    book.take_tick(tick)
