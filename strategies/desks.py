"""The execution side as strategies may use it, and what it is before the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daemon.chain.quotes import LastQuote
from daemon.domain.candle import Candle
from daemon.domain.dates import ist_day
from daemon.domain.instrument import Universe
from daemon.domain.ledger import StrategyTally
from daemon.domain.own_trade import OwnTrade, ShownMarket
from daemon.domain.statistics import MarginStatus
from daemon.domain.tick_view import TickView
from daemon.domain.timer import Due
from daemon.domain.update import Update
from strategies.chains import ChainDesk

Shown = Candle | TickView | Update | Due | None
"""What a strategy is shown in a call, None at its start."""


class Desk(ChainDesk, Protocol):
    """The execution side as strategies may use it: prices in paise, times in UTC ns."""

    def ltp_paise(self, index: int) -> int | None:
        """Return the last price of an instrument of the universe, paise."""

    def position(self, strategy_id: str, symbol: str) -> int:
        """Return a strategy's signed open quantity."""

    def waiting(self, strategy_id: str, symbol: str) -> int:
        """Return how many entries of a strategy are not filled yet."""

    def session_open(self, index: int) -> int:
        """Return when today's session of an instrument opened."""

    def session(self, index: int) -> tuple[int, int]:
        """Return the open and close of an instrument's session of the day, 0 and 0 without one."""

    def shown(self, index: int) -> ShownMarket | None:
        """Return depth, volume and open interest of the last row, from the first ask on."""

    def trade(self, strategy_id: str, order_id: str) -> OwnTrade | None:
        """Return one trade of a strategy."""

    def trades(self, strategy_id: str) -> list[OwnTrade]:
        """Return the trades of a strategy that are not archived, by number."""

    def tally(self, strategy_id: str) -> StrategyTally:
        """Return the counts of a strategy; those of the day are 0 on another day."""

    def margin(self) -> MarginStatus | None:
        """Return what the account's positions and entries block."""

    @property
    def capital_paise(self) -> int | None:
        """Return the account's capital, None without one."""


class QuietDesk:
    """The answers of a desk where nothing has been quoted or traded yet."""

    input_no = 0
    capital_paise: int | None = None

    def last(self, index: int) -> LastQuote | None:
        """Return None: there was no tick yet."""
        return None

    def close_at_expiry(self, index: int) -> int:
        """Return 0: nothing is known of it."""
        return 0

    def session(self, index: int) -> tuple[int, int]:
        """Return no session."""
        return 0, 0

    def shown(self, index: int) -> ShownMarket | None:
        """Return None: there was no tick yet."""
        return None

    def trade(self, strategy_id: str, order_id: str) -> OwnTrade | None:
        """Return None: there are no trades yet."""
        return None

    def trades(self, strategy_id: str) -> list[OwnTrade]:
        """Return none: there are no trades yet."""
        return []

    def tally(self, strategy_id: str) -> StrategyTally:
        """Return a tally of nothing."""
        return StrategyTally()

    def margin(self) -> MarginStatus | None:
        """Return None: it is not known."""
        return None


class WarmDesk(QuietDesk):
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


def ts_of(shown: Shown, desk: Desk) -> int:
    """Return the time of what was shown, UTC ns."""
    if isinstance(shown, Candle):
        return shown.end_ts
    return desk.now if shown is None else shown.ts
