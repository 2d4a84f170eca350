"""Exchange orders that belong to no trade: out to the paper exchange, and their reports in.

Their fills change no trade and no position of the ledger; the books of `daemon/broker` hold them.
"""

from __future__ import annotations

from daemon.domain.exchange_order import ExchangeOrder, OrderTerms
from daemon.exchange.reports import ExecutionReport
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.market.book import Book


class UntradedOrders:
    """Send orders without a trade, and record what happens to them."""

    def __init__(
        self, desk: ExchangeDesk, recorder: Recorder, quotes: Quotes, fills: ExchangeFills
    ) -> None:
        self._quotes = quotes
        self._at = desk.at
        self._recorder = recorder
        self._desk = desk
        self._fills = fills

    def next_id(self) -> str:
        """Return the id that the next order will have: X-, the day, a number of six digits."""
        assert self._at.date is not None
        day = f"{self._at.date:%Y%m%d}"
        _, last_day, number = (self._recorder.ledger.untraded_id or "--").split("-")
        return f"X-{day}-{int(number) + 1 if last_day == day else 1:06d}"

    def send(self, exchange_id: str, terms: OrderTerms) -> None:
        """Send a new order; it fills at once, waits, rests, or is refused."""
        self._desk.send_as(exchange_id, "", terms, self._quotes.books[terms.instrument])

    def take(self, order: ExchangeOrder, report: ExecutionReport, book: Book) -> None:
        """Record an execution report of such an order."""
        fill = None
        if report.kind == "filled":
            assert book.instrument is not None
            fill = self._fills.of(book.instrument, order, report, book)
        self._recorder.untraded_moved(order, report, book.tradingsymbol, fill=fill)
