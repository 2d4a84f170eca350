"""Indicators of closed candles by talipp's names, kept up to date once they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, get_type_hints

from talipp import indicators as talipp  # type: ignore[import-untyped]
from talipp.ohlcv import OHLCV  # type: ignore[import-untyped]

from daemon.domain.candle import Candle
from strategies.near_names import did_you_mean

KEPT_MAX: Final = 20_000
"""Inputs of one indicator; half of them are forgotten then, which no shipped period reaches."""
PERIOD_MAX: Final = 5_000
_NAMES: Final = {name.casefold(): name for name in talipp.__all__ if name != "FibonacciRetracement"}
"""All but one: that has levels of two prices and no candles."""
HistoryOf = Callable[[str, str], Iterable[Candle]]
"""The closed candles of a timeframe and a symbol."""
_Key = tuple[str, str, str, tuple[Any, ...], tuple[tuple[str, Any], ...]]


class IndicatorBoard:
    """The indicators of all strategies; two that ask for the same share one."""

    def __init__(self, history_of: HistoryOf) -> None:
        self._history_of = history_of
        self._known: dict[_Key, _Fed] = {}
        self._by_series: dict[tuple[str, str], list[_Fed]] = {}

    def add(self, candle: Candle) -> None:
        """Take a closed candle that is in the history already."""
        for fed in self._by_series.get((candle.timeframe, candle.tradingsymbol), ()):
            fed.add(candle)

    def of(
        self, name: str, symbol: str, timeframe: str, args: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Return an indicator, begun on the history if it is new. Raises ValueError."""
        key = (name.casefold(), symbol, timeframe, args, tuple(sorted(named.items())))
        fed = self._known.get(key)
        if fed is None:
            fed = self._known[key] = _Fed(name, args, named)
            for candle in self._history_of(timeframe, symbol):
                fed.add(candle)
            self._by_series.setdefault((timeframe, symbol), []).append(fed)
        return fed.indicator


class Indicators:
    """The indicators as one strategy asks for them: `view.ind("RSI", symbol, 14)`."""

    def __init__(self, board: IndicatorBoard, check: Callable[[str, str | None], str]) -> None:
        self._board = board
        self._check = check

    def __call__(
        self,
        name: str,
        symbol: str,
        *args: Any,
        timeframe: str | None = None,
        back: int = 0,
        **named: Any,
    ) -> Any:
        """Return the value of an indicator after the newest candle, `back` candles earlier.

        Arguments and values are talipp's, None while it has too few candles. It begins on the
        history of the strategy's own symbol at the first ask. Raises ValueError.
        """
        series = self._check(symbol, timeframe)
        values = self._board.of(name, symbol, series, args, named)
        return values[-1 - back] if 0 <= back < len(values) else None


class _Fed:
    """An indicator, and what it takes of a candle."""

    def __init__(self, name: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        known = _NAMES.get(name.casefold())
        if known is None:
            hint = did_you_mean(name, _NAMES.values())
            raise ValueError(f"expected an indicator of talipp, was {name!r}{hint}")
        kind = getattr(talipp, known)
        for value in (*args, *named.values()):
            if isinstance(value, int) and not isinstance(value, bool) and value > PERIOD_MAX:
                raise ValueError(f"{known}: expected at most {PERIOD_MAX} candles, was {value}")
        try:
            self.indicator = kind(*args, **named)
        except TypeError as error:
            raise ValueError(f"{known}: {error}") from error
        self._takes_candles = "OHLCV" in str(get_type_hints(kind.__init__).get("input_values"))

    def add(self, candle: Candle) -> None:
        """Take a closed candle: whole, or its close."""
        self.indicator.add(_ohlcv(candle) if self._takes_candles else candle.close)
        if len(self.indicator) >= KEPT_MAX:
            self.indicator.purge_oldest(KEPT_MAX // 2)


def _ohlcv(candle: Candle) -> Any:
    return OHLCV(candle.open, candle.high, candle.low, candle.close, candle.volume)
