"""The books of an account, folded from its trading events one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from daemon.broker.executions import Execution
from daemon.broker.funds import NO_MARGIN, Funds, FundsBook, Margin
from daemon.broker.order_book import OrderBook
from daemon.broker.positions import Mark, PositionBook
from daemon.broker.trade_orders import TradeOrders
from daemon.domain.dates import ist_day
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    OrderCreated,
    OrderMoved,
    PositionMarked,
    TradingEvent,
)
from daemon.domain.gtt import Gtt
from daemon.domain.gtt_fold import fold_gtt
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import bare_instrument

GTTS_OVER_MAX: Final = 1_000
"""GTTs that are over and still in the books: an account's life has more than can be listed."""


class AccountBooks:
    """Orders and trades of the day, positions, and funds, after the events so far.

    A new Indian day begins with its first event, or with `begin_day`. `settlements` are executions
    of the day that are no orders: expiries.
    """

    def __init__(self, universe: Universe, capital_paise: int = 0) -> None:
        self._universe = universe
        self._unlisted: dict[str, Instrument] = {}
        self.orders = OrderBook()
        self.positions = PositionBook()
        self.cash = FundsBook(capital_paise, lambda symbol: self.instrument(symbol).is_option)
        self.trades: list[Execution] = []
        self.settlements: list[Execution] = []
        self.gtts: dict[int, Gtt] = {}
        """Those that wait, and the newest of those that are over."""
        self._gtts_over: deque[int] = deque()
        self.refused: dict[str, str] = {}
        """Why orders without a trade were refused today, by exchange id."""
        self.day = 0
        self._trade_orders = TradeOrders(self.orders)

    def apply(self, event: TradingEvent) -> Execution | None:
        """Fold one event; return what was executed by it."""
        self.begin_day(ist_day(event.due_ts or event.ts))
        executed = None
        if isinstance(event, OrderMoved):
            executed = self._trade_orders.moved(event)
        elif isinstance(event, ExchangeOrderMoved):
            executed = self._trade_orders.exchange_moved(event)
            if event.kind == "rejected" and not event.order_id:
                self.refused[event.exchange_id] = event.reason
        elif isinstance(event, OrderCreated):
            self._trade_orders.created(event)
        elif isinstance(event, PositionMarked):
            key = event.order_id or f"{event.tradingsymbol}/{event.product}"
            self.cash.mark(key, event.close_paise)
        elif isinstance(event, GttMoved):
            self._fold_gtt(event)
        if executed is not None:
            self._take(executed)
        return executed

    def begin_day(self, day: int) -> None:
        """Turn to an Indian day (`ist_day`), unless it has begun; days never go back."""
        if day <= self.day:
            return
        if self.day:
            self.orders.roll()
            self.positions.roll()
            self.cash.roll()
            self.trades, self.settlements = [], []
            self.refused.clear()
        self.day = day

    def funds(self, marks: Mapping[str, Mark], margin: Margin = NO_MARGIN) -> Funds:
        """Return the equity segment at the last prices of `marks`, by tradingsymbol."""
        last = {symbol: mark.last_paise for symbol, mark in marks.items() if mark.last_paise}
        return self.cash.funds(last, margin)

    def instrument(self, tradingsymbol: str) -> Instrument:
        """Return the contract of a symbol; one that has left the universe, by its symbol."""
        index = self._universe.index_of(tradingsymbol)
        if index is not None:
            return self._universe[index]
        found = self._unlisted.get(tradingsymbol)
        if found is None:
            found = self._unlisted[tradingsymbol] = bare_instrument(tradingsymbol)
        return found

    def _fold_gtt(self, event: GttMoved) -> None:
        gtt = fold_gtt(self.gtts, event)
        if gtt is None or not gtt.is_over:
            return
        self._gtts_over.append(gtt.gtt_id)
        if len(self._gtts_over) > GTTS_OVER_MAX:
            del self.gtts[self._gtts_over.popleft()]

    def _take(self, executed: Execution) -> None:
        self.positions.take(executed)
        self.cash.take(executed)
        if executed.exchange_id:
            self.orders.execute(executed)
            self.trades.append(executed)
        else:
            self.settlements.append(executed)
