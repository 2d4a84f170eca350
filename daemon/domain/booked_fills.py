"""Fills in the order in which they were booked, whichever kind of event carries them.

A trade's first entry fill and the last fill of each of its exits are on its own moves; in
`fill_mode: depth` the parts between are on the events of its exchange orders. A fill of an exchange
order that moves the trade makes two events: first its evidence, then the move with its money.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from daemon.domain.events import ExchangeOrderMoved, Fill, OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.domain.position import Position

FILLED = "filled"
"""What happened to an exchange order that filled, and the reason of an entry's fills."""


class BookedFill(NamedTuple):
    """A fill with the event that booked it, why the trade traded, and its exchange order.

    `evidence` is the event of the exchange order, None for a fill that was not made there.
    """

    event: OrderMoved | ExchangeOrderMoved
    fill: Fill
    is_entry: bool
    reason: str
    evidence: ExchangeOrderMoved | None = None


class BookedFills:
    """Find the fills of events that come in their order; keeps why each pending exit began."""

    def __init__(self, before: Iterable[Position] = ()) -> None:
        """Begin after events that left these positions open."""
        self._leaving = {
            position.order_id: position.pending.reason
            for position in before
            if position.pending is not None
        }
        self._evidence: ExchangeOrderMoved | None = None

    @classmethod
    def after(cls, ledger: Ledger) -> BookedFills:
        """Begin after the events that a ledger has."""
        return cls(ledger.positions.values())

    def take(self, event: TradingEvent) -> BookedFill | None:
        """Take the next event; return the fill that it books, None for most."""
        evidence, self._evidence = self._evidence, None
        if isinstance(event, ExchangeOrderMoved):
            return self._take_exchange(event)
        if not isinstance(event, OrderMoved):
            return None
        if event.demand is not None:
            self._leaving[event.order_id] = event.reason
        fill = event.fill
        if fill is None:
            return None
        is_entry = event.to_state is OrderState.FILLED
        if not is_entry:
            self._leaving.pop(event.order_id, None)
        is_there = evidence is not None and evidence.order_id == event.order_id
        return BookedFill(event, fill, is_entry, event.reason, evidence if is_there else None)

    def _take_exchange(self, event: ExchangeOrderMoved) -> BookedFill | None:
        fill = event.fill
        if not event.order_id:  # of no trade
            return None
        if fill is None:
            self._evidence = event if event.kind == FILLED else None
            return None
        reason = self._leaving.get(event.order_id, "") if event.is_exit else FILLED
        return BookedFill(event, fill, not event.is_exit, reason, event)


def fill_of(event: TradingEvent) -> Fill | None:
    """Return the fill of a trade that an event books, None if it books nothing."""
    if isinstance(event, OrderMoved | ExchangeOrderMoved) and event.order_id:
        return event.fill
    return None


def untraded_fill(event: TradingEvent) -> tuple[ExchangeOrderMoved, Fill] | None:
    """Return a fill that belongs to no trade, with its event; None for anything else."""
    if isinstance(event, ExchangeOrderMoved) and not event.order_id and event.fill is not None:
        return event, event.fill
    return None
