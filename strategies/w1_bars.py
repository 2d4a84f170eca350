"""Run the benchmark W1: many small trades with exactly known results."""

from __future__ import annotations

from collections import deque

import msgspec

from daemon.domain.candle import Candle
from strategies.strategy import BaseStrategy, Intents, View

QUANTITY = 50
HOLD_BARS = 20
EVERY_BARS = 5


class W1Bars(BaseStrategy):
    """Every fifth bar, when flat, trades 50 units in the direction of the last five bars.

    The stop is 0.15 % and the target 0.30 % from the close; a trade still open after 20 bars is
    closed. All arithmetic is in whole steps of 0.05 rupees, so that the result does not depend on
    floats. No parameters.
    """

    def __init__(self) -> None:
        self._bars: dict[str, _Bars] = {}

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Return the time exit, else an entry, never both on one bar."""
        symbol = candle.tradingsymbol
        bars = self._bars.get(symbol)
        if bars is None:
            bars = self._bars[symbol] = _Bars()
        bars.count += 1
        bars.closes.append(round(candle.close * 20))
        if view.position(symbol):
            due = bars.count - bars.entered >= HOLD_BARS
            return self.exit(symbol, reason="hold_bars") if due else None
        if bars.count % EVERY_BARS or bars.count <= EVERY_BARS or view.waiting(symbol):
            return None
        bars.entered = bars.count
        return self._enter(symbol, bars.closes[-1], up=bars.closes[-1] >= bars.closes[0])

    def _enter(self, symbol: str, close: int, *, up: bool) -> Intents:
        if up:
            return self.buy(symbol, QUANTITY, stop=_of(close, 9985), target=_of(close, 10030))
        return self.sell(symbol, QUANTITY, stop=_of(close, 10015), target=_of(close, 9970))


class _Bars(msgspec.Struct):
    count: int = 0
    entered: int = 0
    closes: deque[int] = msgspec.field(default_factory=lambda: deque(maxlen=EVERY_BARS + 1))
    """Closes in steps of 0.05 rupees, back to five bars ago."""


def _of(steps: int, per_10_000: int) -> float:
    """Return a fraction of a price (steps of 0.05 rupees) in rupees, rounded half up to a step."""
    return (steps * per_10_000 + 5000) // 10_000 * 5 / 100
