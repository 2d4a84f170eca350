"""Entries and exits that were decided long after they were due: counted, and the longest kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.domain.events import OrderCreated, OrderMoved, TradingEvent

LATE_NS: Final = 500_000_000
"""A live feed tells the time every 250 ms of silence; what is due in between waits for that."""


class LateDecisions:
    """Compares when something was due with when it was decided, both UTC ns.

    An entry is due when its candle closed or its tick came, an exit when its level was reached or
    its time had come. What fell due before `since`, while no process ran, is not late but missed.
    """

    def __init__(self, since: int) -> None:
        self._since = since
        self.count = 0
        self.longest_ns = 0

    def saw(self, events: Sequence[TradingEvent], now: int) -> None:
        """Take the events of one input, in order, that have just been decided."""
        if not events or now - self._due(events[0]) <= LATE_NS:  # the first was due first
            return
        for event in events:
            lag = now - self._due(event)
            if lag > LATE_NS and _is_decision(event):
                self.count += 1
                self.longest_ns = max(self.longest_ns, lag)

    def counters(self) -> dict[str, int]:
        """Return their number since the start, and the longest in milliseconds."""
        return {
            "late_decisions": self.count,
            "longest_late_decision_ms": self.longest_ns // 1_000_000,
        }

    def _due(self, event: TradingEvent) -> int:
        return max(event.due_ts or event.ts, self._since)


def _is_decision(event: TradingEvent) -> bool:
    """Return whether the event is a new order or the beginning of an exit."""
    return isinstance(event, OrderCreated) or (
        isinstance(event, OrderMoved) and event.demand is not None
    )
