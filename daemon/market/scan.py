"""The row path: what happens to a tick that does not matter.

See SEMANTICS, "One input, in this order".

This one function defines the cost of a tick. A faster scan over columns must leave the books
in the same state and stop at the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.market.book import Book


def scan(rows: Iterator[tuple[int, int, int, int, int]], books: list[Book], due: int) -> int:
    """Advance the books over rows that neither reach `due` nor a book's levels.

    Returns the first row that does (not yet taken), or -1 when the rows are used up. Two
    comparisons and the segment's high and low: nothing depends on the open positions.
    """
    for row, ts, instrument, ltp, volume in rows:
        book = books[instrument]
        if ts >= due or ltp <= book.below or ltp >= book.above:
            return row
        book.row = row
        if ltp > book.high:
            if book.high < 0:
                book.open = book.low = ltp
            book.high = ltp
        elif ltp < book.low:
            book.low = ltp
        if volume > book.volume:
            if book.volume < 0:
                book.baseline = volume
            book.volume = volume
    return -1
