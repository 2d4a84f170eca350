"""Wrap talipp's incremental indicators to bound their memory: talipp keeps every value."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from talipp.indicators import ATR, EMA  # type: ignore[import-untyped]
from talipp.ohlcv import OHLCV  # type: ignore[import-untyped]

from daemon.domain.candle import Candle

T = TypeVar("T", float, Candle)


class Bounded(Generic[T]):
    """An indicator that forgets inputs it no longer needs; `value` is None until it is ready."""

    def __init__(self, indicator: Any, period: int) -> None:
        # talipp restarts when it holds exactly `period` inputs, so more than that must stay.
        self._keep = period + 2
        self._indicator = indicator
        self.value: float | None = None

    def add(self, value: T) -> float | None:
        """Take the next input and return the indicator's new value."""
        self._indicator.add(_ohlcv(value) if isinstance(value, Candle) else value)
        self.value = self._indicator[-1]
        surplus = len(self._indicator) - self._keep
        if surplus >= self._keep:
            self._indicator.purge_oldest(surplus)
        return self.value


def ema(period: int) -> Bounded[float]:
    """Return an exponential moving average of closes, ready after `period` values."""
    return Bounded(EMA(period), period)


def atr(period: int) -> Bounded[Candle]:
    """Return an average true range (Wilder), ready after `period` candles."""
    return Bounded(ATR(period), period)


def _ohlcv(candle: Candle) -> Any:
    return OHLCV(candle.open, candle.high, candle.low, candle.close)
