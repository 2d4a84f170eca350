"""A strategy to start from. Change it, or write another next to it and name it in paper.yaml.

What it does, as an example that is easy to check by hand (`bars=3`, `quantity=65`):

    candle     high     low   close   what it wants
    09:20    101.00   99.00  100.00   nothing: three candles must have closed before
    09:21    102.00  100.00  101.00   nothing
    09:22    103.00  101.00  102.00   nothing
    09:23    103.00  100.50  103.00   nothing: 103.00 is not above 103.00
    09:24    105.00  102.00  104.00   BUY 65, stop 100.00: above 103.00, the lowest low is 100.00
    09:25    106.00  103.00  105.00   nothing: it holds the position

The engine does the rest: it fills the order, moves the stop up behind the price, and closes the
position at the stop, after `time_stop_bars`, or before the session ends.
"""

from __future__ import annotations

from daemon.domain.candle import Candle
from strategies.strategy import BaseStrategy, Intents, View


class Breakout(BaseStrategy):
    """Buys a close above the highs of the last `bars` candles, with the stop at their lowest low.

    The keyword arguments of `__init__` are what `params` in the configuration may set; a value of
    another type is refused before anything is traded. Prices are in rupees, `quantity` in units.
    """

    def __init__(self, *, bars: int = 20, quantity: int = 65) -> None:
        self.bars, self.quantity = bars, quantity

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Return what to do now that this candle has closed; None is nothing."""
        past = view.history(candle.tradingsymbol)[-self.bars - 1 : -1]
        if len(past) < self.bars or view.position(candle.tradingsymbol):
            return None
        if candle.close <= max(bar.high for bar in past):
            return None
        stop = min(bar.low for bar in past)
        return self.buy(candle.tradingsymbol, self.quantity, stop=stop)
