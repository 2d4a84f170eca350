"""Take many rows at once by column, and leave the state that the row path would leave.

Between two due times an instrument's rows touch nothing but its own book, so instruments are
handled one by one: the highest and lowest price say whether any row reaches a level; if so, the
first such row goes to the engine as usual, in the order of all rows. The other rows are folded into
their book at the end, or when the book is asked for. Without this module the program would be
slower, with the same events.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

import msgspec
import numpy as np

from daemon.domain.grouping import Places, group
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.tick_view import TickView
from daemon.domain.ticks import Int64s
from daemon.market.agenda import NEVER, Agenda
from daemon.market.book import WATCH_ALL, Book, take_quotes
from daemon.market.rows import Rows, RowSeries
from daemon.market.unwatched import Unwatched

WatchedRow = tuple[int, int, TickView]
"""(row, ts, the tick as a strategy sees it)."""
Take = Callable[[Rows, int], None]


class Stretch:
    """Sort the rows [start, stop) of a block, all before the next due time, by instrument.

    Only those `of` books that are watched, where some are not.
    `row` is the row in work: those before it have happened when a book is asked for.
    `asked` are the parts whose books were asked for since the row in work began.
    """

    __slots__ = (
        "_order", "asked", "ltp", "parts", "row", "rows", "stop", "volume", "watched",
    )  # fmt: skip

    def __init__(
        self, rows: Rows, start: int, stop: int, books: list[Book], of: Places | None = None
    ) -> None:
        self.rows = rows
        self.row = start - 1
        self.stop = stop
        self.asked: list[InstrumentRows] = []
        if of is None:
            order, edges = group(rows.instrument[start:stop], len(books))
            order += start
        else:
            order, edges = group(rows.instrument[of], len(books))
            order = of[order]
        self._order = order
        self.ltp: Int64s = rows.ltp.take(order)
        self.volume = None if rows.volume is None else rows.volume.take(order)
        self.parts: list[InstrumentRows] = []
        self.watched: list[Places] = []
        """The rows of each instrument whose every tick a strategy wants."""
        self._split(edges, books)

    def series(self, start: int, end: int) -> RowSeries:
        """Return the rows that stand at the places [start, end)."""
        volume = None if self.volume is None else self.volume[start:end]
        return RowSeries(self.rows, self._order[start:end], self.ltp[start:end], volume)

    def row_at(self, place: int) -> int:
        """Return the row that stands at a place; places go instrument after instrument."""
        return int(self._order[place])

    def begin_row(self, row: int) -> None:
        """Take a row into work."""
        self.row = row

    def place_of(self, row: int, start: int, end: int) -> int:
        """Return the first of an instrument's places [start, end) with a row at or after `row`."""
        return start + int(self._order[start:end].searchsorted(row))

    def _split(self, edges: Places, books: list[Book]) -> None:
        """Make one part for each instrument that has rows here."""
        present = np.flatnonzero(edges[1:] > edges[:-1])
        starts = edges[present]
        highs = np.maximum.reduceat(self.ltp, starts).tolist()
        lows = np.minimum.reduceat(self.ltp, starts).tolist()
        totals = [-1] * len(present)
        if self.volume is not None:
            totals = np.maximum.reduceat(self.volume, starts).tolist()
        at = starts.tolist()
        for number, start, end, high, low, total in zip(
            present.tolist(), at, [*at[1:], len(self.ltp)], highs, lows, totals, strict=True
        ):
            book = books[number]
            part = InstrumentRows(self, book, start, start, end, high, low, total)
            book.follow(part)
            self.parts.append(part)
            if book.tick_watchers:
                self.watched.append(self._order[start:end])

    def watched_rows(self, books: list[Book]) -> Iterator[WatchedRow]:
        """Return the rows of instruments whose every tick is wanted, in their order."""
        watched = self.watched
        at = watched[0] if len(watched) == 1 else np.sort(np.concatenate(watched))
        rows, ts = self.rows, self.rows.ts[at].tolist()
        symbols = [each.tradingsymbol for each in books]
        ticks = map(
            TickView,
            map(symbols.__getitem__, rows.instrument[at].tolist()),
            ts,
            (rows.ltp[at] / PAISE_PER_RUPEE).tolist(),
            _side(rows.bid, at),
            _side(rows.ask, at),
        )
        return zip(at.tolist(), ts, ticks, strict=False)

    def leave(self, stop: int) -> None:
        """End the stretch at the row `stop`; the books follow up to it, quotes included."""
        behind: list[Book] = []
        for part in self.parts:
            book = part.book
            book.follow(None)
            part.fold(part.end if stop == self.stop else part.place_of(stop))
            if book.row >= 0:
                behind.append(book)
        self.parts.clear()  # they refer to this stretch: its columns are freed now, not collected
        take_quotes(behind, self.rows)


