"""A strategy as the guide of version 0.2.0 shows one: nothing but `on_candle`."""

from __future__ import annotations

from daemon.domain.candle import Candle
from strategies.strategy import BaseStrategy, Intents, View


class Breakout(BaseStrategy):
    """Buys above the session's first candle, once, with a stop below it."""

    def __init__(self, quantity: int = 65) -> None:
        self._quantity = quantity
        self._first: Candle | None = None
        self._is_done = False

    def on_candle(self, candle: Candle, view: View) -> Intents:
        if self._first is None:
            self._first = candle
            return None
        if self._is_done or candle.close <= self._first.high or view.position(candle.tradingsymbol):
            return None
        self._is_done = True
        quantity = self.size(self._quantity, candle.tradingsymbol, view)
        return self.buy(
            candle.tradingsymbol, quantity, stop=self._first.low, reason="above the first candle"
        )
