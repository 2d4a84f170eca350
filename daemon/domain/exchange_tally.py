"""Counts of the exchange orders of trades: what works, what filled by which rule, how it ended."""

from __future__ import annotations

import msgspec

from daemon.domain.dates import ist_day
from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.exchange_order import OVER_STATES


class ExchangeTally(msgspec.Struct, kw_only=True):
    """Sums over the life of the ledger; only `working` is of the day of the newest event."""

    day: int = 0
    """The IST day of the newest event (`ist_day`): no order lives longer."""
    working: dict[str, None] = {}
    """Ids of the orders that are not over, in flight too, in the order in which they were sent."""
    fills: dict[str, int] = {}
    """Fills by rule."""
    units: dict[str, int] = {}
    """Units filled by rule."""
    refused: dict[str, int] = {}
    """Orders refused, by reason."""
    cancelled: dict[str, int] = {}
    """Orders of which something was cancelled, by reason."""

    def take(self, event: ExchangeOrderMoved) -> None:
        """Count one event."""
        day = ist_day(event.ts)
        if day != self.day:
            self.day = day
            self.working = {}
        if event.state in OVER_STATES:
            self.working.pop(event.exchange_id, None)
        else:
            self.working[event.exchange_id] = None
        if event.kind == "filled":
            _add(self.fills, event.rule, 1)
            _add(self.units, event.rule, event.last_quantity)
        elif event.kind == "rejected":
            _add(self.refused, event.reason, 1)
        elif event.kind == "cancelled":
            _add(self.cancelled, event.reason, 1)


def _add(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + number
