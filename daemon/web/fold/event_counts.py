"""Counts over a whole journal that its ledger does not keep, for a monitoring system."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from msgspec.structs import asdict

from daemon.domain.events import Fill
from daemon.domain.order import OrderState

STATUSES = {
    OrderState.FILLED: "COMPLETE",
    OrderState.REJECTED: "REJECTED",
    OrderState.CANCELLED: "CANCELLED",
}
"""What becomes of an entry, in Kite's words."""


class EventCounts:
    """Entries by what became of them, fills by how they were priced, charges by kind (rupees)."""

    def __init__(self) -> None:
        self.orders: Counter[tuple[str, str]] = Counter()
        """By strategy and status."""
        self.fills: Counter[tuple[str, str]] = Counter()
        """By side and the rule of the price."""
        self.charges: dict[str, Decimal] = {}

    def take_end(self, strategy_id: str, state: OrderState) -> None:
        """Count what became of an entry."""
        self.orders[strategy_id, STATUSES[state]] += 1

    def take_fill(self, fill: Fill) -> None:
        """Count a fill, of a trade or of none."""
        self.fills[fill.transaction_type, fill.rule] += 1
        for kind, rupees in asdict(fill.charges).items():
            if kind != "total":
                self.charges[kind] = self.charges.get(kind, Decimal(0)) + Decimal(rupees)
