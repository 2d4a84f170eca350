"""Exchange orders that belong to no trade: out to the paper exchange, and their reports in.

Their fills change no trade. What they hold is the ledger's `untraded`, which everything that looks
at the account's risk looks at as well (docs/decisions/0046).
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.domain.exchange_order import ExchangeOrder, Modification, OrderTerms
from daemon.exchange.reports import ExecutionReport
from daemon.execution.changes_in_flight import Asked
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.icebergs import Icebergs
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.untraded_recorder import UntradedRecorder
from daemon.market.book import Book
from daemon.risk.gates import Refusal

Gate = Callable[[OrderTerms], Refusal | None]
"""Why an order that opens something is refused, None to admit it."""
Hears = Callable[[ExchangeOrder, ExecutionReport, Book], None]


class UntradedOrders:
    """Send orders without a trade, and record what happens to them."""

    def __init__(
        self,
        desk: ExchangeDesk,
        recorder: Recorder,
        quotes: Quotes,
        fills: ExchangeFills,
        holdings: UntradedHoldings,
    ) -> None:
        self.holdings = holdings
        self._quotes = quotes
        self._at = desk.at
        self._recorder = recorder
        self._untraded_recorder = UntradedRecorder(recorder)
        self._desk = desk
        self._fills = fills
        self.icebergs = Icebergs(
            desk.agenda, desk.at, lambda terms: self.send(self.next_id(), terms)
        )

    def attach(self, gate: Gate, closes: Hears, resends: Callable[[Book], None]) -> None:
        """Set what is asked before an order is sent, and who hears reports and ticks."""
        self._gate = gate
        self._closes = closes
        self.send_again = resends

    def next_id(self) -> str:
        """Return the id that the next order will have: X-, the day, a number of six digits."""
        assert self._at.date is not None
        day = f"{self._at.date:%Y%m%d}"
        _, last_day, number = (self._recorder.ledger.untraded_id or "--").split("-")
        return f"X-{day}-{int(number) + 1 if last_day == day else 1:06d}"

    def send(self, exchange_id: str, terms: OrderTerms) -> None:
        """Send a new order; it fills at once, waits, rests, or is refused.

        The account's gates are asked here, when it is sent; one that reduces what the account holds
        is not asked.
        """
        book = self._quotes.books[terms.instrument]
        refusal = None if terms.is_exit else self._gate(terms)
        if refusal is not None:
            self.refuse(exchange_id, terms, book.tradingsymbol, refusal)
            return
        self.holdings.note(exchange_id, terms)
        self._desk.send_as(exchange_id, "", terms, book)

    def refuse(
        self, exchange_id: str, terms: OrderTerms, tradingsymbol: str, refusal: Refusal
    ) -> None:
        """Record that an order was refused and not sent."""
        self._untraded_recorder.refused(exchange_id, terms, tradingsymbol, refusal)

    def cancel(self, exchange_id: str, reason: str) -> None:
        """Cancel what works of an order."""
        self._desk.cancel(exchange_id, reason)

    def cancel_one(self, order: ExchangeOrder, reason: str) -> None:
        """Cancel one order, not the other slices of it."""
        self._desk.cancel_one(order.order_id, reason)

    def modify_one(self, order: ExchangeOrder, change: Modification) -> None:
        """Send a modification of one order; it counts for the limits until it is answered."""
        self.holdings.in_flight.reserve(order.order_id, asked_by(order, change))
        self._desk.modify_one(order.order_id, change)

    def refuse_change(self, order: ExchangeOrder, refusal: Refusal) -> None:
        """Record that a modification was refused and not sent."""
        book = self._quotes.books[order.terms.instrument]
        self._untraded_recorder.change_refused(order, book.tradingsymbol, refusal)

    def take(self, order: ExchangeOrder, report: ExecutionReport, book: Book) -> None:
        """Record an execution report of such an order."""
        fill = None
        if report.kind == "filled":
            assert book.instrument is not None
            fill = self._fills.of(book.instrument, order, report, book)
        self._untraded_recorder.moved(order, report, book.tradingsymbol, fill=fill)
        self.holdings.hear(order, report)
        if order.terms.legs:
            self.icebergs.take(order)
        self._closes(order, report, book)


def asked_by(order: ExchangeOrder, change: Modification) -> Asked:
    """Return the quantity and the limit that a modification asks for."""
    quantity = order.quantity if change.quantity is None else change.quantity
    return Asked(quantity, change.price_paise or order.limit_paise)
