"""Orders that wait for their trigger (F30, F31)."""

from __future__ import annotations

from daemon.domain.exchange_order import ExchangeOrder
from daemon.market.triggers import TriggerBook


class PendingStops:
    """Keep stops by instrument; a tick costs two comparisons, and triggers fire by arrival."""

    def __init__(self, instruments: int) -> None:
        self._triggers = [TriggerBook() for _ in range(instruments)]
        self._orders: dict[int, ExchangeOrder] = {}

    def any_at(self, instrument: int) -> bool:
        """Return whether a stop waits at an instrument."""
        return len(self._triggers[instrument]) > 0

    def levels_at(self, instrument: int) -> tuple[int, int]:
        """Return the nearest triggers of an instrument below and above, in paise."""
        triggers = self._triggers[instrument]
        return triggers.nearest_below(), triggers.nearest_above()

    def watch(self, order: ExchangeOrder) -> None:
        """Wait for an order's trigger, in its place among the arrivals."""
        level = order.trigger_paise
        self._orders[order.arrival] = order
        self._triggers[order.terms.instrument].set(
            order.arrival,
            below=None if order.is_buy else level,
            above=level if order.is_buy else None,
        )

    def forget(self, order: ExchangeOrder) -> None:
        """Wait for an order's trigger no longer."""
        self._triggers[order.terms.instrument].clear(order.arrival)
        self._orders.pop(order.arrival, None)

    def fire(self, instrument: int, ltp: int) -> list[int]:
        """Remove and return the arrivals whose trigger a price has met, in their order."""
        return self._triggers[instrument].fire(ltp)

    def take(self, arrival: int) -> ExchangeOrder | None:
        """Remove and return the stop of an arrival, None if it was withdrawn meanwhile."""
        return self._orders.pop(arrival, None)
