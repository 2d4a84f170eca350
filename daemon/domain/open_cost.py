"""What open quantities cost, and what a daily mark has already paid of their result."""

from __future__ import annotations

import msgspec


class OpenCost(msgspec.Struct, kw_only=True, gc=False):
    """One open quantity at its cost; `quantity` is signed, `cost_paise` is never negative.

    `marked_paise` is what daily marks have paid for what is open; below 0 = they took it.
    """

    quantity: int = 0
    cost_paise: int = 0
    marked_paise: int = 0

    @property
    def units(self) -> int:
        """The open quantity without its sign."""
        return abs(self.quantity)

    @property
    def sign(self) -> int:
        """+1 for a long or nothing, -1 for a short."""
        return -1 if self.quantity < 0 else 1

    def result_paise(self, price_paise: int) -> int:
        """Return what closing it at a price would add, counted from its cost, gross."""
        return price_paise * self.quantity - self.sign * self.cost_paise

    def trade(self, signed: int, price_paise: int) -> int:
        """Add a signed quantity at a price; return how much cash moves, gross, paise.

        A reduction takes the proportional share of the cost, rounded down, as the ledger does, and
        the same share of what marks have paid: that is not paid again.
        """
        moved = 0
        if signed * self.quantity < 0:
            closed = min(abs(signed), abs(self.quantity))
            moved = self._close(closed, price_paise)
            signed += closed if signed < 0 else -closed
        if signed:
            self.quantity += signed
            self.cost_paise += abs(signed) * price_paise
        return moved

    def _close(self, closed: int, price_paise: int) -> int:
        cost = self.cost_paise * closed // abs(self.quantity)
        marked = self.marked_paise * closed // abs(self.quantity)
        realized = self.sign * (price_paise * closed - cost)
        self.cost_paise -= cost
        self.marked_paise -= marked
        self.quantity -= self.sign * closed
        return realized - marked

    def mark(self, close_paise: int) -> int:
        """Mark it to a close; return how much cash moves, paise."""
        before, self.marked_paise = self.marked_paise, self.result_paise(close_paise)
        return self.marked_paise - before
