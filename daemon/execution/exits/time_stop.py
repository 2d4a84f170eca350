"""The time stop: a position is closed after a number of bars without stop or target.

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

from daemon.domain.events import ExitDemand
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.exits.rule import Exit, ExitRule


class TimeStopManager(ExitRule):
    """Count the bars held; 0 bars mean no time stop."""

    def bars(self, position: Position) -> int:
        """Return the number of bars that the position may be held."""
        return position.exits.time_stop_bars

    def exit_after(self, position: Position, bars_held: int) -> Exit | None:
        """Return the full exit once the bars have been held."""
        if not self.check_time_stop(position, bars_held):
            return None
        demand = self.execute_time_stop(position, bars_held)
        return Exit(OrderState.EXIT_PENDING, "time_stop", demand)

    def check_time_stop(self, position: Position, bars_held: int) -> bool:
        """Return whether the position has been held for its number of bars."""
        limit = position.exits.time_stop_bars
        return 0 < limit <= bars_held

    def execute_time_stop(self, position: Position, bars_held: int) -> ExitDemand:
        """Return the full exit with the bars that were counted."""
        return ExitDemand(quantity=position.quantity, bars_held=bars_held)
