"""The books of all instruments, and which of their quotes an order may fill on."""

from __future__ import annotations

import datetime as dt
from typing import Final

from daemon.domain.dates import ist_date, ist_ns
from daemon.domain.instrument import Universe
from daemon.market.book import Book, Quote
from daemon.market.moment import Moment
from daemon.market.schedule import Schedule
from daemon.settings.config import ExecutionConfig

USUAL_CLOSE: Final = dt.time(15, 30)
"""The close on an expiry date that the calendar knows no session of."""


class Quotes:
    """Find books, keep them up to date with the rows in work, check the age of quotes.

    `books` has one book for each instrument, in their order, and the idle book at the end.
    """

    def __init__(
        self, config: ExecutionConfig, universe: Universe, schedule: Schedule, at: Moment
    ) -> None:
        self.books = [Book(index, instrument) for index, instrument in enumerate(universe)]
        self.books.append(Book(len(universe), None))
        self.universe = universe
        self.stale_values = 0
        """Decisions by a result that was valued at a price too old to fill on."""
        self.schedule = schedule
        self._at = at
        self._stale_after_ns = config.stale_after_ns
        self._max_age_ns = config.quote_max_age_ns

    def index_of(self, tradingsymbol: str) -> int:
        """Return the index of a symbol of the universe."""
        index = self.universe.index_of(tradingsymbol)
        assert index is not None, tradingsymbol
        return index

    def book_of(self, tradingsymbol: str) -> Book:
        """Return the book of a symbol of the universe."""
        return self.books[self.index_of(tradingsymbol)]

    def find(self, tradingsymbol: str) -> Book | None:
        """Return the book of a symbol, None if it is not in the universe."""
        index = self.universe.index_of(tradingsymbol)
        return None if index is None else self.books[index]

    def quote_of(self, book: Book) -> Quote | None:
        """Return the last quote of a book, up to date with the rows in work."""
        rows = self._at.rows
        if rows is not None:
            book.catch_up(rows)
        return book.quote()

    def fresh_quote(self, book: Book) -> Quote | None:
        """Return the quote if an order may fill on it now (SEMANTICS, "Fills"), else None."""
        quote = self.quote_of(book)
        at = self._at
        open_ts, close_ts = self.session(book)
        if quote is None or not open_ts <= at.now < close_ts:
            return None
        if quote.ts < at.resumed_ts or quote.input_no < book.fresh_from_no:
            return None
        if at.now - at.feed_last > self._stale_after_ns or at.now - quote.ts > self._max_age_ns:
            return None
        return quote

    def count_value(self, age_ns: int) -> None:
        """Count what was decided by a result whose oldest price has an age (P40)."""
        self.stale_values += age_ns > self._max_age_ns

    def session(self, book: Book) -> tuple[int, int]:
        """Return the instrument's session on today's date, which may be ahead of what is due."""
        now = self._at.now
        if book.open_ts <= now < book.close_ts:  # nearly always
            return book.open_ts, book.close_ts
        return self.schedule.span(book.index, ist_date(now))

    def close_at_expiry(self, index: int) -> int:
        """Return the end of a contract's last session, UTC ns."""
        date = dt.date.fromisoformat(self.universe[index].expiry)
        _, close_ts = self.schedule.span(index, date)
        return close_ts or ist_ns(date, USUAL_CLOSE)
