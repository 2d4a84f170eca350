"""The listed strikes of one expiry: the nearest to a level, the n-th from another (P2-P4)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, Literal

from daemon.domain.instrument import Instrument

OptionKind = Literal["CE", "PE"]
Exact = int | Fraction
"""A level in paise, exact: a whole number or what multiplying one by a written number gives."""


class Strikes:
    """The options of one expiry in the universe, in order of strike (paise)."""

    def __init__(self, rows: Iterable[tuple[int, Instrument]]) -> None:
        """Take (index in the universe, option) in any order."""
        by_kind: dict[str, dict[int, int]] = {"CE": {}, "PE": {}}
        for index, option in rows:
            by_kind[option.instrument_type][option.strike_paise] = index
        self._by_kind: Final[Mapping[str, Mapping[int, int]]] = by_kind
        self.listed: Final = tuple(sorted({*by_kind["CE"], *by_kind["PE"]}))

    @property
    def lowest(self) -> int:
        """Return the lowest listed strike."""
        return self.listed[0]

    @property
    def highest(self) -> int:
        """Return the highest listed strike."""
        return self.listed[-1]

    def index_of(self, strike: int, kind: OptionKind) -> int | None:
        """Return the index of a contract in the universe, None if it is not there."""
        return self._by_kind[kind].get(strike)

    def of_kind(self, kind: OptionKind) -> list[int]:
        """Return the strikes that have a contract of this type, ascending."""
        contracts = self._by_kind[kind]
        return [strike for strike in self.listed if strike in contracts]

    def holds(self, level: Exact) -> bool:
        """Return whether a level lies within the listed strikes, its ends included."""
        return self.lowest <= level <= self.highest

    def atm(self, reference: int) -> int:
        """Return the strike nearest to the reference price; a tie goes to the lower (P2)."""
        return self.nearest(reference, tie_to=self.lowest)

    def nearest(self, level: Exact, *, tie_to: int) -> int:
        """Return the strike nearest to a level; of two as near, the one nearer to `tie_to`.

        Two that are as near to `tie_to` as well leave the lower.
        """
        at = bisect_left(self.listed, level)
        around = self.listed[max(0, at - 1) : at + 1]
        return min(around, key=lambda strike: (abs(strike - level), abs(strike - tie_to), strike))

    def step(self, strike: int, steps: int) -> int | None:
        """Return the n-th listed strike above (below: negative) a strike, None beyond the last.

        The strike itself need not be listed, unless `steps` is 0.
        """
        if steps > 0:
            at = bisect_right(self.listed, strike) + steps - 1
        else:
            at = bisect_left(self.listed, strike) + steps
        if not 0 <= at < len(self.listed) or (steps == 0 and self.listed[at] != strike):
            return None
        return self.listed[at]

    def around(self, strike: int, steps: int) -> tuple[int, ...]:
        """Return a listed strike and up to `steps` listed ones on each side."""
        at = bisect_left(self.listed, strike)
        return self.listed[max(0, at - steps) : at + steps + 1]


def away(kind: OptionKind) -> int:
    """Return the direction out of the money: 1 (up) for a call, -1 for a put."""
    return 1 if kind == "CE" else -1
