"""Follow the intraday trend by the crossover of two moving averages."""

from __future__ import annotations

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_day
from daemon.domain.intent import ExitOverrides, OrderIntent
from strategies import indicators
from strategies.params import (
    Period,
    PositiveFloat,
    Quantity,
    TimeOfDay,
    since_midnight,
    time_of_day,
)
from strategies.strategy import BaseStrategy, Intents, View


class EmaTrend(BaseStrategy):
    """Buys when the fast EMA crosses above the slow one, sells when it crosses below.

    It decides on each closed candle. Stop and target are `stop_atr` and `target_atr` ATRs from the
    close. A trade ends at its stop, its target, the opposite cross (which also opens the opposite
    trade, until `last_entry`) or the square-off; there is no time stop. The averages carry on
    overnight, as on a chart, but the first candle of a day only sets the side: an overnight gap is
    not a cross. Indices are not traded.

    fast (20), slow (50), atr (14): candles. stop_atr (1.5), target_atr (3.0): ATRs. quantity (0):
    units, 0 = one lot. last_entry ("15:00"): IST, no entry on a later close.
    """

    default_exits = ExitOverrides(enable_time_stop=False)

    def __init__(
        self,
        *,
        fast: Period = 20,
        slow: Period = 50,
        atr: Period = 14,
        stop_atr: PositiveFloat = 1.5,
        target_atr: PositiveFloat = 3.0,
        quantity: Quantity = 0,
        last_entry: TimeOfDay = "15:00",
    ) -> None:
        if fast >= slow:
            raise ValueError(f"expected fast below slow, was fast {fast} and slow {slow}")
        self._periods = (fast, slow, atr)
        self._stop_atr, self._target_atr = stop_atr, target_atr
        self._quantity = quantity
        self._last_entry = since_midnight(last_entry)
        self._lines: dict[str, _Lines] = {}

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Trade the cross that this close made, if it made one."""
        symbol = candle.tradingsymbol
        if symbol not in self._lines:
            self._lines[symbol] = _Lines.of(*self._periods)
        side = self._lines[symbol].crossed(candle)
        if side == 0 or view.instrument(symbol).is_index:
            return None
        held = view.position(symbol) * side
        intents = []
        if held < 0 or view.waiting(symbol):
            intents.append(self.exit(symbol, reason="opposite_cross"))
        if held <= 0 and time_of_day(candle.end_ts) <= self._last_entry:
            intents.append(self._enter(side, candle, view))
        return intents

    def _enter(self, side: int, candle: Candle, view: View) -> OrderIntent:
        symbol, range_ = candle.tradingsymbol, self._lines[candle.tradingsymbol].atr.value or 0.0
        order = self.buy if side > 0 else self.sell
        return order(
            symbol,
            self.size(self._quantity, symbol, view),
            stop=candle.close - side * self._stop_atr * range_,
            target=candle.close + side * self._target_atr * range_,
            reason="ema_cross",
        )


class _Lines(msgspec.Struct):
    fast: indicators.Bounded[float]
    slow: indicators.Bounded[float]
    atr: indicators.Bounded[Candle]
    day: int = 0
    side: int = 0

    @classmethod
    def of(cls, fast: int, slow: int, atr: int) -> _Lines:
        return cls(indicators.ema(fast), indicators.ema(slow), indicators.atr(atr))

    def crossed(self, candle: Candle) -> int:
        """Return +1 or -1 if this close took the fast average across to that side, else 0."""
        if (day := ist_day(candle.ts)) != self.day:
            self.day, self.side = day, 0
        fast, slow = self.fast.add(candle.close), self.slow.add(candle.close)
        range_ = self.atr.add(candle)
        if fast is None or slow is None or range_ is None or fast == slow:
            return 0
        was, self.side = self.side, 1 if fast > slow else -1
        return self.side if was == -self.side else 0
