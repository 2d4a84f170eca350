"""Show strategies the execution side, and no more of it than they may see."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec import structs

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_date
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import rupees
from daemon.domain.tick_view import TickView
from daemon.domain.update import Update
from strategies.chain_view import EMPTY_CHAIN, Chain, Expiry, quote_of
from strategies.chains import Chains
from strategies.desks import Desk, Shown, WarmDesk
from strategies.facts import (
    Margin,
    Pnl,
    Quote,
    Session,
    Trade,
    margin_of,
    pnl_of_day,
    pnl_of_trades,
    trade_of,
)
from strategies.indicator_view import IndicatorBoard, Indicators

__all__ = ["Desk", "History", "SharedMarket", "StrategyView", "WarmDesk"]


class History:
    """The last closed candles of each timeframe and symbol, at most `limit` of each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._candles: dict[tuple[str, str], deque[Candle]] = {}

    def add(self, candle: Candle) -> None:
        """Append a closed candle and forget the oldest."""
        key = candle.timeframe, candle.tradingsymbol
        found = self._candles.get(key)
        if found is None:
            found = self._candles[key] = deque(maxlen=self._limit)
        found.append(candle)

    def of(self, timeframe: str, symbol: str) -> tuple[Candle, ...]:
        """Return a series' candles, oldest first."""
        return tuple(self._candles.get((timeframe, symbol), ()))


class SharedMarket:
    """What the views of all strategies share: the universe, closed candles, chains, indicators."""

    def __init__(self, universe: Universe, history: History, chains: Chains | None = None) -> None:
        self.universe = universe
        self.history = history
        self.chains = chains or Chains(universe)
        self.board = IndicatorBoard(history.of)

    def add(self, candle: Candle) -> None:
        """Take a closed candle."""
        self.history.add(candle)
        self.board.add(candle)


class StrategyView:
    """One strategy's View of the desk."""

    def __init__(
        self,
        strategy_id: str,
        timeframes: Sequence[str],
        symbols: tuple[str, ...],
        market: SharedMarket,
    ) -> None:
        self.symbols = symbols
        self.asked: dict[str, int] = {}
        """Entries requested at this boundary that are not orders yet, by symbol."""
        self._id = strategy_id
        self._timeframes = timeframes
        self._own = frozenset(symbols)
        self._market = market
        self._universe = market.universe
        self._desk: Desk = WarmDesk((), market.universe)
        self._shown: Shown = None
        self.ind = Indicators(market.board, self._series)

    def show(self, shown: Shown, desk: Desk) -> None:
        """Look at the desk while the strategy is shown something."""
        self._desk, self._shown = desk, shown

    @property
    def now(self) -> int:
        """Return the engine's time."""
        return self._desk.now

    @property
    def session_open(self) -> int:
        """Return when the session of the instrument being shown opened."""
        return self._desk.session_open(self._shown_index())

    @property
    def session(self) -> Session:
        """Return the session of the instrument being shown, else of the first own symbol."""
        open_ts, close_ts = self._desk.session(self._shown_index())
        return Session(ist_date(open_ts or self._desk.now), open_ts, close_ts)

    def ltp(self, symbol: str) -> float | None:
        """Return the last price in rupees, None before the first tick."""
        paise = self._desk.ltp_paise(self._index(symbol))
        return None if paise is None else rupees(paise)

    def quote(self, symbol: str) -> Quote:
        """Return the last quote of any instrument of the run."""
        index, desk = self._index(symbol), self._desk
        quote = quote_of(self._universe[index], desk.last(index), desk.now)
        shown = desk.shown(index)
        if shown is None:
            return quote
        return structs.replace(
            quote,
            depth=shown.depth,
            volume=shown.volume if shown.volume >= 0 else None,
            oi=shown.oi if shown.oi >= 0 else None,
        )

    def chain(self, underlying: str, expiry: Expiry, *, at: float | None = None) -> Chain:
        """Return the options of an expiry by strike; empty where the run has none."""
        chains, desk = self._market.chains, self._desk
        expiry = expiry if isinstance(expiry, str) else expiry.isoformat()
        if isinstance(desk, WarmDesk):
            return EMPTY_CHAIN
        if isinstance(self._shown, TickView):
            moment = chains.for_tick(underlying, expiry)
        else:
            moment = chains.now(underlying, expiry, desk)
        return EMPTY_CHAIN if moment is None else Chain(moment, at)

    def position(self, symbol: str) -> int:
        """Return the strategy's signed open quantity."""
        self._index(symbol)
        return self._desk.position(self._id, symbol)

    def waiting(self, symbol: str) -> int:
        """Return the strategy's unfilled entries, including those requested at this boundary."""
        self._index(symbol)
        return self._desk.waiting(self._id, symbol) + self.asked.get(symbol, 0)

    def trades(self, symbol: str | None = None, tag: str | None = None) -> list[Trade]:
        """Return the strategy's trades that are not archived, oldest first."""
        if symbol is not None:
            self._index(symbol)
        return [
            trade_of(own)
            for own in self._desk.trades(self._id)
            if symbol in (None, own.order.tradingsymbol) and tag in (None, own.order.tag)
        ]

    def trade(self, id: str) -> Trade | None:
        """Return one of the strategy's trades."""
        own = self._desk.trade(self._id, id)
        return None if own is None else trade_of(own)

    @property
    def pnl(self) -> Pnl:
        """Return what the strategy has made today, and what it holds."""
        desk = self._desk
        return pnl_of_day(desk.tally(self._id), desk.trades(self._id))

    def group(self, tag: str) -> Pnl:
        """Return what the trades with a tag have made since they were opened."""
        return pnl_of_trades(own for own in self._desk.trades(self._id) if own.order.tag == tag)

    @property
    def margin(self) -> Margin:
        """Return the account's margin."""
        return margin_of(self._desk.margin(), self._desk.capital_paise)

    def instrument(self, symbol: str) -> Instrument:
        """Return the contract of a symbol."""
        return self._universe[self._index(symbol)]

    def history(self, symbol: str, timeframe: str | None = None) -> tuple[Candle, ...]:
        """Return closed candles of the strategy's timeframe, or of another of its own."""
        return self._market.history.of(self._series(symbol, timeframe), symbol)

    def _series(self, symbol: str, timeframe: str | None) -> str:
        """Return the timeframe of a series that the strategy has. Raises ValueError."""
        if symbol not in self._own:
            raise ValueError(f"expected one of the strategy's own symbols, was {symbol!r}")
        if timeframe is None:
            return self._timeframes[0]
        if timeframe not in self._timeframes:
            raise ValueError(
                f"expected one of the strategy's timeframes, {', '.join(self._timeframes)}, "
                f"was {timeframe!r}"
            )
        return timeframe

    def _shown_index(self) -> int:
        shown = self._shown
        if isinstance(shown, Candle | TickView):
            return self._index(shown.tradingsymbol)
        if isinstance(shown, Update) and shown.symbol:
            return self._index(shown.symbol)
        return self._index(self.symbols[0])

    def _index(self, symbol: str) -> int:
        index = self._universe.index_of(symbol)
        if index is None:
            raise ValueError(f"expected a symbol of the universe, was {symbol!r}")
        return index
