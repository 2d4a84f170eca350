"""What a leg does after it has left: complete, to cost, a re-entry (P30 to P33; P30a, 3)."""

from __future__ import annotations

from typing import Final

from daemon.domain.plan_round import AfterKind, Attempt, LegWait, RoundState
from daemon.domain.plan_tally import STOPS
from daemon.plans.leg_exits import move_to_cost
from daemon.plans.momentum import reentry_of
from daemon.plans.run import OTHER, PlanRun, changed
from daemon.plans.terms.leg import Reentry

TARGETS: Final = frozenset({"take_profit", "leg_target_underlying"})


def legs_left(run: PlanRun) -> None:
    """Act on each attempt that has left since the last step, by number."""
    left, run.left = run.left, []
    round_ = run.active
    for attempt in list(round_.attempts):
        is_handled = attempt.order_id not in left
        if not is_handled and round_.state in (RoundState.ENTERING, RoundState.OPEN):
            _leg_left(run, attempt)


def _leg_left(run: PlanRun, attempt: Attempt) -> None:
    kind = after_of(attempt.reason)
    if not kind:
        return
    if run.plan.square_off == "complete":
        run.leave("complete")
        return
    if kind == "stop" and attempt.reason != "to_cost":
        move_to_cost(run, attempt)
    _reenter(run, attempt, kind)


def after_of(reason: str) -> AfterKind:
    """Return whether a reason to leave counts as a stop, as a target, or as neither."""
    if reason in STOPS:
        return "stop"
    return "target" if reason in TARGETS else ""


def _reenter(run: PlanRun, left: Attempt, kind: AfterKind) -> None:
    spec = reentry_of(run.plan, left.leg, kind)
    if spec is None or run.active.used.get(f"{left.leg}/{kind}", 0) >= spec.most:
        return
    if run.is_too_late():
        run.note("not_reentered", left.leg, {"code": "no_reentry_after"})
        return
    leg_id = spec.leg if spec.kind == "lazy" and spec.leg is not None else left.leg
    if spec.kind == "lazy" and _is_busy(run, leg_id):
        run.note("not_reentered", left.leg, {"code": "lazy_busy"})
        return
    wait = LegWait(
        leg=leg_id,
        goal="choose",
        why=spec.kind,
        side=OTHER[left.side] if spec.is_reverse else left.side,
        until=run.desk.now + run.plan.entry.within_ns,
        after=kind,
        of_leg=left.leg,
        of_order=left.order_id,
    )
    if spec.kind == "lazy":
        _arm_lazy(run, wait)
    elif spec.kind == "cost":
        _arm_cost(run, wait, left, spec)
    else:
        run.note("reentry", leg_id, wait=wait)


def _is_busy(run: PlanRun, leg_id: str) -> bool:
    round_ = run.active
    return leg_id in round_.waits or any(attempt.leg == leg_id for attempt in round_.alive)


def _arm_lazy(run: PlanRun, wait: LegWait) -> None:
    """Arm a lazy leg as if its entry time were now."""
    wait = changed(wait, side=run.side_of(wait.leg))
    if run.plan.leg(wait.leg).breakout is not None:
        wait = changed(wait, goal="breakout", until=0)
    run.note("armed", wait.leg, wait=wait)


def _arm_cost(run: PlanRun, wait: LegWait, left: Attempt, spec: Reentry) -> None:
    """Wait until the price comes back to E0 from the side on which the exit filled."""
    same = [
        attempt.entry_paise
        for attempt in run.active.attempts
        if attempt.leg == left.leg and attempt.symbol == left.symbol and attempt.filled
    ]
    cost = same[0] if spec.cost_of == "first" else same[-1]
    wait = changed(
        wait,
        goal="cost",
        symbol=left.symbol,
        reference_paise=cost,
        until=0,
        since=run.desk.now,
        is_above=None if left.exit_paise == cost else left.exit_paise > cost,
    )
    run.note("armed", left.leg, {"level_paise": cost}, wait)
