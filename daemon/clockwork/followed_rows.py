"""Take the rows of a block where another engine has sorted them: a follower's row path.

A follower makes no candles, so a row concerns it only if something is due by then or if the row
reaches a level. From such a row it goes to the next one, over all instruments and across the times
that things are due at; the books follow when they are asked for, and at the end of the block. It
leaves what the row path would leave.
"""

from __future__ import annotations

import heapq
from typing import Final

import msgspec
import numpy as np

from daemon.clockwork.rows import RowPath
from daemon.execution.context import Strategies
from daemon.market.agenda import NEVER, Agenda
from daemon.market.book import WATCH_ALL, Book, take_quotes
from daemon.market.rows import Rows
from daemon.market.shared_market import GroupedRows, SharedMarket

FEW_ROWS: Final = 128
"""Blocks shorter than this go row by row."""
AHEAD_ROWS: Final = 1_024
"""Rows that are shown to the exchange at once: it looks at each of them."""


class FollowedRows:
    """Take the rows of a block in order, of which most concern nothing."""

    def __init__(
        self,
        plain: RowPath,
        market: SharedMarket,
        books: list[Book],
        agenda: Agenda,
        strategies: Strategies,
    ) -> None:
        self._plain = plain
        self._market = market
        self._books = books
        self._agenda = agenda
        self._is_watched = bool(strategies.tick_instruments)
        self.expect_gap_ticks = plain.expect_gap_ticks

    def take(self, rows: Rows) -> None:
        """Take all rows of a block that has begun (`Moment.begin_rows`), and end it."""
        assert rows.walk is None  # which extreme comes first depends on one's own positions
        if self._is_watched or len(rows) < FEW_ROWS:
            self._plain.take(rows)
            return
        block = BlockInWork(self._market.by_instrument(rows), self._books)
        gaps = sorted(rows.gaps, reverse=True)
        agenda, due, due_row, count = self._agenda, -1, 0, len(rows)
        while True:
            if agenda.next_due != due:
                due = agenda.next_due
                due_row = rows.first_at(due, block.row + 1, count)
            row = min(due_row, block.nearest, gaps[-1] if gaps else count)
            if row >= count:
                break
            if gaps and row == gaps[-1]:
                gaps.pop()
            block.begin_row(row)
            if row == due_row:
                due = -1  # what is still due then is due at the next row
                block.show_rows()
            self._plain.take_row(rows, row, is_special=True)  # it may be late for its candle
            block.pass_row(int(rows.instrument[row]))
            block.look_again()
        block.leave()
        self._plain.end(rows)


class BlockInWork:
    """A block on its way through a follower. `row` is the row in work, -1 before the first.

    `asked` are the parts whose books were asked for, or whose levels moved, at the row in work.
    `nearest` is the next row that reaches a level, NEVER without one.
    """

    __slots__ = ("_heap", "_parts", "_shown", "asked", "grouped", "nearest", "row")

    def __init__(self, grouped: GroupedRows, books: list[Book]) -> None:
        self.grouped = grouped
        self.row = -1
        self.asked: list[FollowedPart] = []
        self._parts: dict[int, FollowedPart] = {}
        self._shown: dict[int, FollowedPart] = {}
        """The parts whose rows are shown to the exchange."""
        self._heap: list[tuple[int, int]] = []
        for index, start, end, high, low in zip(
            grouped.present, grouped.starts, grouped.ends, grouped.highs, grouped.lows, strict=True
        ):
            book = books[index]
            part = self._parts[index] = FollowedPart(self, book, start, end, high, low)
            book.follow(part, part.levels_moved)
            if book.floor >= low or book.above <= high or book.skipper is not None:
                self._look_ahead(part)
        self.nearest = self._heap[0][0] if self._heap else NEVER

    def begin_row(self, row: int) -> None:
        """Take a row into work."""
        self.row = row

    def pass_row(self, index: int) -> None:
        """Leave the row in work behind, which its book has taken."""
        self._parts[index].pass_row()

    def show_rows(self) -> None:
        """Show the exchange its rows up to the row in work, before it does what is due.

        That may change which of the next rows it can do without, so these are looked at again.
        """
        for part in self._shown.values():
            part.catch_up(part.book)

    def look_again(self) -> None:
        """Look ahead where books were asked for: their levels may have moved."""
        for part in self.asked:
            self._look_ahead(part)
        self.asked.clear()
        heap, parts = self._heap, self._parts
        while heap and parts[heap[0][1]].next_row != heap[0][0]:
            heapq.heappop(heap)
        self.nearest = heap[0][0] if heap else NEVER

    def _look_ahead(self, part: FollowedPart) -> None:
        before, index = part.next_row, part.book.index
        part.look_ahead()
        if part.book.skipper is not None:
            self._shown[index] = part
        elif self._shown:
            self._shown.pop(index, None)
        if part.next_row not in (before, NEVER):
            heapq.heappush(self._heap, (part.next_row, index))

    def leave(self) -> None:
        """End the block: the books follow to its end, quotes included."""
        behind: list[Book] = []
        for part in self._parts.values():
            part.fold(part.end)
            book = part.book
            book.follow(None)
            if book.row >= 0:
                behind.append(book)
        for parts in (self._shown, self._parts, self.asked):
            parts.clear()  # they refer to this block: it is freed now, not collected
        take_quotes(behind, self.grouped.rows)


