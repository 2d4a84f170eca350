"""The stop: when it is breached, and how much is closed (SEMANTICS, "Exits of one position")."""

from __future__ import annotations

from daemon.domain.events import ExitDemand
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.exits.partial import part_of
from daemon.execution.exits.rule import NOWHERE, Elsewhere, Exit, ExitRule


class StopLossManager(ExitRule):
    """Close a part at the first breach of a losing stop, everything at a later one."""

    def __init__(self, elsewhere: Elsewhere = NOWHERE) -> None:
        self._elsewhere = elsewhere

    def behind(self, position: Position) -> int | None:
        """Return the stop, unless the exchange watches it or it goes by another price."""
        if position.exits.stop_basis or self._elsewhere.holds_stop(position):
            return None
        return position.stop_paise

    def exit_at(self, position: Position, ltp_paise: int) -> Exit | None:
        """Return the exit for a price at the stop."""
        if not self.check_stop_loss(position, ltp_paise) or self._elsewhere.holds_stop(position):
            return None
        demand = self.execute_stop_loss(position, ltp_paise)
        return Exit(OrderState.SL_PENDING, self.reason(position), demand)

    def check_stop_loss(self, position: Position, ltp_paise: int) -> bool:
        """Return whether the price is at the stop or through it."""
        stop = position.stop_paise
        return stop is not None and position.sign * (ltp_paise - stop) <= 0

    def execute_stop_loss(self, position: Position, ltp_paise: int) -> ExitDemand:
        """Return the exit for this breach: partial or full."""
        partial = self.partial_quantity(position)
        return ExitDemand(
            quantity=partial or position.quantity,
            partial=partial > 0,
            level_paise=position.stop_paise or 0,
            ltp_paise=ltp_paise,
        )

    def partial_quantity(self, position: Position) -> int:
        """Return the whole lots that a partial exit would close now, 0 if the exit must be full."""
        if not self._wants_a_part(position):
            return 0
        return part_of(position.quantity, position.lot_size, position.exits.partial_exit_pct)

    def lacks_a_lot(self, position: Position) -> bool:
        """Return whether a partial exit is due now and only the lot size prevents it."""
        return self._wants_a_part(position) and not self.partial_quantity(position)

    def _wants_a_part(self, position: Position) -> bool:
        rules = position.exits
        if not rules.enable_partial_exit or position.on_rest or position.initial_stop_paise is None:
            return False
        stop = position.stop_paise
        assert stop is not None
        losing = position.sign * (stop - position.entry_paise) < 0
        return losing or rules.partial_exit_when == "always"

    def reason(self, position: Position) -> str:
        """Return which stop this is: that of the rule that moved it, the rest's or the first."""
        return position.stop_moved_by or ("stop_loss_rest" if position.on_rest else "stop_loss")
