"""The open minute of an instrument, which a chart shows after the closed candles."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import MINUTE_NS, ist_day

_NO_VOLUME: Final = -1


class MinuteBar:
    """Prices (paise) and traded units of the minute in work, as SEMANTICS, "Candles", counts them.

    `ts` is the start of the minute (UTC ns), 0 before the first row. `day` is that of the volume:
    the first cumulative volume of a date is where its increase begins.
    """

    __slots__ = ("close", "day", "end", "high", "low", "mark", "open", "ts", "volume")

    def __init__(self) -> None:
        self.ts = self.end = 0
        self.open = self.high = self.low = self.close = 0
        self.volume = 0
        self.mark = _NO_VOLUME
        self.day = 0

    def take(self, ts: int, ltp: int, total: int) -> None:
        """Take a row: the time that its bar is of, ltp, cumulative volume (-1: it has none)."""
        if ts >= self.end:
            self._begin(ts, ltp)
        elif ts < self.ts:
            return  # of a minute that is over
        elif ltp > self.high:
            self.high = ltp
        elif ltp < self.low:
            self.low = ltp
        self.close = ltp
        if total > self.mark:
            if self.mark >= 0:
                self.volume += total - self.mark
            self.mark = total

    def _begin(self, ts: int, ltp: int) -> None:
        self.ts = ts - ts % MINUTE_NS
        self.end = self.ts + MINUTE_NS
        self.open = self.high = self.low = ltp
        self.volume = 0
        if ist_day(ts) != self.day:
            self.day = ist_day(ts)
            self.mark = _NO_VOLUME