class InstrumentRows(msgspec.Struct, eq=False):
    """One instrument's rows in a stretch; those at the places [at, end) are not in its book yet.

    `next_row` is the first row that reaches a level of the book, -1 if none does. High, low and
    total (the highest cumulative volume) are those of all its rows. A Struct, because there is one
    for each instrument and stretch, and a Struct is made in a third of the time.
    """

    stretch: Stretch
    book: Book
    start: int
    at: int
    end: int
    high: int
    low: int
    total: int
    next_row: int = -1

    def look_ahead(self) -> bool:
        """Return whether a remaining row reaches a level of the book; find the first."""
        at = self._first_at_level()
        if self.book.skipper is not None and self.at < at:
            at = self.at + self.book.skipper.count_quiet(self.stretch.series(self.at, at))
        self.next_row = self.stretch.row_at(at) if at < self.end else -1
        return at < self.end

    def _first_at_level(self) -> int:
        """Return the place of the first remaining row that reaches a level, `end` if none does."""
        below, above = self.book.floor, self.book.above
        at, end = self.at, self.end
        if at == end or (self.low > below and self.high < above):
            return end
        if below == WATCH_ALL:
            return at
        prices = self.stretch.ltp[at:end]
        reached = (prices <= below) | (prices >= above)
        first = int(reached.argmax())
        return at + first if reached[first] else end

    def place_of(self, row: int) -> int:
        """Return the place of the first remaining row at or after `row`."""
        return self.stretch.place_of(row, self.at, self.end)

    def catch_up(self, book: Book) -> None:
        """Bring the book, which is asked for, up to the row in work.

        If that row is the book's own, its quote is known already; its price joins the others later.
        """
        stretch = self.stretch
        if self not in stretch.asked:
            stretch.asked.append(self)
            self.fold(self.place_of(stretch.row))
            if stretch.rows.instrument[stretch.row] == book.index:
                book.point_at(stretch.row)

    def pass_row(self) -> None:
        """Skip the row in work, the next of these rows: it is in the book."""
        self.at += 1

    def fold(self, end: int) -> None:
        """Advance the book over the places [at, end) as the scan does."""
        at = self.at
        if at == end:
            return
        self.at = end
        book, stretch = self.book, self.stretch
        if book.skipper is not None:
            book.skipper.take_quiet(stretch.series(at, end))
        high, low, total = self.high, self.low, self.total
        if at != self.start or end != self.end:
            prices = stretch.ltp[at:end]
            high, low = int(np.maximum.reduce(prices)), int(np.minimum.reduce(prices))
            if stretch.volume is not None:
                total = int(np.maximum.reduce(stretch.volume[at:end]))
        book.take_rows(stretch.row_at(end - 1), first=int(stretch.ltp[at]), high=high, low=low)
        if total > book.volume:
            first = -1
            if book.volume < 0:
                assert stretch.volume is not None
                volumes = stretch.volume[at:end]
                first = int(volumes[int((volumes >= 0).argmax())])
            book.take_volume(total, first)


def fast_forward(
    rows: Rows,
    start: int,
    stop: int,
    books: list[Book],
    agenda: Agenda,
    take: Take,
    tell: Tell,
    unwatched: Unwatched | None = None,
) -> int:
    """Advance the books over the rows [start, stop), which are all before the next due time.

    Rows that reach a level go to `take`, in their order over all instruments. If there are
    instruments whose every tick a strategy wants, `tell` walks over their rows. Return the row to
    continue with: `stop`, or an earlier one if what was taken has put something on the agenda that
    is due before, or has made a book watched that was `unwatched`.
    """
    of = None if unwatched is None else unwatched.rows_between(start, stop)
    stretch = Stretch(rows, start, stop, books, of)
    stops = Stops(stretch, agenda, take, unwatched)
    if stretch.watched:
        tell(stretch, stops)
    stops.take_before(stop)
    stretch.leave(stops.end)
    return stops.end


class Stops:
    """The rows of a stretch that reach a level, in their order.

    `nearest` is the first of them that is left, NEVER if none is; `end` is where the stretch
    ends, which what is taken may bring nearer.
    """

    __slots__ = (
        "_agenda", "_heap", "_parts", "_stretch", "_take", "_unwatched", "due", "end", "nearest",
    )  # fmt: skip

    def __init__(
        self, stretch: Stretch, agenda: Agenda, take: Take, unwatched: Unwatched | None
    ) -> None:
        self._stretch = stretch
        self._unwatched = unwatched
        self._agenda = agenda
        self._take = take
        self._parts = {part.next_row: part for part in stretch.parts if part.look_ahead()}
        self._heap = sorted(self._parts)
        self.end = stretch.stop
        self.due = agenda.next_due
        self.nearest = self._heap[0] if self._heap else NEVER

    @property
    def until(self) -> int:
        """Return the first row that must not be passed over: the nearest stop, or the end."""
        return min(self.nearest, self.end)

    def take_before(self, row: int) -> None:
        """Take the stops before `row`, unless the stretch ends earlier."""
        stretch = self._stretch
        while self.nearest < min(row, self.end):
            first = heapq.heappop(self._heap)
            part = self._parts.pop(first, None)
            if part is not None and part.next_row == first:  # else its levels have moved since
                stretch.begin_row(first)
                part.catch_up(part.book)
                self._take(stretch.rows, first)
                part.pass_row()
            self.look_again()

    def look_again(self) -> None:
        """Look ahead where books were asked for: their levels may have moved."""
        stretch = self._stretch
        for part in stretch.asked:
            if part.look_ahead():
                self._parts[part.next_row] = part
                heapq.heappush(self._heap, part.next_row)
        stretch.asked.clear()
        if self._agenda.next_due != self.due:
            self.due = self._agenda.next_due
            self.end = stretch.rows.first_at(self.due, stretch.row + 1, self.end)
        if self._unwatched is not None and self._unwatched.has_changed:
            self.end = min(stretch.row + 1, self.end)
        self.nearest = self._heap[0] if self._heap else NEVER


Tell = Callable[[Stretch, Stops], None]


def _side(column: Int64s | None, at: Places) -> Iterable[float | None]:
    """Return bids or asks in rupees, None for an absent one."""
    if column is None:
        return repeat(None)
    paise = column[at]
    prices: list[float | None] = (paise / PAISE_PER_RUPEE).tolist()
    if paise.min() == 0:
        return [each or None for each in prices]
    return prices
