"""The books of a block that nothing goes by: no bar, level, order, position or strategy.

All that is left of their rows is the last quote. So their rows are passed over, and a quote is
looked up when it is asked for, else at the end of the block. A book that comes to be watched in
the middle of a block is taken with the others from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from daemon.domain.grouping import Places, group
from daemon.market.book import Book, take_quotes
from daemon.market.rows import Rows

ROWS_EACH: Final = 8
"""Blocks with fewer rows for each book are not worth it: each book is looked at twice a block."""
SHARE_MIN: Final = 0.5
"""Nor is it where more of them are watched: their rows are found in two passes over all rows."""


class RowInWork(Protocol):
    """Know the row in work; a `Stretch` does."""

    @property
    def row(self) -> int:
        """Return the row: those before it have happened."""


class Unwatched:
    """Keep the rows of a block that are watched apart from those that are not.

    `has_changed` is set when a book has come to be watched: `rows_between` may have more rows then.
    """

    __slots__ = (
        "_books", "_edges", "_left", "_order", "_row", "_rows", "_walk", "_watched", "books",
        "has_changed",
    )  # fmt: skip

    def __init__(self, rows: Rows, books: Sequence[Book], left: Sequence[Book]) -> None:
        """Let the books in `left` be; the last of `books` is the idle one, never looked at."""
        self._row = 0
        self._walk: RowInWork | None = None
        self.has_changed = True
        self.books = len(books)
        """How many are watched, at most."""
        self._rows = rows
        self._books = books
        self._left = dict.fromkeys(book.index for book in left)
        self._order, self._edges = group(rows.instrument, len(books))
        self._watched: Places = np.empty(0, dtype=np.intp)
        for book in left:
            book.pass_over(self)

    @classmethod
    def of(cls, rows: Rows, books: Sequence[Book]) -> Unwatched | None:
        """Return the unwatched books of a block; None if they are few, or the block is short."""
        if len(rows) < ROWS_EACH * len(books):
            return None
        left = [book for book in books[:-1] if not book.is_watched]
        return cls(rows, books, left) if len(left) > SHARE_MIN * len(books) else None

    def reach(self, row: int) -> None:
        """Take a row into work: those before it have happened."""
        self._row = row

    def follow(self, walk: RowInWork | None) -> None:
        """Take the row in work from a walk over rows; None ends that."""
        self._walk = walk

    def catch_up(self, book: Book) -> None:
        """Point a book to its last row before the one in work, unless it is there already."""
        row = self._last_before(book.index, self._row if self._walk is None else self._walk.row)
        if row > book.row and self._rows.input_no(row) > book.input_no:
            book.point_at(row)

    def watch(self, book: Book) -> None:
        """Take a book's rows with the others from the row in work on."""
        book.catch_up(self._rows)
        book.pass_over(None)
        del self._left[book.index]
        self.has_changed = True

    def rows_between(self, start: int, stop: int) -> Places:
        """Return the rows of [start, stop) whose books are watched, in their order."""
        if self.has_changed:
            self._find_watched()
        first, last = self._watched.searchsorted((start, stop)).tolist()
        return self._watched[first:last]

    def end(self) -> None:
        """Bring the books that are still unwatched to the end of the block."""
        edges = self._edges
        present = np.flatnonzero(edges[1:] > edges[:-1])
        last = dict(
            zip(present.tolist(), self._order[edges[present + 1] - 1].tolist(), strict=True)
        )
        behind: list[Book] = []
        for index in self._left:
            book = self._books[index]
            book.pass_over(None)
            if index in last:
                book.point_at(last[index])
                behind.append(book)
        take_quotes(behind, self._rows)

    def _last_before(self, index: int, row: int) -> int:
        own = self._order[self._edges[index] : self._edges[index + 1]]
        place = int(own.searchsorted(row))
        return int(own[place - 1]) if place else -1

    def _find_watched(self) -> None:
        is_watched = np.ones(len(self._books), dtype=np.bool_)
        is_watched[[*self._left, -1]] = False
        self.books = len(self._books) - 1 - len(self._left)
        self._watched = np.flatnonzero(is_watched[self._rows.instrument])
        self.has_changed = False
