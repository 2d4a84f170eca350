"""What orders without a trade hold and may still fill, as gates, margin and limits ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.exchange_order import ExchangeOrder, OrderTerms
from daemon.domain.ledger import Ledger
from daemon.domain.order_kind import PRICED_KINDS
from daemon.domain.untraded import UntradedPosition
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.reports import ExecutionReport
from daemon.execution.changes_in_flight import Asked, ChangesInFlight
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.quotes import Quotes


class WorkingUntraded(NamedTuple):
    """An order without a trade that is not over, and the units of it that may still fill.

    `limit_paise` is the limit that it has, 0 for a MARKET. A modification on its way counts as if
    it had acted, where that is more.
    """

    exchange_id: str
    terms: OrderTerms
    left: int
    limit_paise: int


class UntradedHoldings:
    """Answer from the ledger and the exchange; nothing is kept here but which orders work."""

    def __init__(self, desk: ExchangeDesk, ledger: Ledger, quotes: Quotes) -> None:
        self._exchange = desk.exchange
        self._ledger = ledger
        self._quotes = quotes
        self._sent: dict[str, OrderTerms] = {}
        self.in_flight = ChangesInFlight()

    def note(self, exchange_id: str, terms: OrderTerms) -> None:
        """Remember an order that was sent."""
        self._sent[exchange_id] = terms

    def positions(self) -> list[UntradedPosition]:
        """Return the open positions, by name: a start may know no other order."""
        return [each for _, each in sorted(self._ledger.untraded.positions.items())]

    def index_of(self, position: UntradedPosition) -> int | None:
        """Return the instrument of a position, None if its contract has left the universe."""
        book = self._quotes.find(position.tradingsymbol)
        return None if book is None else book.index

    def working(self) -> Iterator[WorkingUntraded]:
        """Yield the orders that are not over, those that close a position too."""
        for exchange_id, terms in list(self._sent.items()):
            if not self._exchange.works(exchange_id):
                del self._sent[exchange_id]
                continue
            yield self._working(exchange_id, terms)

    def _working(self, exchange_id: str, terms: OrderTerms) -> WorkingUntraded:
        left, limit = _left(self._exchange, exchange_id, terms), 0
        for order in self._exchange.orders_of(exchange_id):
            if not order.is_over:
                now = Asked(order.quantity, order.limit_paise)
                most = self.in_flight.most(order.order_id, now)
                left += most.quantity - order.quantity
                limit = max(limit, most.limit_paise if order.kind in PRICED_KINDS else 0)
        return WorkingUntraded(exchange_id, terms, left, limit or terms.price_paise)

    def hear(self, order: ExchangeOrder, report: ExecutionReport) -> None:
        """Forget the modifications of an order that were answered, or that is over."""
        if order.is_over:
            self.in_flight.forget(order.order_id)
        elif report.kind in ("modified", "modify_refused"):
            self.in_flight.answered(order.order_id)

    def opening(self) -> Iterator[WorkingUntraded]:
        """Yield the orders that work and close nothing by themselves."""
        return (each for each in self.working() if not each.terms.is_exit)

    def is_empty(self) -> bool:
        """Return whether nothing is held and nothing works."""
        return not self._ledger.untraded.positions and next(self.working(), None) is None

    def reduces(self, terms: OrderTerms) -> bool:
        """Return whether an order makes what the account holds of its contract smaller.

        That is the net quantity of its product, of trades too, less what other orders on its side
        may still take of it.
        """
        sign = 1 if terms.side == "BUY" else -1
        others = sum(
            each.left
            for each in self.working()
            if (each.terms.instrument, each.terms.product, each.terms.side)
            == (terms.instrument, terms.product, terms.side)
        )
        return terms.quantity <= -sign * self._net(terms.instrument, terms.product) - others

    def unrealized_paise(self) -> int:
        """Return what closing everything at the last prices would add, gross."""
        total = 0
        for position in self.positions():
            book = self._quotes.find(position.tradingsymbol)
            quote = None if book is None else self._quotes.quote_of(book)
            total += 0 if quote is None else position.cost.result_paise(quote.ltp)
        return total

    def _net(self, instrument: int, product: str) -> int:
        symbol = self._quotes.books[instrument].tradingsymbol
        key = (symbol, product)
        own = sum(
            each.quantity
            for each in self._ledger.untraded.positions.values()
            if (each.tradingsymbol, each.product) == key
        )
        return own + sum(
            each.sign * each.quantity
            for each in self._ledger.positions.values()
            if (each.tradingsymbol, each.product) == key
        )


def _left(exchange: PaperExchange, root: str, terms: OrderTerms) -> int:
    """Return what an order or its slices, those that were not sent yet too, may still fill."""
    if root in exchange.orders:
        return sum(each.pending for each in exchange.orders_of(root) if not each.is_over)
    gone = (each.quantity if each.is_over else each.filled for each in exchange.orders_of(root))
    return terms.quantity - sum(gone)
