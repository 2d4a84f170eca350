"""How much of the cash is used, as the levels that an account is alerted at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from daemon.domain.money import PAISE_PER_RUPEE

LEVELS: Final = (90, 100)
"""Percent of the cash."""
SHORT: Final = 100


class Use(NamedTuple):
    """What is used of the cash: rupees that are blocked, paise of premium that is reserved."""

    blocked: int
    reserved: int
    cash: int
    """Paise."""

    @property
    def shortfall(self) -> int:
        """What is used more than the cash, paise; less than 0 while some is left."""
        return self._used - self.cash

    @property
    def level(self) -> int:
        """The highest level that is passed, 0 for none; cash below 0 passes all of them."""
        used = self._used
        passed = (level for level in LEVELS if 100 * used > level * self.cash)
        return max(passed, default=0)

    @property
    def _used(self) -> int:
        return self.blocked * PAISE_PER_RUPEE + self.reserved


def moves(known: int, level: int) -> Iterator[int]:
    """Yield the levels to tell on the way from the known one: up one by one, down at once."""
    if level < known:
        yield level
    yield from (each for each in LEVELS if known < each <= level)
