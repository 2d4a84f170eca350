"""Best and worst price since any entry, exact, without touching a position per tick (D15).

Ticks are first folded into segments (one high and one low; the book does that anyway for its
bars); a new segment begins at every entry, so "since the entry" is "from that segment on".
"""

from __future__ import annotations

from bisect import bisect_left


class Extremes:
    """Monotone stacks of (segment, price): the highest and lowest price since any segment."""

    __slots__ = (
        "_high_prices",
        "_high_segments",
        "_low_prices",
        "_low_segments",
        "segment",
        "wanted",
    )

    def __init__(self) -> None:
        self.segment = 0
        self.wanted = False
        """True while an entry needs them; set by `begin`, cleared by `forget`."""
        self._high_segments: list[int] = []
        self._high_prices: list[int] = []
        self._low_segments: list[int] = []
        self._low_prices: list[int] = []

    def push(self, high: int, low: int) -> None:
        """Record extremes (paise) seen in the open segment.

        A segment keeps one high and one low, so there are never more than there were entries.
        """
        prices, segments = self._high_prices, self._high_segments
        while prices and prices[-1] <= high:
            prices.pop()
            segments.pop()
        if not segments or segments[-1] != self.segment:
            prices.append(high)
            segments.append(self.segment)
        prices, segments = self._low_prices, self._low_segments
        while prices and prices[-1] >= low:
            prices.pop()
            segments.pop()
        if not segments or segments[-1] != self.segment:
            prices.append(low)
            segments.append(self.segment)

    def begin(self) -> int:
        """Begin a segment, which gets what is pushed from now on; return its number."""
        self.segment += 1
        self.wanted = True
        return self.segment

    def high_since(self, segment: int) -> int | None:
        """Return the highest price of the ended segments from `segment` on, else None."""
        at = bisect_left(self._high_segments, segment)
        return self._high_prices[at] if at < len(self._high_prices) else None

    def low_since(self, segment: int) -> int | None:
        """Return the lowest price of the ended segments from `segment` on, else None."""
        at = bisect_left(self._low_segments, segment)
        return self._low_prices[at] if at < len(self._low_prices) else None

    def forget(self) -> None:
        """Drop everything, because no entry needs it (segment numbers keep counting)."""
        self.wanted = False
        for stack in (
            self._high_segments, self._high_prices, self._low_segments, self._low_prices,
        ):  # fmt: skip
            stack.clear()
