"""The engine as strategies may ask it."""

from __future__ import annotations

from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.exchange.waiting import WaitingFills
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.market.moment import Moment


class Desk:
    """Answer strategies. Prices in paise, times in UTC ns; an instrument is its index."""

    def __init__(
        self,
        universe: Universe,
        ledger: Ledger,
        at: Moment,
        quotes: Quotes,
        holdings: Holdings,
        waiting: WaitingFills,
    ) -> None:
        self._universe = universe
        self._ledger = ledger
        self._at = at
        self._quotes = quotes
        self._holdings = holdings
        self._waiting = waiting

    @property
    def now(self) -> int:
        """Return the engine's time."""
        return self._at.now

    def ltp_paise(self, index: int) -> int | None:
        """Return the last price of an instrument, None before its first tick."""
        quotes = self._quotes
        quote = quotes.quote_of(quotes.books[index])
        return None if quote is None else quote.ltp

    def position(self, strategy_id: str, symbol: str) -> int:
        """Return a strategy's signed open quantity of a symbol."""
        index = self._universe.index_of(symbol)
        return 0 if index is None else self._holdings.quantity(index, strategy_id)

    def waiting(self, strategy_id: str, symbol: str) -> int:
        """Return how many of a strategy's entries on a symbol wait for their fill."""
        index = self._universe.index_of(symbol)
        if index is None:
            return 0
        orders = self._ledger.orders
        waiting = self._waiting.entries_at(index)
        return sum(orders[order_id].strategy_id == strategy_id for order_id in waiting)

    def session_open(self, index: int) -> int:
        """Return when the instrument's session of the day opens; 0 without one."""
        return self._quotes.books[index].open_ts
