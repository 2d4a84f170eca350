"""Check Kite's candle rows, and merge bars into longer ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Final, NamedTuple

from daemon.domain.dates import ist_date, parse_ts

_PRICE_MAX: Final = 1e12
_VOLUME_MAX: Final = 2**53
_LENGTHS: Final = (6, 7)
"""Number of values in a row, without and with open interest."""


class Bar(NamedTuple):
    """A bar [start, end) of the session that opened at `session_open`; UTC ns, rupees, units."""

    session_open: int
    session_close: int
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: int


class BarReader:
    """Reads the rows of one instrument and interval, and counts refused rows by reason.

    `counts` gets `malformed_rows, bad_prices, out_of_order, outside_session, off_grid,
    future_candles, untraded_candles` (refused: flat and without volume, not an index) and
    `widened_candles` (kept).
    """

    def __init__(
        self,
        interval_ns: int,
        session: Callable[[dt.date], tuple[int, int] | None],
        is_index: bool,
        counts: dict[str, int],
    ) -> None:
        self._interval_ns = interval_ns
        self._session = session
        self._is_index = is_index
        self._counts = counts
        self._last = -1

    def read(self, rows: Iterable[Any], now: int) -> list[Bar]:
        """Return the bars closed by `now` (UTC ns), oldest first."""
        bars = []
        for row in rows:
            found = self._bar(row, now)
            if isinstance(found, str):
                self._counts[found] = self._counts.get(found, 0) + 1
            elif found.end <= now:  # the bar that is still open is not counted as refused
                bars.append(found)
        return bars

    def _bar(self, row: Any, now: int) -> Bar | str:
        """Return a bar, or the reason the row is refused."""
        if not isinstance(row, list) or len(row) not in _LENGTHS or not isinstance(row[0], str):
            return "malformed_rows"
        try:
            start = parse_ts(row[0])
            span = self._session(ist_date(start))
        except (ValueError, OverflowError):
            return "malformed_rows"
        prices, volume = row[1:5], row[5]
        if not all(_is_number(price) and 0 < price <= _PRICE_MAX for price in prices):
            return "bad_prices"
        if not _is_number(volume) or not 0 <= volume <= _VOLUME_MAX or volume != int(volume):
            return "malformed_rows"
        if span is None or not span[0] <= start < span[1]:
            return "outside_session"
        if (start - span[0]) % self._interval_ns:
            return "off_grid"
        if start > now:  # taking it as the latest would put all that follow out of order
            return "future_candles"
        if start <= self._last:
            return "out_of_order"
        self._last = start
        if not volume and len(set(prices)) == 1 and not self._is_index:
            return "untraded_candles"
        return self._widened(span, start, [float(price) for price in prices], int(volume))

    def _widened(self, span: tuple[int, int], start: int, prices: list[float], volume: int) -> Bar:
        first, high, low, last = prices
        if high < max(prices) or low > min(prices):
            self._counts["widened_candles"] = self._counts.get("widened_candles", 0) + 1
            high, low = max(prices), min(prices)
        end = min(start + self._interval_ns, span[1])
        return Bar(*span, start, end, first, high, low, last, volume)


def merge_bars(bars: Iterable[Bar], timeframe_ns: int) -> list[Bar]:
    """Merge bars in time order into a longer timeframe, anchored at their session's open.

    `timeframe_ns` is a multiple of their length. The last bar of a session ends at its close.
    """

    def start_of(bar: Bar) -> tuple[int, int]:
        number = (bar.start - bar.session_open) // timeframe_ns
        return bar.session_open, bar.session_open + number * timeframe_ns

    return [
        _joined(start, list(part), timeframe_ns) for (_, start), part in groupby(bars, start_of)
    ]


def _joined(start: int, parts: list[Bar], timeframe_ns: int) -> Bar:
    first, last = parts[0], parts[-1]
    return first._replace(
        start=start,
        end=min(start + timeframe_ns, first.session_close),
        high=max(bar.high for bar in parts),
        low=min(bar.low for bar in parts),
        close=last.close,
        volume=sum(bar.volume for bar in parts),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
