"""Instruments with prices and trigger books, for combined levels without an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from daemon.levels.combined import CombinedLevels, Decision, LastPrice
from daemon.levels.intervals import Interval
from daemon.levels.stake import Stake
from daemon.levels.terms import CombinedTerms, Lock, Money, Steps
from daemon.market.triggers import TriggerBook


class Board:
    """Prices come one by one; `end` ends a timestamp. `valued` counts what was looked at."""

    def __init__(self, size: int) -> None:
        self.prices: dict[int, LastPrice] = {}
        self.books = [TriggerBook() for _ in range(size)]
        self.levels: dict[int, CombinedLevels] = {}
        self.valued = 0
        self._asked = False

    def add(self, terms: CombinedTerms) -> CombinedLevels:
        levels = CombinedLevels(len(self.levels) + 1, terms, self)
        self.levels[levels.key] = levels
        return levels

    def tick(self, index: int, paise: int, ts: int) -> None:
        self.prices[index] = LastPrice(paise, ts)
        for key in self.books[index].fire(paise):
            self.levels[key].reach()

    def end(self) -> Iterator[tuple[int, Decision]]:
        """Yield what is decided at the end of a timestamp, which is nothing if nobody asked."""
        if not self._asked:
            return
        self._asked = False
        for levels in self.levels.values():
            if levels.is_due:
                self.valued += 1
                decision = levels.decide()
                if decision is not None:
                    yield levels.key, decision

    # as a market

    def last_price(self, index: int) -> LastPrice | None:
        return self.prices.get(index)

    def wait(self, key: int, index: int, until: Interval) -> None:
        self.books[index].set(key, below=until.below, above=until.above)

    def forget(self, key: int, index: int) -> None:
        self.books[index].clear(key)

    def ask(self) -> None:
        self._asked = True


class Naive:
    """The same rules as the contract reads: everything valued at the end of every timestamp."""

    def __init__(self, terms: CombinedTerms) -> None:
        self.terms = terms
        self.best: Money = 0
        self.stake = Stake({}, 0)
        self.is_over = False

    def end(self, prices: Mapping[int, LastPrice]) -> tuple[str, Money] | None:
        """Return the level reached and the result, ("", result) for a new floor, else None."""
        if self.is_over or not self.stake.quantities.keys() <= prices.keys():
            return None
        held = self.stake.quantities.items()
        result = self.stake.fixed + sum(units * prices[index].paise for index, units in held)
        floors = self.floors(self.best)
        if floors and result <= max(floors)[0]:
            self.is_over = True
            top = max(floors)[0]
            return [name for floor, name in floors if floor == top][-1], result
        if self.terms.target is not None and result >= self.terms.target:
            self.is_over = True
            return "target", result
        before, self.best = floors, max(self.best, result)
        return None if before == self.floors(self.best) else ("", result)

    def floors(self, best: Money) -> list[tuple[Money, str]]:
        terms, found = self.terms, list[tuple[Money, str]]()
        if terms.stop is not None:
            steps = 0 if terms.trail is None else best // terms.trail.every
            raised = steps * terms.trail.by if terms.trail is not None else 0
            found.append((raised - terms.stop, "trail" if steps else "stop"))
        lock = terms.lock
        if lock is not None and best >= lock.at:
            steps = (best - lock.at) // lock.every if lock.every else 0
            found.append((lock.keep + steps * lock.by, "lock"))
        return found


def rupees(amount: float) -> int:
    return round(amount * 100)


def terms(
    stop: float | Fraction | None = None,
    target: float | None = None,
    trail: tuple[float, float] | None = None,
    lock: tuple[float, ...] | None = None,
) -> CombinedTerms:
    """Terms in rupees: trail (every, by), lock (at, keep) or (at, keep, every, by)."""
    steps = None if trail is None else Steps(every=rupees(trail[0]), by=rupees(trail[1]))
    parts = None if lock is None else dict(zip(("at", "keep", "every", "by"), lock, strict=False))
    return CombinedTerms(
        None if stop is None else rupees(float(stop)),
        None if target is None else rupees(target),
        steps,
        None if parts is None else Lock(**{name: rupees(paise) for name, paise in parts.items()}),
    )
