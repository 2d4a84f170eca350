"""The engine as strategies may ask it."""

from __future__ import annotations

from typing import Protocol

from daemon.chain.quotes import LastQuote
from daemon.domain.dates import ist_day
from daemon.domain.depth import depth_of
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger, StrategyTally
from daemon.domain.own_trade import OwnTrade, ShownMarket
from daemon.domain.statistics import MarginStatus
from daemon.exchange.waiting import WaitingFills
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.updates import Updates, own_trade
from daemon.market.moment import Moment


class Margins(Protocol):
    """Know what is blocked; `AccountDesk` does."""

    @property
    def margin_status(self) -> MarginStatus | None:
        """Return what positions and entries block, None if it is not known."""

    @property
    def capital_paise(self) -> int | None:
        """Return the capital that margins are asked for of, None without one."""


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
        account: Margins,
        updates: Updates,
    ) -> None:
        self._universe = universe
        self._ledger = ledger
        self._at = at
        self._quotes = quotes
        self._holdings = holdings
        self._waiting = waiting
        self._account = account
        self._updates = updates

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

    @property
    def input_no(self) -> int:
        """Return the number of the input in work."""
        return self._at.input_no

    def close_at_expiry(self, index: int) -> int:
        """Return the end of a contract's last session, UTC ns."""
        return self._quotes.close_at_expiry(index)

    def session(self, index: int) -> tuple[int, int]:
        """Return the open and close of an instrument's session of the day, 0 and 0 without one."""
        return self._quotes.session(self._quotes.books[index])

    # quotes

    def last(self, index: int) -> LastQuote | None:
        """Return the last quote of an instrument and whether it may decide something now."""
        quotes = self._quotes
        book = quotes.books[index]
        quote = quotes.quote_of(book)
        if quote is None:
            return None
        return LastQuote(
            ltp_paise=quote.ltp,
            ts=quote.ts,
            is_believed=quotes.fresh_quote(book) is not None,
            bid_paise=quote.bid,
            ask_paise=quote.ask,
        )

    def shown(self, index: int) -> ShownMarket | None:
        """Return depth, volume and open interest of the last row, from the first ask on."""
        book = self._quotes.books[index]
        self._quotes.quote_of(book)
        if not book.tells_shown:
            book.tell_shown()
            return None
        shown = book.shown
        if shown is None:
            return None
        depth = None if shown.depth is None else depth_of(shown.depth)
        return ShownMarket(depth, shown.volume, shown.oi)

    # a strategy's own trades

    def trade(self, strategy_id: str, order_id: str) -> OwnTrade | None:
        """Return one trade of a strategy, None for another's and for one that is archived."""
        order = self._ledger.orders.get(order_id)
        if order is None:
            own = self._updates.recent.get(order_id)
        else:
            own = own_trade(order, self._ledger, self._quotes)
        return own if own is not None and own.order.strategy_id == strategy_id else None

    def trades(self, strategy_id: str) -> list[OwnTrade]:
        """Return the trades of a strategy that are not archived, by number."""
        own = (each for each in self._ledger.orders.values() if each.strategy_id == strategy_id)
        return [own_trade(order, self._ledger, self._quotes) for order in own]

    def tally(self, strategy_id: str) -> StrategyTally:
        """Return the counts of a strategy; those of the day are 0 on another day."""
        tally = self._ledger.strategies.get(strategy_id)
        if tally is None or tally.day != ist_day(self._at.due_ts or self._at.now):
            return StrategyTally()
        return tally

    @property
    def capital_paise(self) -> int | None:
        """Return the account's capital, None without one."""
        return self._account.capital_paise

    def margin(self) -> MarginStatus | None:
        """Return what the account's positions and entries block, None if it is not known."""
        return self._account.margin_status
