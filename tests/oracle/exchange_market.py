"""What the exchange's oracle knows of one instrument: book, taken, growth, belief, LPP's mean."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from tests.oracle.exchange_scenario import SECOND, Contract, Levels, Tick

ENDLESS = 10**12
"""A size that is not known (F1)."""


def crossed(bids: Levels, asks: Levels) -> bool:
    """Whether the row's book is dropped: crossed (equal sides are not), or out of order."""
    if bids and asks and bids[0][0] > asks[0][0]:
        return True
    down = [price for price, _ in bids]
    up = [price for price, _ in asks]
    return down != sorted(set(down), reverse=True) or up != sorted(set(up))


class Market:
    """One instrument. A side is named by the sign of who takes from it: +1 the asks."""

    def __init__(self, contract: Contract, hits: Counter[str]) -> None:
        self.contract = contract
        self.hits = hits
        self.ltp: int | None = None
        self.ltq: int | None = None
        self.levels: dict[int, list[tuple[int, int]]] = {1: [], -1: []}
        self.depth_seen = False
        self.no_book = True
        self.taken: dict[tuple[int, int], int] = {}
        self.volume: int | None = None
        """The running maximum of cumulative volume."""
        self.has_volume = False
        """Whether this tick brings a volume."""
        self.old_row = False
        self.growth = 0
        self.budget = 0
        self.fresh = False
        self.changes = 0
        """How many ticks changed ltp or book."""
        self.rows: list[tuple[int, int, bool]] = []
        """(ts, ltp, with growth) for F62."""

    # ------------------------------------------------------------------ a tick

    def update(self, ts: int, tick: Tick) -> None:
        """F1 to F3: the state that the orders of this tick meet."""
        before = (self.ltp, dict(self.levels))
        self.ltp, self.ltq, self.fresh = tick.ltp, tick.ltq, tick.believed
        self.count_volume(tick.volume)
        self.show(tick)
        self.changes += before != (self.ltp, dict(self.levels))
        self.rows.append((ts, tick.ltp, self.growth > 0))

    def count_volume(self, volume: int | None) -> None:
        """F3: growth is the rise of the running maximum; none at the first row."""
        self.growth, self.old_row = 0, False
        self.has_volume = volume is not None
        if volume is not None:
            if self.volume is not None and volume < self.volume:
                self.old_row = True
                self.hits["F5 old row"] += 1
            elif self.volume is not None:
                self.growth = volume - self.volume
            self.volume = max(volume, self.volume or 0)
        self.budget = self.growth

    def show(self, tick: Tick) -> None:
        """F1: depth, the kept book of a dropped row, the tick's bid and ask, or ltp alone."""
        if tick.bids is not None and tick.asks is not None and not crossed(tick.bids, tick.asks):
            before = self.levels if self.depth_seen else {1: [], -1: []}
            self.depth_seen, self.no_book = True, False
            self.levels = {1: list(tick.asks), -1: list(tick.bids)}
            self.shrink_taken(before)
            if not tick.bids or not tick.asks:
                self.hits["F1 one side"] += 1
        elif self.depth_seen:
            self.hits["F1 dropped row"] += 1
        elif tick.bid is None and tick.ask is None:
            self.no_book = True
            self.hits["F1 no_book"] += 1
            self.levels = {1: [(tick.ltp, ENDLESS)], -1: [(tick.ltp, ENDLESS)]}
        else:
            self.no_book = False
            self.hits["F1 no_depth"] += 1
            self.levels = {
                1: [] if tick.ask is None else [(tick.ask, ENDLESS)],
                -1: [] if tick.bid is None else [(tick.bid, ENDLESS)],
            }

    def shrink_taken(self, before: dict[int, list[tuple[int, int]]]) -> None:
        """F2: by growth at ltp where the size is not lower, then never above displayed."""
        for (side, price), amount in list(self.taken.items()):
            now, was = dict(self.levels[side]), dict(before[side])
            if price not in now:
                self.hits["F2 forgotten"] += 1
                del self.taken[side, price]
                continue
            left = amount
            if self.ltp == price and now[price] >= was.get(price, 0):
                if self.growth:
                    self.hits["F2 growth"] += 1
                left = max(0, amount - self.growth)
            if left > now[price]:
                self.hits["F2 min"] += 1
            self.taken[side, price] = min(left, now[price])

    def forget(self) -> None:
        """F2: after a gap, a silence, the session's end; quotes from before are not believed."""
        if any(self.taken.values()):
            self.hits["F2 gap"] += 1
        self.taken.clear()
        self.fresh = False

    # --------------------------------------------------------------- questions

    def known(self) -> bool:
        """Whether the sizes of the book are known."""
        return self.depth_seen

    def available(self, side: int, price: int) -> int:
        """F2: displayed less taken."""
        size = dict(self.levels[side]).get(price, 0)
        return max(0, size - self.taken.get((side, price), 0))

    def take(self, side: int, price: int, quantity: int) -> None:
        """F2: what we took grows."""
        if self.known():
            self.taken[side, price] = self.taken.get((side, price), 0) + quantity

    def best(self, side: int) -> int | None:
        return self.levels[side][0][0] if self.levels[side] else None

    def beyond_all_five(self, side: int, limit: int) -> bool:
        """F11: five levels are displayed and the limit lies beyond every one."""
        levels = self.levels[side]
        return len(levels) == 5 and all(side * limit > side * price for price, _ in levels)

    def displayed(self, side: int, price: int) -> int | None:
        """F21, F22: the size on the own side of an order of sign `side`; None is unknown."""
        own = self.levels[-side]
        if not self.known():
            better = bool(own) and side * price > side * own[0][0] and not self.no_book
            return 0 if better else None
        if price in dict(own):
            return dict(own)[price]
        if len(own) < 5 or side * price > side * own[-1][0]:
            return 0
        return None

    def reference(self, now: int) -> Fraction | None:
        """F62: the mean ltp of rows with growth in the 30 s before open + k x 30 s."""
        opens = self.contract.opens
        at = opens + (now - opens) // (30 * SECOND) * 30 * SECOND
        rows = [row for row in self.rows if row[0] < at]
        if not rows:
            return None
        inside = [ltp for ts, ltp, grew in rows if grew and ts >= at - 30 * SECOND]
        if inside:
            return Fraction(sum(inside), len(inside))
        return Fraction(rows[-1][1])
