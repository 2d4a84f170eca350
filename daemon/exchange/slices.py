"""Orders above the freeze quantity are sent in slices (F60)."""

from __future__ import annotations

from typing import Final

MAX_SLICES: Final = 10
SLICE_EVERY_NS: Final = 100_000_000


def slice_quantities(quantity: int, freeze: int, lot: int) -> list[int]:
    """Return the quantities of the slices: whole lots up to the freeze quantity, the rest last."""
    if not freeze or quantity <= freeze:
        return [quantity]
    largest = freeze // lot * lot
    full, rest = divmod(quantity, largest)
    return [largest] * full + ([rest] if rest else [])
