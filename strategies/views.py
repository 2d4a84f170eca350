"""Show strategies the execution side, and no more of it than they may see."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_day
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import rupees
from daemon.domain.tick_view import TickView


class Desk(Protocol):
    """The execution side as strategies may use it: prices in paise, times in UTC ns."""

    @property
    def now(self) -> int:
        """Return the engine's time."""

    def ltp_paise(self, index: int) -> int | None:
        """Return the last price of an instrument of the universe, paise."""

    def position(self, strategy_id: str, symbol: str) -> int:
        """Return a strategy's signed open quantity."""

    def waiting(self, strategy_id: str, symbol: str) -> int:
        """Return how many entries of a strategy are not filled yet."""

    def session_open(self, index: int) -> int:
        """Return when today's session of an instrument opened."""


class WarmDesk:
    """The desk before the run: no prices, no positions; a day opens with its first candle."""

    def __init__(self, candles: Sequence[Candle], universe: Universe) -> None:
        self.now = 0
        self._universe = universe
        self._opens: dict[tuple[str, int], int] = {}
        for candle in candles:
            key = self._key(candle.tradingsymbol, candle.ts)
            self._opens[key] = min(candle.ts, self._opens.get(key, candle.ts))
        self._candle_ts = 0

    def show(self, candle: Candle) -> None:
        """Move on to a candle."""
        self.now, self._candle_ts = candle.end_ts, candle.ts

    def ltp_paise(self, index: int) -> int | None:
        """Return None: there was no tick yet."""
        return None

    def position(self, strategy_id: str, symbol: str) -> int:
        """Return 0: there are no positions yet."""
        return 0

    def waiting(self, strategy_id: str, symbol: str) -> int:
        """Return 0: there are no entries yet."""
        return 0

    def session_open(self, index: int) -> int:
        """Return the start of that day's first candle on that exchange."""
        key = self._key(self._universe[index].tradingsymbol, self._candle_ts)
        return self._opens.get(key, self._candle_ts)

    def _key(self, symbol: str, ts: int) -> tuple[str, int]:
        index = self._universe.index_of(symbol)
        return ("" if index is None else self._universe[index].exchange), ist_day(ts)


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


class StrategyView:
    """One strategy's View of the desk."""

    def __init__(
        self,
        strategy_id: str,
        timeframe: str,
        symbols: tuple[str, ...],
        universe: Universe,
        history: History,
    ) -> None:
        self.symbols = symbols
        self.asked: dict[str, int] = {}
        """Entries requested at this boundary that are not orders yet, by symbol."""
        self._id = strategy_id
        self._timeframe = timeframe
        self._own = frozenset(symbols)
        self._universe = universe
        self._history = history
        self._desk: Desk = WarmDesk((), universe)
        self._shown: Candle | TickView | None = None

    def show(self, shown: Candle | TickView, desk: Desk) -> None:
        """Look at the desk while the strategy is shown a candle or tick."""
        self._desk, self._shown = desk, shown

    @property
    def now(self) -> int:
        """Return the engine's time."""
        return self._desk.now

    @property
    def session_open(self) -> int:
        """Return when the session of the instrument being shown opened."""
        assert self._shown is not None
        return self._desk.session_open(self._index(self._shown.tradingsymbol))

    def ltp(self, symbol: str) -> float | None:
        """Return the last price in rupees, None before the first tick."""
        paise = self._desk.ltp_paise(self._index(symbol))
        return None if paise is None else rupees(paise)

    def position(self, symbol: str) -> int:
        """Return the strategy's signed open quantity."""
        self._index(symbol)
        return self._desk.position(self._id, symbol)

    def waiting(self, symbol: str) -> int:
        """Return the strategy's unfilled entries, including those requested at this boundary."""
        self._index(symbol)
        return self._desk.waiting(self._id, symbol) + self.asked.get(symbol, 0)

    def instrument(self, symbol: str) -> Instrument:
        """Return the contract of a symbol."""
        return self._universe[self._index(symbol)]

    def history(self, symbol: str) -> tuple[Candle, ...]:
        """Return closed candles of the strategy's timeframe, newest last."""
        if symbol not in self._own:
            raise ValueError(f"expected one of the strategy's own symbols, was {symbol!r}")
        return self._history.of(self._timeframe, symbol)

    def _index(self, symbol: str) -> int:
        index = self._universe.index_of(symbol)
        if index is None:
            raise ValueError(f"expected a symbol of the universe, was {symbol!r}")
        return index
