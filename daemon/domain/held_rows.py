"""What an account holds, as a broker is asked about it: net by symbol and product."""

from __future__ import annotations

from daemon.domain.ledger import Ledger

HeldRow = tuple[str, str, int]
"""A tradingsymbol, a product and a signed quantity."""


def held_rows(ledger: Ledger) -> tuple[HeldRow, ...]:
    """Return what trades and orders without one hold, in a fixed order, without what nets out."""
    net: dict[tuple[str, str], int] = {}
    for position in ledger.positions.values():
        key = position.tradingsymbol, position.product
        net[key] = net.get(key, 0) + position.sign * position.quantity
    for untraded in ledger.untraded.positions.values():
        other = untraded.tradingsymbol, untraded.product
        net[other] = net.get(other, 0) + untraded.quantity
    return tuple((*key, quantity) for key, quantity in sorted(net.items()) if quantity)
