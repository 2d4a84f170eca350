"""Open bars of one instrument, and the candles they become (SEMANTICS, "Candles")."""

from __future__ import annotations

from daemon.domain.candle import Candle
from daemon.domain.money import PAISE_PER_RUPEE


class OpenBar:
    """One bar of one timeframe that is still open. Prices in paise, volume in units.

    `high` < 0 means no tick yet. `mark` is the running maximum of the cumulative volume as this
    timeframe has seen it (-1: nothing seen today). `ahead` gathers ticks of the next bar that come
    before this one is closed (candle grace).
    """

    __slots__ = ("ahead", "close", "count", "end", "high", "low", "mark", "open", "start", "volume")

    def __init__(self, start: int = 0, end: int = 0) -> None:
        self.start = start
        self.end = end
        self.mark = -1
        self.count = 0
        self.ahead: OpenBar | None = None
        self._clear()

    def _clear(self) -> None:
        self.open = 0
        self.high = -1
        self.low = 0
        self.close = 0
        self.volume = 0

    def add(self, *, first: int, high: int, low: int, last: int) -> None:
        """Fold a sequence of prices: their first, highest, lowest and last."""
        if self.high < 0:
            self.open = first
            self.high = high
            self.low = low
        else:
            self.high = max(high, self.high)
            self.low = min(low, self.low)
        self.close = last

    def add_volume(self, total: int, baseline: int, *, into: OpenBar | None = None) -> None:
        """Take the cumulative volume `total`; the first value of the day is `baseline`.

        The increase goes to `into`, the bar that the tick belongs to, if that is not this one.
        """
        if self.mark < 0:
            self.mark = baseline
        if total > self.mark:
            (into or self).gain(total - self.mark)
            self.mark = total

    def gain(self, volume: int) -> None:
        """Add traded units."""
        self.volume += volume

    def next_bar(self, end: int) -> OpenBar:
        """Return the next bar, which ends at `end` (UTC ns) and gathers early ticks."""
        if self.ahead is None:
            self.ahead = OpenBar(self.end, end)
        return self.ahead

    def move_to(self, start: int, end: int) -> None:
        """Begin the bar [start, end) with the ticks that came early for it."""
        self.start = start
        self.end = end
        self._clear()
        ahead = self.ahead
        if ahead is not None:
            self.ahead = None
            if ahead.start == start:
                self.add(first=ahead.open, high=ahead.high, low=ahead.low, last=ahead.close)
                self.volume = ahead.volume

    def start_day(self) -> None:
        """Begin a session day: the volume counts from its own first value."""
        self.mark = -1
        self.ahead = None
        self._clear()

    def candle(self, tradingsymbol: str, timeframe: str) -> Candle:
        """Return the bar as a strategy sees it, in rupees."""
        self.count += 1
        return Candle(
            tradingsymbol=tradingsymbol,
            timeframe=timeframe,
            ts=self.start,
            end_ts=self.end,
            open=self.open / PAISE_PER_RUPEE,
            high=self.high / PAISE_PER_RUPEE,
            low=self.low / PAISE_PER_RUPEE,
            close=self.close / PAISE_PER_RUPEE,
            volume=self.volume,
            bar=self.count,
        )
