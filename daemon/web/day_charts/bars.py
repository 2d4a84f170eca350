"""Minute candles of one Indian date, folded from ticks by column."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from daemon.domain.dates import DAY_NS, MINUTE_NS, ist_midnight
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Int64s, Ticks

MINUTES: Final = DAY_NS // MINUTE_NS


class SymbolBars:
    """The candles of one symbol, by minute since midnight. Paise; 0 where nothing was traded."""

    def __init__(self) -> None:
        self.open = np.zeros(MINUTES, dtype=np.int64)
        self.high = np.zeros(MINUTES, dtype=np.int64)
        self.low = np.zeros(MINUTES, dtype=np.int64)
        self.close = np.zeros(MINUTES, dtype=np.int64)
        self.total = np.zeros(MINUTES, dtype=np.int64)
        """The highest cumulative volume of the day that was seen in the minute."""
        self.oi = np.zeros(MINUTES, dtype=np.int64)
        """The last open interest that was seen in the minute."""
        self.first_total = -1
        """The first cumulative volume of the day: only its increase was traded since."""

    def take(self, minute: Int64s, ltp: Int64s, total: Int64s, oi: Int64s) -> None:
        """Take rows of this symbol, in the order of arrival."""
        order = np.argsort(minute, kind="stable")
        minute, ltp, total, oi = minute[order], ltp[order], total[order], oi[order]
        starts = np.flatnonzero(np.r_[True, minute[1:] != minute[:-1]])
        at, ends = minute[starts], np.r_[starts[1:], len(minute)] - 1
        if self.first_total < 0 and total.max(initial=0) > 0:
            self.first_total = int(total[total > 0][0])
        self.open[at] = np.where(self.open[at] > 0, self.open[at], ltp[starts])
        self.high[at] = np.maximum(self.high[at], np.maximum.reduceat(ltp, starts))
        low = np.minimum.reduceat(ltp, starts)
        self.low[at] = np.where(self.low[at] > 0, np.minimum(self.low[at], low), low)
        self.close[at] = ltp[ends]
        self.total[at] = np.maximum(self.total[at], np.maximum.reduceat(total, starts))
        self.oi[at] = np.where(oi[ends] > 0, oi[ends], self.oi[at])

    def minutes(self) -> Int64s:
        """Return the minutes with a candle."""
        return np.flatnonzero(self.close).astype(np.int64)

    def volumes(self) -> Int64s:
        """Return the units traded in each minute, as far as cumulative volumes tell."""
        reached = np.maximum.accumulate(np.maximum(self.total, max(self.first_total, 0)))
        return np.diff(reached, prepend=reached[:1])

    def last_prices(self) -> Int64s:
        """Return the last price at the end of each minute, 0 before the first."""
        at = np.where(self.close > 0, np.arange(MINUTES), 0)
        return self.close[np.maximum.accumulate(at)]


class DayBars:
    """The candles of all symbols on one date.

    What the engine did not take is in no candle: the rows that it refused, and those outside of a
    session. A row belongs to the minute of its time of arrival.
    """

    def __init__(self, date: dt.date) -> None:
        self.date: Final = date
        self.begin: Final = ist_midnight(date)
        """Midnight, UTC ns."""
        self.symbols: Final[dict[str, SymbolBars]] = {}
        self.until = 0
        """The time of the last row that was taken, UTC ns."""

    def take(self, ticks: Ticks, instruments: tuple[Instrument, ...]) -> None:
        """Take accepted rows whose `instrument` column counts `instruments`."""
        ts = ticks.ts
        is_of_day = (ts >= self.begin) & (ts < self.begin + DAY_NS)
        if not is_of_day.any():
            return
        self.until = max(self.until, int(ts[is_of_day].max()))
        none = np.zeros(len(ts), dtype=np.int64)
        volume = ticks.volume if ticks.volume is not None else none
        oi = ticks.oi if ticks.oi is not None else none
        for index in np.unique(ticks.instrument[is_of_day]).tolist():
            if index >= len(instruments):  # outside its session
                continue
            rows = is_of_day & (ticks.instrument == index)
            minute = (ts[rows] - self.begin) // MINUTE_NS
            bars = self.symbols.setdefault(instruments[index].tradingsymbol, SymbolBars())
            bars.take(minute, ticks.ltp[rows], np.maximum(volume[rows], 0), oi[rows])
