"""Trade the breakout of the first minutes' range."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS, ist_day
from daemon.domain.intent import ExitOverrides
from strategies.params import PositiveFloat, Quantity, TimeOfDay, since_midnight, time_of_day
from strategies.strategy import BaseStrategy, Intents, View


class OpeningRangeBreakout(BaseStrategy):
    """Buys the first close above the opening range, sells the first close below it.

    The range is the high and low of the session's first `minutes`. The stop is the other end of the
    range, the target `target_r` times that risk. A trade ends at its stop, its target or the
    square-off; there is no time stop. It makes at most one trade per side and day, only while flat;
    options are only bought, indices not traded. A day without a candle in its opening range (a
    later start without warm-up) is not traded.

    minutes (15): length of the range. target_r (2.0): multiples of the risk. quantity (0): units, 0
    = one lot. side ("both"): both, long or short. last_entry ("15:00"): IST, no entry on a later
    close.
    """

    default_exits = ExitOverrides(enable_time_stop=False)

    def __init__(
        self,
        *,
        minutes: Annotated[int, Meta(ge=1, le=360)] = 15,
        target_r: PositiveFloat = 2.0,
        quantity: Quantity = 0,
        side: Literal["both", "long", "short"] = "both",
        last_entry: TimeOfDay = "15:00",
    ) -> None:
        self._range_ns = minutes * MINUTE_NS
        self._target_r = target_r
        self._quantity = quantity
        self._sides = {"both": (1, -1), "long": (1,), "short": (-1,)}[side]
        self._last_entry = since_midnight(last_entry)
        self._days: dict[str, _Day] = {}

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Widen the range while it forms, then trade a close outside it."""
        today = self._today(candle)
        if candle.ts < view.session_open:
            return None  # yesterday's last candle, closed by today's first tick
        range_end = view.session_open + self._range_ns
        if candle.end_ts <= range_end:
            today.widen(candle)
            return None
        if candle.ts < range_end:
            raise ValueError("expected a timeframe that divides the opening range's minutes")
        side = self._broken_side(today, candle, view)
        if side == 0 or time_of_day(candle.end_ts) > self._last_entry:
            return None
        today.traded.append(side)
        return self._enter(side, today, candle, view)

    def _today(self, candle: Candle) -> _Day:
        day, known = ist_day(candle.ts), self._days.get(candle.tradingsymbol)
        if known is None or known.day != day:
            known = self._days[candle.tradingsymbol] = _Day(day)
        return known

    def _broken_side(self, today: _Day, candle: Candle, view: View) -> int:
        """Return +1 or -1 if this close may be traded on that side, else 0."""
        symbol, instrument = candle.tradingsymbol, view.instrument(candle.tradingsymbol)
        side = (candle.close > today.high) - (candle.close < today.low)
        if today.high < today.low or side not in self._sides or side in today.traded:
            return 0
        if instrument.is_index or (instrument.is_option and side < 0):
            return 0
        return 0 if view.position(symbol) or view.waiting(symbol) else side

    def _enter(self, side: int, today: _Day, candle: Candle, view: View) -> Intents:
        stop = today.low if side > 0 else today.high
        order = self.buy if side > 0 else self.sell
        return order(
            candle.tradingsymbol,
            self.size(self._quantity, candle.tradingsymbol, view),
            stop=stop,
            target=candle.close + self._target_r * (candle.close - stop),
            reason="opening_range_break",
        )


class _Day(msgspec.Struct):
    day: int
    high: float = -math.inf
    low: float = math.inf
    traded: list[int] = []

    def widen(self, candle: Candle) -> None:
        self.high, self.low = max(self.high, candle.high), min(self.low, candle.low)
