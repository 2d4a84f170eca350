"""Fills of orders without a trade, with what each of them realized."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.booked_fills import untraded_fill
from daemon.domain.events import ExchangeOrderMoved, Fill, TradingEvent
from daemon.domain.ledger import Ledger


class UntradedFill(NamedTuple):
    """A fill that belongs to no trade, and its gross result, paise."""

    event: ExchangeOrderMoved
    fill: Fill
    gross_paise: int


class UntradedFills:
    """Find them in the events that a ledger takes; a netted position has its result by fill."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin after the events that the ledger has."""
        self._ledger = ledger
        self._realized = ledger.untraded.realized_paise

    def take(self, event: TradingEvent) -> UntradedFill | None:
        """Return the fill of an event that the ledger has just taken, None for most."""
        found = untraded_fill(event)
        if found is None:
            return None
        before, self._realized = self._realized, self._ledger.untraded.realized_paise
        return UntradedFill(*found, self._realized - before)
