"""The target: full exit when it is reached (SEMANTICS, "Exits of one position")."""

from __future__ import annotations

from daemon.domain.events import ExitDemand
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.exits.rule import NOWHERE, Elsewhere, Exit, ExitRule


class TakeProfitManager(ExitRule):
    """Close everything at the target."""

    def __init__(self, elsewhere: Elsewhere = NOWHERE) -> None:
        self._elsewhere = elsewhere

    def ahead(self, position: Position) -> int | None:
        """Return the target, unless the exchange watches it or it goes by another price."""
        if position.exits.stop_basis or self._elsewhere.holds_target(position):
            return None
        return position.target_paise

    def exit_at(self, position: Position, ltp_paise: int) -> Exit | None:
        """Return the full exit for a price at the target."""
        reached = self.check_take_profit(position, ltp_paise)
        if not reached or self._elsewhere.holds_target(position):
            return None
        demand = self.execute_take_profit(position, ltp_paise)
        return Exit(OrderState.TP_PENDING, "take_profit", demand)

    def check_take_profit(self, position: Position, ltp_paise: int) -> bool:
        """Return whether the price is at the target or beyond."""
        target = position.target_paise
        return target is not None and position.sign * (ltp_paise - target) >= 0

    def execute_take_profit(self, position: Position, ltp_paise: int) -> ExitDemand:
        """Return the full exit with the level that was reached."""
        return ExitDemand(
            quantity=position.quantity, level_paise=position.target_paise or 0, ltp_paise=ltp_paise
        )
