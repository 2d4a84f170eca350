"""The exit rules in the order in which they are asked."""

from __future__ import annotations

from daemon.execution.costs import Costs
from daemon.execution.exits.break_even import BreakEvenManager
from daemon.execution.exits.rule import NOWHERE, Elsewhere, ExitRule
from daemon.execution.exits.step_trail import StepTrailManager
from daemon.execution.exits.stop_loss import StopLossManager
from daemon.execution.exits.take_profit import TakeProfitManager
from daemon.execution.exits.time_stop import TimeStopManager
from daemon.execution.exits.trailing_stop import TrailingStopManager


def exit_rules(costs: Costs, elsewhere: Elsewhere = NOWHERE) -> tuple[ExitRule, ...]:
    """Return the rules of the v3 engine: the first exit wins, and the best move of the stop.

    If two moves are equally good, the earlier rule wins. The exchange watches what is `elsewhere`.
    """
    return (
        TakeProfitManager(elsewhere),
        StopLossManager(elsewhere),
        BreakEvenManager(costs),
        TrailingStopManager(),
        StepTrailManager(),
        TimeStopManager(),
    )
