"""The charges of an exchange order over its fills: exact sums, rupees."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.domain.events import Charges

PARTS: Final = Charges.__struct_fields__


class ChargeSums:
    """Add up charges by part. A fill books what it adds to its order, so the sum is one order's."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, Decimal] = dict.fromkeys(PARTS, Decimal(0))

    def add(self, charges: Charges) -> None:
        """Add what one fill was charged."""
        for name in PARTS:
            self._sums[name] += Decimal(getattr(charges, name))

    def of(self, part: str) -> Decimal:
        """Return the sum of a part of `Charges` by its name."""
        return self._sums[part]

    @property
    def total(self) -> Decimal:
        """Return everything, rupees."""
        return self._sums["total"]
