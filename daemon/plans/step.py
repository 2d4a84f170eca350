"""The step of a plan at the end of a timestamp, in the order of P30a."""

from __future__ import annotations

from daemon.domain.plan_round import RoundState
from daemon.plans.choosing import choices
from daemon.plans.leg_exits import take_references, underlying_levels
from daemon.plans.reentry import legs_left
from daemon.plans.roll import roll_on
from daemon.plans.round_exits import is_overtaken, round_exits
from daemon.plans.rounds import Rounds
from daemon.plans.run import PlanRun
from daemon.plans.triggers import triggers


def plan_step(run: PlanRun, rounds: Rounds) -> None:
    """Do what a timestamp leads to: levels of S, the round's exits, legs, triggers, choices."""
    if run.round is None:
        run.left.clear()
        return
    underlying_levels(run)
    round_exits(run)
    legs_left(run)
    triggers(run)
    if run.active.state is RoundState.OPEN and _rolls(run):
        roll_on(run)
    choices(run)
    rounds.progress()
    if run.round is not None:
        take_references(run)


def _rolls(run: PlanRun) -> bool:
    return any(wait.goal == "roll" for wait in run.active.waits.values())


def needs_every_timestamp(run: PlanRun) -> bool:
    """Return whether the end of every timestamp may lead to something, whatever it brings."""
    round_ = run.round
    if round_ is None:
        return False
    if round_.state is RoundState.WAITING and not round_.is_chosen:
        return True
    if any(
        wait.goal == "choose" or (wait.goal == "roll" and not wait.symbol)
        for wait in round_.waits.values()
    ):
        return True
    return is_overtaken(run)
