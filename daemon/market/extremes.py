"""Best and worst price since any entry, exact, without touching a position per tick (D15).

Ticks are first folded into segments (one high and one low; the book does that anyway for its
bars); a new segment begins at every entry, so "since the entry" is "from that segment on".
"""

from __future__ import annotations

from bisect import bisect_left


class Extremes:
    """Monotone stacks of (segment, price): the highest and lowest price since any segment."""

    __slots__ = ("_high_prices", "_high_segments", "_low_prices", "_low_segments", "segment")

    def __init__(self) -> None:
        self.segment = 0
        self._high_segments: list[int] = []
        self._high_prices: list[int] = []
        self._low_segments: list[int] = []
        self._low_prices: list[int] = []

    def push(self, high: int, low: int) -> None:
        """A segment ended with these extremes (paise)."""
        prices = self._high_prices
        while prices and prices[-1] <= high:
            prices.pop()
            self._high_segments.pop()
        prices.append(high)
        self._high_segments.append(self.segment)
        prices = self._low_prices
        while prices and prices[-1] >= low:
            prices.pop()
            self._low_segments.pop()
        prices.append(low)
        self._low_segments.append(self.segment)
        self.segment += 1

    def high_since(self, segment: int) -> int | None:
        """The highest price of the ended segments from `segment` on, None if there is none."""
        at = bisect_left(self._high_segments, segment)
        return self._high_prices[at] if at < len(self._high_prices) else None

    def low_since(self, segment: int) -> int | None:
        """The lowest price of the ended segments from `segment` on, None if there is none."""
        at = bisect_left(self._low_segments, segment)
        return self._low_prices[at] if at < len(self._low_prices) else None

    def forget(self) -> None:
        """Nobody asks any more: drop what is kept (the segment number goes on)."""
        for each in (
            self._high_segments, self._high_prices, self._low_segments, self._low_prices,
        ):  # fmt: skip
            each.clear()