class FollowedPart(msgspec.Struct, eq=False):
    """One instrument's rows in a block; those at the places [at, end) are not in its book yet.

    `high` and `low` are those of all its rows. `next_row` is the next one that reaches a level, as
    far as levels are those that it was `searched` for; NEVER if none does.
    """

    block: BlockInWork
    book: Book
    at: int
    end: int
    high: int
    low: int
    next_row: int = NEVER
    searched: tuple[int, int] = (0, 0)
    folded_row: int = -1
    is_asked: bool = False

    def catch_up(self, book: Book) -> None:
        """Bring the book, which is asked for, up to the row in work."""
        row = self.block.row
        if self.folded_row == row:
            return
        self.folded_row = row
        self.levels_moved()
        self.fold(self.block.grouped.place_of(row, self.at, self.end))

    def levels_moved(self) -> None:
        """Look ahead again when the row in work is done."""
        if not self.is_asked:
            self.is_asked = True
            self.block.asked.append(self)

    def pass_row(self) -> None:
        """Skip the row in work: it is in the book, unless it was outside its session."""
        if self.book.instrument is not None:
            self.at += 1
            self.levels_moved()

    def look_ahead(self) -> None:
        """Find the next row that reaches a level of the book, after the row in work."""
        self.is_asked = False
        book, grouped, row = self.book, self.block.grouped, self.block.row
        levels = book.floor, book.above
        if book.skipper is None and levels == self.searched and self.next_row > row:
            return
        self.searched = levels
        at = self.at if row < 0 else grouped.place_of(row + 1, self.at, self.end)
        place = self._first_at_level(at)
        if book.skipper is not None and at < place:
            self.fold(at)
            place = at + book.skipper.count_quiet(grouped.series(at, min(place, at + AHEAD_ROWS)))
        self.next_row = grouped.row_at(place) if place < self.end else NEVER

    def _first_at_level(self, at: int) -> int:
        """Return the first place from `at` on that reaches a level, `end` if none does."""
        below, above = self.searched
        end = self.end
        if at == end or (self.low > below and self.high < above):
            return end
        if below == WATCH_ALL:
            return at
        prices = self.block.grouped.ltp[at:end]
        reached = (prices <= below) | (prices >= above)
        first = int(reached.argmax())
        return at + first if reached[first] else end

    def fold(self, end: int) -> None:
        """Advance the book over the places [at, end) as the scan does."""
        at = self.at
        if at == end:
            return
        self.at = end
        book, grouped = self.book, self.block.grouped
        if book.skipper is not None:
            book.skipper.take_quiet(grouped.series(at, end))
        last = grouped.row_at(end - 1)
        if book.extremes.wanted:
            prices = grouped.ltp[at:end]
            high, low = int(np.maximum.reduce(prices)), int(np.minimum.reduce(prices))
            book.take_rows(last, first=int(prices[0]), high=high, low=low)
        else:
            book.point_at(last)
        if grouped.volumes is not None:
            book.take_volume(int(grouped.volumes[end - 1]))
