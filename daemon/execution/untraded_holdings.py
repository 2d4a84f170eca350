"""What orders without a trade hold and may still fill, as gates, margin and limits ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.exchange_order import OrderTerms
from daemon.domain.ledger import Ledger
from daemon.domain.untraded import UntradedPosition
from daemon.exchange.paper_exchange import PaperExchange
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.quotes import Quotes


class WorkingUntraded(NamedTuple):
    """An order without a trade that is not over, and the units of it that may still fill."""

    exchange_id: str
    terms: OrderTerms
    left: int


class UntradedHoldings:
    """Answer from the ledger and the exchange; nothing is kept here but which orders work."""

    def __init__(self, desk: ExchangeDesk, ledger: Ledger, quotes: Quotes) -> None:
        self._exchange = desk.exchange
        self._ledger = ledger
        self._quotes = quotes
        self._sent: dict[str, OrderTerms] = {}

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
            left = _left(self._exchange, exchange_id, terms)
            yield WorkingUntraded(exchange_id, terms, left)

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
