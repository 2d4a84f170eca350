"""The target: full exit when it is reached (semantics.md section 7)."""

from __future__ import annotations

from daemon.domain.events import ExitDemand
from daemon.domain.position import Position


class TakeProfitManager:
    """Everything leaves at the target."""

    def check_take_profit(self, position: Position, ltp_paise: int) -> bool:
        """Whether the price is at the target or beyond."""
        target = position.target_paise
        return target is not None and position.sign * (ltp_paise - target) >= 0

    def execute_take_profit(self, position: Position, ltp_paise: int) -> ExitDemand:
        """The full exit with the level that was reached."""
        return ExitDemand(
            quantity=position.quantity, level_paise=position.target_paise or 0, ltp_paise=ltp_paise
        )
