"""Over many rows at once: the state that the row path would leave, found by columns (design D5).

Between two due times an instrument's rows touch nothing but its own book, so each instrument is
looked at by itself: if its lowest and highest price do not reach its levels, all its rows are
folded in one step; else up to the first row that does, which the engine takes as always. Rows
that matter are taken in their order over all instruments, so the events are those of the row
path. Without this module the program is slower and its events are the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from daemon.domain.ticks import Int64s
from daemon.market.agenda import Agenda
from daemon.market.book import WATCH_ALL, Book
from daemon.market.intake import Rows
from daemon.market.triggers import NO_LEVEL_ABOVE, NO_LEVEL_BELOW

Take = Callable[[Rows, int], None]


class SortedRows:
    """The rows [start, stop) of a block, sorted once by instrument and then by row.

    It is walked from the front: `places` is where each instrument's next row stands.
    """

    def __init__(self, rows: Rows, start: int, stop: int, books: int) -> None:
        self.rows = rows
        self._books = books
        self._start = start
        instrument = rows.instrument[start:stop]
        self._narrow = instrument.astype(np.uint8 if books <= 256 else np.uint16)
        order = np.argsort(self._narrow, kind="stable")  # a radix sort for such narrow numbers
        self.row: npt.NDArray[np.intp] = order + start
        self.ltp: Int64s = rows.ltp[start:stop][order]
        self.volume: Int64s | None = None
        if rows.volume is not None:
            self.volume = rows.volume[start:stop][order]
        counts = np.bincount(self._narrow, minlength=books)
        self._row = start
        self.places: npt.NDArray[np.intp] = np.cumsum(counts) - counts

    def places_at(self, row: int) -> npt.NDArray[np.intp]:
        """For each instrument, the place of its first row at or after `row`, which is ahead."""
        passed = self._narrow[self._row - self._start : row - self._start]
        return self.places + np.bincount(passed, minlength=self._books)

    def move_to(self, row: int, places: npt.NDArray[np.intp]) -> None:
        """Everything before `row` is done; `places` is `places_at(row)`."""
        self._row = row
        self.places = places


class _Run:
    """One instrument's rows between two due times: places [at, end) of the sorted rows."""

    __slots__ = ("at", "book", "end", "rows")

    def __init__(self, rows: SortedRows, book: Book, at: int, end: int) -> None:
        self.rows = rows
        self.book = book
        self.at = at
        self.end = end

    def stop(self) -> int:
        """The place of the first row that reaches a level of the book, `end` if none does."""
        book = self.book
        below, above = book.below, book.above
        if self.at == self.end or (below == NO_LEVEL_BELOW and above == NO_LEVEL_ABOVE):
            return self.end
        if below == WATCH_ALL:
            return self.at
        prices = self.rows.ltp[self.at : self.end]
        reached = (prices <= below) | (prices >= above)
        first = int(reached.argmax())
        return self.at + first if reached[first] else self.end

    def fold(self, end: int) -> None:
        """Advance the book over the places [at, end)."""
        at = self.at
        self.at = end
        if at == end:
            return
        prices = self.rows.ltp[at:end]
        fold_prices(
            self.book, int(prices[0]), int(prices.max()), int(prices.min()),
            int(self.rows.row[end - 1]),
        )  # fmt: skip
        if self.rows.volume is not None:
            volumes = self.rows.volume[at:end]
            fold_volumes(self.book, volumes, int(volumes.max()))


def fold_prices(book: Book, first: int, high: int, low: int, row: int) -> None:
    """What the scan does to a book over rows with these prices, `row` being the last."""
    book.row = row
    if book.high < 0:
        book.open, book.high, book.low = first, high, low
        return
    if high > book.high:
        book.high = high
    if low < book.low:
        book.low = low


def fold_volumes(book: Book, volumes: Int64s, highest: int) -> None:
    """What the scan does to a book over rows with these cumulative volumes."""
    if highest <= book.volume:
        return
    if book.volume < 0:
        book.baseline = int(volumes[int((volumes >= 0).argmax())])
    book.volume = highest


def fast_forward(
    rows: SortedRows, start: int, stop: int, books: list[Book], agenda: Agenda, take: Take
) -> int:
    """Advance the books over the rows [start, stop), which are all before the next due time.

    Rows that reach a level go to `take`, in order. Returns the row to go on with: `stop`, or an
    earlier one if what was taken has put something on the agenda that is due before.
    """
    if start >= stop:
        return stop
    begin, end = rows.places_at(start), rows.places_at(stop)
    runs = _fold_quiet(rows, begin, end, books)
    heap = [(int(rows.row[place]), number) for number, place in _stops(runs)]
    heapq.heapify(heap)
    last = stop
    while heap and heap[0][0] < stop:
        row, number = heapq.heappop(heap)
        run = runs[number]
        run.fold(_place_of(run, row))
        take(rows.rows, row)
        run.at += 1
        place = run.stop()
        if place < run.end:
            heapq.heappush(heap, (int(rows.row[place]), number))
        stop = rows.rows.first_at(agenda.next_due, row + 1, stop)
    for run in runs.values():
        run.fold(_place_of(run, stop))
    rows.move_to(stop, end if stop == last else rows.places_at(stop))
    return stop


def _stops(runs: dict[int, _Run]) -> list[tuple[int, int]]:
    stops = ((number, run.stop()) for number, run in runs.items())
    return [(number, place) for number, place in stops if place < runs[number].end]


def _place_of(run: _Run, row: int) -> int:
    """The place of the first of the run's remaining rows at or after `row`."""
    rows = run.rows.row[run.at : run.end]
    if len(rows) == 0 or rows[-1] < row:
        return run.end
    return run.at + int(np.searchsorted(rows, row))


def _fold_quiet(
    rows: SortedRows,
    starts: npt.NDArray[np.intp],
    ends: npt.NDArray[np.intp],
    books: list[Book],
) -> dict[int, _Run]:
    """Fold the instruments that reach no level; the runs of the others."""
    present = np.flatnonzero(starts < ends)
    edges = np.empty(2 * len(present), dtype=np.intp)
    edges[0::2], edges[1::2] = starts[present], ends[present]
    inner = edges if edges[-1] < len(rows.ltp) else edges[:-1]
    highs = np.maximum.reduceat(rows.ltp, inner)[0::2].tolist()
    lows = np.minimum.reduceat(rows.ltp, inner)[0::2].tolist()
    volumes = None
    if rows.volume is not None:
        volumes = np.maximum.reduceat(rows.volume, inner)[0::2].tolist()
    firsts = rows.ltp[edges[0::2]].tolist()
    lasts = rows.row[edges[1::2] - 1].tolist()
    runs: dict[int, _Run] = {}
    for at, number in enumerate(present.tolist()):
        book = books[number]
        if lows[at] <= book.below or highs[at] >= book.above:
            runs[number] = _Run(rows, book, int(edges[2 * at]), int(edges[2 * at + 1]))
            continue
        fold_prices(book, firsts[at], highs[at], lows[at], lasts[at])
        if volumes is not None and rows.volume is not None:
            fold_volumes(book, rows.volume[edges[2 * at] : edges[2 * at + 1]], volumes[at])
    return runs
