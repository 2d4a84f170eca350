"""What happens when an account uses more of its cash: alerts, and forced closes if asked for."""

from __future__ import annotations

from typing import Final

from daemon.domain.inputs import BrokerMargin
from daemon.execution.account_recorder import AccountRecorder
from daemon.execution.demands import Demands
from daemon.execution.margin_desk import MarginDesk
from daemon.execution.margin_shortfall import Shortfall
from daemon.margin.levels import SHORT, Use, moves

REASON: Final = "margin_shortfall"


class MarginAlerts:
    """Record each level that is passed, once; close positions of a short account at a minute.

    The levels are in the ledger, so a level that was told is not told again after a start.
    """

    def __init__(self, margin: MarginDesk, recorder: AccountRecorder, demands: Demands) -> None:
        self._margin = margin
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._demands = demands
        self._shortfall = Shortfall(margin)

    def decided(self) -> None:
        """Compute the figures again if anything was decided since, and tell."""
        self._tell(self._margin.refresh())

    def minute_passed(self) -> None:
        """Compute the figures of a passed minute, tell, and close what is too much."""
        use = self._margin.minute_passed()
        self._tell(use)
        if use is not None and use.level >= SHORT and self._margin.squares_off:
            self._demands.drop_entries(REASON)
            for position in self._shortfall.to_close():
                if position.order_id:
                    self._demands.exit_order(position.order_id, REASON)
                else:
                    self._demands.close_untraded(position.instrument, position.product, REASON)

    def answered(self, answer: BrokerMargin) -> None:
        """Take the broker's figure, compute again, and tell."""
        self._tell(self._margin.answered(answer))

    def _tell(self, use: Use | None) -> None:
        if use is None:
            return
        for level in moves(self._ledger.margin.level, use.level):
            self._recorder.margin_moved(
                level,
                blocked=use.blocked,
                reserved=use.reserved,
                cash=use.cash,
                peak=self._margin.peak_rupees,
            )
