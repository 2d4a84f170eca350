"""What a clearing house says a unit of each contract may lose: one file of one day."""

from __future__ import annotations

from typing import Final

import msgspec

SCENARIOS: Final = 16
MICRO: Final = 1_000_000


class RiskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One contract: what a bought unit loses in each scenario, its price and its delta.

    `losses` and `price` are micro rupees, `delta` is millionths. Extremes count as they are here.
    """

    name: str
    """Of the underlying."""
    kind: str
    """FUT, CE or PE."""
    expiry: str
    """ISO date."""
    strike_paise: int = 0
    losses: tuple[int, ...]
    price: int
    delta: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What names the contract."""
        return self.name, self.kind, self.expiry, self.strike_paise


class CalendarRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a spread of one delta between two expiries costs, micro rupees, in order of priority."""

    name: str
    first: str
    second: str
    rate: int


class RiskArrays(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one business date (ISO) that a universe may need."""

    date: str
    rows: tuple[RiskRow, ...] = ()
    calendars: tuple[CalendarRow, ...] = ()
