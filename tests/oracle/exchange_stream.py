"""The random feed of one contract: what books and prices do, and what feeds do wrong."""

from __future__ import annotations

import random
from typing import Any

from tests.oracle.exchange_scenario import Contract, Levels, Tick


class Stream:
    """The moving book of one contract."""

    def __init__(self, rng: random.Random, contract: Contract, start: int) -> None:
        self.rng = rng
        self.contract = contract
        self.ltp = start
        self.volume = 0 if rng.random() < 0.5 else rng.randint(1, 50) * contract.lot
        self.depth = rng.random() < 0.85
        self.quotes = rng.random() < 0.6
        """Whether rows without depth bring bid and ask."""
        self.bare_rows = rng.randint(1, 15) if rng.random() < 0.12 else 0
        """How many rows come before the first with depth."""
        self.volumes = rng.random() < (0.93 if self.depth else 0.6)
        self.ltqs = rng.random() < 0.8
        self.last: tuple[Levels, Levels] | None = None
        self.trades = rng.random() < 0.93
        self.calm = rng.random() < 0.3
        """Whether the book mostly stays, and is traded at its best prices: queues move."""
        self.odd = rng.random() < 0.3
        """Whether volume grows by parts of a lot too."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def size(self) -> int:
        lots = self.rng.choice((1, 1, 1, 2, 2, 3, 5, 10, 40))
        odd = self.rng.randint(1, self.contract.lot) if self.chance(0.03) else 0
        return lots * self.contract.lot + odd

    def side(self, first: int, sign: int) -> Levels:
        """One side of the book, from its best."""
        count = self.rng.choice((5, 5, 5, 5, 5, 3, 1, 0)) if self.chance(0.5) else 5
        found = []
        price = first
        for _ in range(count):
            if price < self.contract.step_paise:
                break
            found.append((price, self.size()))
            price += sign * self.contract.step_paise * self.rng.choice((1, 1, 1, 2, 4))
        return tuple(found)

    def nudged(self, side: Levels) -> Levels:
        """The same prices with one size changed."""
        if not side:
            return side
        at = self.rng.randrange(len(side))
        return tuple(
            (price, self.size() if place == at else size)
            for place, (price, size) in enumerate(side)
        )

    def book(self) -> tuple[Levels, Levels]:
        step = self.contract.step_paise
        if self.last is not None and self.chance(0.85 if self.calm else 0.45):
            bids, asks = self.last
            return (self.nudged(bids), asks) if self.chance(0.5) else (bids, self.nudged(asks))
        if self.last is not None and self.chance(0.1):
            return self.last
        bid = self.ltp - step * self.rng.choice((0, 0, 1, 1, 2, -1))
        ask = max(bid, step) + step * self.rng.choice((1, 1, 1, 2, 3))
        if self.chance(0.1):
            ask += self.ltp // 4 // step * step + 10 * step
        if self.chance(0.03):
            ask = bid - step * self.rng.choice((0, 1))
        return self.side(max(bid, step), -1), self.side(max(ask, step), 1)

    def move(self) -> None:
        step = self.contract.step_paise
        if self.calm and self.last is not None and self.chance(0.9):
            bests = [side[0][0] for side in self.last if side]
            self.ltp = self.rng.choice([*bests, self.ltp])
            return
        away = self.rng.choice((0, 0, 0, 1, -1, 1, -1, 2, -2, 5, -5))
        if self.chance(0.03):
            away = self.rng.choice((40, -40, 15, -15))
        self.ltp = max(step, self.ltp + step * away)

    def broken(self) -> tuple[Levels, Levels]:
        """A book that is dropped: it crosses, is not in order, or shows a price twice."""
        step = self.contract.step_paise
        if self.last is None or self.chance(0.5) or len(self.last[0]) < 2:
            return self.side(self.ltp + step, -1), self.side(self.ltp, 1)
        bids, asks = self.last
        return (bids[::-1], asks) if self.chance(0.5) else ((bids[0], *bids), asks)

    def tick(self) -> Tick:
        """The next row."""
        self.move()
        if self.trades and self.chance(0.7):
            self.volume += self.rng.choice((1, 1, 1, 2, 2, 3, 8)) * self.contract.lot
            if self.odd:
                self.volume += self.rng.randint(1, self.contract.lot)
        volume = self.volume if self.volumes and not self.chance(0.04) else None
        if volume is not None and self.chance(0.05):
            volume = max(0, volume - self.rng.randint(1, 5) * self.contract.lot)
        ltq = self.size() if self.ltqs and not self.chance(0.1) else None
        believed = not self.chance(0.04)
        fields: dict[str, Any] = {"ltq": ltq, "volume": volume, "believed": believed}
        self.bare_rows -= 1
        if self.depth and self.bare_rows < 0 and not self.chance(0.04):
            bids, asks = self.broken() if self.chance(0.04) else self.book()
            self.last = (bids, asks)
            return Tick(symbol=self.contract.symbol, ltp=self.ltp, bids=bids, asks=asks, **fields)
        if self.quotes and self.chance(0.8):
            step = self.contract.step_paise
            fields["bid"] = max(step, self.ltp - step) if not self.chance(0.05) else None
            fields["ask"] = self.ltp + step if not self.chance(0.05) else None
        return Tick(symbol=self.contract.symbol, ltp=self.ltp, **fields)
