"""The market of combined levels: last prices from the books, intervals in their triggers."""

from __future__ import annotations

from daemon.execution.quotes import Quotes
from daemon.levels.combined import LastPrice
from daemon.levels.intervals import Interval
from daemon.market.timestamp_end import TimestampEnd


class CombinedMarket:
    """Waiters are numbered from `first` on, by the key of their combined level."""

    def __init__(self, quotes: Quotes, end: TimestampEnd, first: int) -> None:
        self._quotes = quotes
        self._first = first
        self.ask = end.ask

    def last_price(self, index: int) -> LastPrice | None:
        """Return the last price of an instrument, None before its first."""
        quote = self._quotes.quote_of(self._quotes.books[index])
        return None if quote is None else LastPrice(quote.ltp, quote.ts)

    def wait(self, key: int, index: int, until: Interval) -> None:
        """Wake a combined level when a price of the instrument ends an interval."""
        book = self._quotes.books[index]
        book.triggers.set(self._first + key, below=until.below, above=until.above)
        book.arm()

    def forget(self, key: int, index: int) -> None:
        """Wake it for no price of the instrument any more."""
        book = self._quotes.books[index]
        book.triggers.clear(self._first + key)
        book.arm()
