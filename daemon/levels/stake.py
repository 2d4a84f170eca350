"""What a combined result depends on: signed quantities, and the part that no price changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from daemon.domain.position import Position
from daemon.levels.terms import Money


class Stake(NamedTuple):
    """A result is `fixed` plus the sum of quantity x last price; paise.

    `quantities` are signed, by index of the instrument, none of them 0.
    """

    quantities: Mapping[int, int]
    fixed: Money

    @property
    def units(self) -> int:
        """Return the sum of the absolute quantities."""
        return sum(map(abs, self.quantities.values()))

    def result(self, prices: Mapping[int, int]) -> Money:
        """Return the result at last prices (paise) by instrument."""
        return self.fixed + sum(
            quantity * prices[index] for index, quantity in self.quantities.items()
        )


NOTHING = Stake({}, 0)


def stake_of(held: Iterable[tuple[int, Position]], realized: Money) -> Stake:
    """Return the stake of open positions by index of instrument, and of what is realized."""
    quantities: dict[int, int] = {}
    fixed = realized
    for index, position in held:
        quantities[index] = quantities.get(index, 0) + position.sign * position.quantity
        fixed -= position.sign * position.cost_paise
    return Stake({index: units for index, units in quantities.items() if units}, fixed)
