"""What an account holds, as a broker is asked about it: net by symbol and product."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.position import Position

HeldRow = tuple[str, str, int]
"""A tradingsymbol, a product and a signed quantity."""


def held_rows(positions: Iterable[Position]) -> tuple[HeldRow, ...]:
    """Return what is held, in a fixed order, without what nets to nothing."""
    net: dict[tuple[str, str], int] = {}
    for position in positions:
        key = position.tradingsymbol, position.product
        net[key] = net.get(key, 0) + position.sign * position.quantity
    return tuple((*key, quantity) for key, quantity in sorted(net.items()) if quantity)
