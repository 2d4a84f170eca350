"""What a strategy sees of a closed bar."""

from __future__ import annotations

import msgspec


class Candle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A closed bar of one instrument; prices in rupees because strategies think in rupees.

    `ts` is the bar's start and `end_ts` the boundary that closed it, both UTC ns. `volume` in
    units. `bar` counts the candles of this instrument and timeframe since the run began.
    """

    tradingsymbol: str
    timeframe: str
    ts: int
    end_ts: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    bar: int
