"""The market side of the naive oracle: quotes, sessions, fill prices, bars. Written from
SEMANTICS, "Ticks", SEMANTICS, "Candles" and SEMANTICS, "Fills", with exact fractions and no thought
for speed.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from daemon.domain.dates import ist_date
from daemon.domain.money import decimal_from
from daemon.domain.order import Side

SessionTable = Mapping[tuple[dt.date, str], tuple[int, int]]


def fraction(value: float | int) -> Fraction:
    """The decimal that was written."""
    return Fraction(decimal_from(value))


def nearest(value: Fraction, tick: int, *, ties_up: bool) -> int:
    """The multiple of `tick` nearest to `value`."""
    low = math.floor(value / tick) * tick
    above, below = low + tick - value, value - low
    if below == above:
        return low + tick if ties_up else low
    return low if below < above else low + tick


@dataclass(frozen=True)
class Quote:
    """The last in-session tick of an instrument; an absent side is 0."""

    ts: int
    ltp: int
    bid: int
    ask: int
    walked: bool
    after_gap: bool


@dataclass(frozen=True)
class Priced:
    """What the price model says (SEMANTICS, "Fills")."""

    price: int
    rule: str
    base_half: int
    slippage_half: int


def price(quote: Quote, side: Side, mode: str, bps: float, tick: int) -> Priced:
    """Base by mode, moved against the order, snapped, strictly worse if bps > 0.

    See SEMANTICS, "Fills".
    """
    if mode == "mid":
        rule = "mid" if quote.bid and quote.ask else "ltp_for_mid"
        base_half = quote.bid + quote.ask if rule == "mid" else 2 * quote.ltp
    elif mode == "bid_ask":
        own, name = (quote.ask, "ask") if side == "BUY" else (quote.bid, "bid")
        rule = name if own else f"ltp_for_{name}"
        base_half = 2 * (own or quote.ltp)
    else:
        rule, base_half = "ltp", 2 * quote.ltp
    base = Fraction(base_half, 2)
    against = 1 if side == "BUY" else -1
    moved = base * (1 + against * fraction(bps) / 10_000)
    paid = nearest(moved, tick, ties_up=side == "BUY")
    if bps > 0 and against * paid <= against * base:
        paid += against * tick
    paid = max(paid, tick)
    return Priced(paid, rule, base_half, against * (2 * paid - base_half))


class Calendar:
    """Sessions by (date, segment), and the boundaries of timeframes in them."""

    def __init__(self, table: SessionTable) -> None:
        self.table = table
        self._boundaries: dict[tuple[str, int], frozenset[int]] = {}

    def session(self, segment: str, ts: int) -> tuple[int, int] | None:
        """The session of the Indian date of `ts`."""
        return self.table.get((ist_date(ts), segment))

    def is_open(self, segment: str, ts: int) -> bool:
        """Whether `ts` is in [open, close)."""
        found = self.session(segment, ts)
        return found is not None and found[0] <= ts < found[1]

    def boundaries(self, segment: str, step: int) -> frozenset[int]:
        """The end of every bar of `step` ns in every session of the segment."""
        key = (segment, step)
        if key not in self._boundaries:
            found = set()
            for (_, name), (opens, closes) in self.table.items():
                if name == segment:
                    end = opens
                    while end < closes:
                        end = min(end + step, closes)
                        found.add(end)
            self._boundaries[key] = frozenset(found)
        return self._boundaries[key]

    def bar(self, segment: str, step: int, at: int, ts: int) -> tuple[int, int] | None:
        """Start and end of the bar that `at` is in, in the session of `ts`."""
        found = self.session(segment, ts)
        if found is None or not found[0] <= at < found[1]:
            return None
        start = found[0] + (at - found[0]) // step * step
        return start, min(start + step, found[1])


@dataclass
class Bar:
    """A bar being built, paise."""

    start: int
    end: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
