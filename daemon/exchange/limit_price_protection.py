"""The exchange's limit price protection (F62), unverified and off unless switched on.

A LIMIT must lie within a range around a reference: the mean of the trades of the 30 seconds before,
taken again every 30 seconds from the open on. Rows with growth stand for the trades.
"""

from __future__ import annotations

from typing import Final

from daemon.domain.money import ceil_to_tick, floor_to_tick
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.refusals import Refused

_SPAN_NS: Final = 30_000_000_000
_LOW_PREMIUM_PAISE: Final = 5_000
_LOW_PREMIUM_RANGE_PAISE: Final = 2_000


class LimitPriceProtection:
    """Keep the reference of one instrument as an exact fraction: a sum of prices and a count."""

    def __init__(self) -> None:
        self._span = -1
        self._sum = 0
        self._count = 0
        self._last = 0
        self._reference: tuple[int, int] | None = None

    def add(self, book: DepthBook, ts: int) -> None:
        """Take the book's last tick, of `ts` (UTC ns)."""
        self._advance(book, ts)
        if book.growth:
            self._sum += book.ltp
            self._count += 1
        self._last = book.ltp

    def refuse(self, book: DepthBook, is_buy: bool, limit: int, now: int) -> Refused | None:
        """Refuse a limit beyond the range, limits inclusive; nothing before the first price."""
        self._advance(book, now)
        if self._reference is None or book.instrument.instrument_type == "EQ":
            return None
        low, high = self._range(book, *self._reference)
        if (limit > high) if is_buy else (limit < low):
            return Refused("lpp", {"price_paise": limit, "low_paise": low, "high_paise": high})
        return None

    def _advance(self, book: DepthBook, now: int) -> None:
        span = (now - book.day.opens) // _SPAN_NS
        if span == self._span:
            return
        if span == self._span + 1 and self._count:
            self._reference = (self._sum, self._count)
        elif self._last:
            self._reference = (self._last, 1)
        self._span, self._sum, self._count = span, 0, 0

    @staticmethod
    def _range(book: DepthBook, total: int, count: int) -> tuple[int, int]:
        if not book.instrument.is_option:
            low, high, whole = 97 * total, 103 * total, 100 * count
        elif total <= _LOW_PREMIUM_PAISE * count:
            away = _LOW_PREMIUM_RANGE_PAISE * count
            low, high, whole = total - away, total + away, count
        else:
            low, high, whole = 60 * total, 140 * total, 100 * count
        step = book.step
        return max(ceil_to_tick(low, whole, step), step), floor_to_tick(high, whole, step)
