"""The best and the worst price that each open position has seen."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.events import Excursion
from daemon.domain.position import Position
from daemon.execution.quotes import Quotes
from daemon.market.book import Book


class Excursions:
    """Remember where each position began in the extremes of its book (market/extremes.py)."""

    def __init__(self, quotes: Quotes, seen_before: Mapping[str, tuple[int, int]]) -> None:
        self._marks: list[dict[int, tuple[int, int]]] = [{} for _ in quotes.books]
        """By book: position number -> (its first segment, the ltp that it began with)."""
        self._seen_before = dict(seen_before)
        """The highest and the lowest ltp by order id, from before this engine resumed."""

    def begin(self, position: Position, book: Book, *, ltp: int, input_no: int) -> None:
        """Begin with `ltp`; the tick in work counts if it is input `input_no`, earlier ones not."""
        self._marks[book.index][position.number] = (book.mark(input_no), ltp)

    def end(self, position: Position, book: Book) -> None:
        """Drop a position that has closed."""
        marks = self._marks[book.index]
        marks.pop(position.number, None)
        if not marks:
            book.extremes.forget()
        self._seen_before.pop(position.order_id, None)

    def begin_mark(self, mark: int, book: Book) -> None:
        """Begin after the last tick, for no position, under a number below 0."""
        self._marks[book.index][mark] = (book.mark(-1), 0)

    def since_mark(self, mark: int, book: Book, ltp: int) -> tuple[int, int]:
        """Return the highest and the lowest of `ltp` and all prices since a mark, paise."""
        segment, _ = self._marks[book.index][mark]
        return book.extremes_since(segment, ltp)

    def end_mark(self, mark: int, book: Book) -> None:
        """Drop a mark."""
        marks = self._marks[book.index]
        marks.pop(mark, None)
        if not marks:
            book.extremes.forget()

    def is_held(self, book: Book) -> bool:
        """Return whether the instrument has an open position."""
        return bool(self._marks[book.index])

    def extremes(self, position: Position, book: Book) -> tuple[int, int]:
        """Return the highest and the lowest ltp since the position's entry, paise.

        Only when the quote is up to date.
        """
        segment, ltp = self._marks[book.index][position.number]
        high, low = book.extremes_since(segment, ltp)
        highest, lowest = self._seen_before.get(position.order_id, (high, low))
        return max(high, highest), min(low, lowest)

    def of(self, position: Position, book: Book) -> Excursion:
        """Return the best and the worst ltp, seen from the position's side."""
        high, low = self.extremes(position, book)
        best, worst = (high, low) if position.sign > 0 else (low, high)
        return Excursion(best_paise=best, worst_paise=worst)
