"""How the rules of a list share one position: the first exit, the best stop, the nearest level."""

from __future__ import annotations

import pytest

from daemon.domain.events import ExitDemand
from daemon.domain.instrument import Universe
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.costs import Costs
from daemon.execution.exits.coroutine import (
    Leave,
    MoveStop,
    Wake,
    best_move,
    decide,
    nearest_levels,
)
from daemon.execution.exits.rule import Exit, ExitRule, StopMove
from daemon.execution.exits.rules import exit_rules
from daemon.market.moment import Moment
from tests.kit.drive import FixedRules
from tests.kit.market import a_position


class Moves(ExitRule):
    """Moves the stop to one price; `steps` tells the rules apart."""

    def __init__(self, stop: int | None, steps: int = 0) -> None:
        self._stop = stop
        self._steps = steps

    def stop_at(self, position: Position, ltp_paise: int) -> StopMove | None:
        if self._stop is None:
            return None
        return StopMove(self._stop, self._steps, ltp_paise)


class Leaves(ExitRule):
    """Leaves at every price for one reason."""

    def __init__(self, reason: str) -> None:
        self._exit = Exit(OrderState.EXIT_PENDING, reason, ExitDemand(quantity=1))

    def exit_at(self, position: Position, ltp_paise: int) -> Exit | None:
        return self._exit


class Waits(ExitRule):
    """Waits at a level on either side."""

    def __init__(self, ahead: int | None, behind: int | None) -> None:
        self._levels = ahead, behind

    def ahead(self, position: Position) -> int | None:
        return self._levels[0]

    def behind(self, position: Position) -> int | None:
        return self._levels[1]


@pytest.mark.parametrize(("side", "best"), [("BUY", 9800), ("SELL", 9700)])
def test_of_several_moves_the_best_for_the_position_wins(side: str, best: int) -> None:
    rules = [Moves(9700), Moves(None), Moves(9800), Moves(9750)]
    move = best_move(a_position(side), rules, 10200)
    assert move is not None
    assert move.stop_paise == best


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_of_two_equal_moves_the_earlier_rule_wins(side: str) -> None:
    move = best_move(a_position(side), [Moves(9700, 1), Moves(9700, 2)], 10200)
    assert move == StopMove(9700, 1, 10200)


def test_the_first_exit_wins_over_later_ones_and_over_every_move() -> None:
    rules = [Moves(9700), Leaves("one"), Leaves("two")]
    request = decide(a_position(), rules, Wake(ltp_paise=10000))
    assert isinstance(request, Leave)
    assert request.leaving.reason == "one"


def test_without_an_exit_the_stop_moves_and_without_either_nothing_is_asked() -> None:
    request = decide(a_position(), [Moves(9700)], Wake(ltp_paise=10000))
    assert isinstance(request, MoveStop)
    assert request.move.stop_paise == 9700
    assert decide(a_position(), [Moves(None)], Wake(ltp_paise=10000)) is None
    assert decide(a_position(), [Moves(9700)], Wake(bars_held=3)) is None


def test_a_position_waits_at_the_nearest_level_on_either_side() -> None:
    rules = [Waits(110, 90), Waits(105, 80), Waits(None, 95)]
    long, short = (
        nearest_levels(a_position("BUY"), rules),
        nearest_levels(a_position("SELL"), rules),
    )
    assert (long.below, long.above) == (95, 105)
    assert (short.below, short.above) == (110, 80)
    nothing = nearest_levels(a_position(), [])
    assert (nothing.below, nothing.above) == (None, None)


def test_a_demand_asks_no_rule() -> None:
    request = decide(a_position(), [Leaves("one")], Wake(demand="kill_switch"))
    assert isinstance(request, Leave)
    assert request.leaving == Exit(OrderState.EXIT_PENDING, "kill_switch", ExitDemand(quantity=50))


def test_the_rules_of_the_engine_ask_in_the_order_of_their_rank() -> None:
    costs = Costs(FixedRules({}), Universe([]), Moment(), charged=False)
    assert [type(rule).__name__ for rule in exit_rules(costs)] == [
        "TakeProfitManager", "StopLossManager", "BreakEvenManager", "TrailingStopManager",
        "StepTrailManager", "TimeStopManager",
    ]  # fmt: skip
