"""Charges of entries, handed on to the exits that close them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from typing import Final

from daemon.domain.events import Fill
from daemon.domain.ledger import Ledger

NO_CHARGES: Final = Decimal(0)
_PAISA: Final = Decimal("0.01")


class EntryCharges:
    """The charges of each entry that no exit has taken over yet, exact rupees by order id."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin with the open positions of `ledger`.

        Of a position from before, all that was charged so far counts: its exits are not known.
        """
        self._left = {held.order_id: held.charges for held in ledger.open_positions()}

    def recall(self, order_id: str, fills: Iterable[tuple[bool, Fill]]) -> None:
        """Learn exactly what is left of an open position, from its fills so far.

        Each fill says whether it is an entry's.
        """
        self._left.pop(order_id, None)
        quantity = 0
        for is_entry, fill in fills:
            if is_entry:
                self.enter(order_id, Decimal(fill.charges.total))
                quantity += fill.quantity
            else:
                self.take(order_id, fill.quantity, quantity)
                quantity -= fill.quantity

    def enter(self, order_id: str, charges: Decimal) -> None:
        """Take the charges of an entry's fill, or of a further part of it."""
        self._left[order_id] = self._left.get(order_id, NO_CHARGES) + charges

    def left(self, order_id: str) -> Decimal:
        """Return what no exit has taken over yet."""
        return self._left.get(order_id, NO_CHARGES)

    def take(self, order_id: str, quantity: int, open_before: int) -> Decimal:
        """Return the share of an exit of `quantity` of the `open_before` units, whole paise.

        The last exit takes what is left.
        """
        left = self._left[order_id]
        if quantity == open_before:
            return self._left.pop(order_id)
        share = (left * quantity / open_before).quantize(_PAISA, ROUND_DOWN)
        self._left[order_id] = left - share
        return share
