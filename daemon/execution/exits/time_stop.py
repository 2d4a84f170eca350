"""The time stop: so many bars without stop or target, and the position goes (section 7)."""

from __future__ import annotations

from daemon.domain.events import ExitDemand
from daemon.domain.position import Position


class TimeStopManager:
    """Counts bars held; 0 bars means that there is no time stop."""

    def check_time_stop(self, position: Position, bars_held: int) -> bool:
        """Whether the position has been held for its number of bars."""
        limit = position.exits.time_stop_bars
        return 0 < limit <= bars_held

    def execute_time_stop(self, position: Position, bars_held: int) -> ExitDemand:
        """The full exit with the bars that were counted."""
        return ExitDemand(quantity=position.quantity, bars_held=bars_held)
