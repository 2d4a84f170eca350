"""Rolls: choose the next contracts, close the old ones, enter (P47)."""

from __future__ import annotations

from daemon.chain.choice import Chosen, Never
from daemon.domain.plan_round import Attempt, LegWait, RoundState
from daemon.plans.choosing import choose_leg
from daemon.plans.run import PlanRun, changed, told_of


def roll_now(run: PlanRun) -> None:
    """Begin to roll every open leg, or close them once they have rolled often enough."""
    round_, roll = run.active, run.plan.roll
    assert roll is not None, run.plan.id
    mine = [attempt for attempt in round_.attempts if attempt.state == "OPEN"]
    if round_.state is not RoundState.OPEN or not mine:
        return
    if round_.rolls >= roll.max:
        run.demand_all(mine, "roll_max")
        return
    until = run.desk.moment + run.plan.entry.within_ns
    waits = tuple(
        LegWait(
            leg=attempt.leg,
            goal="roll",
            why="roll",
            side=attempt.side,
            until=until,
            of_leg=attempt.leg,
            of_order=attempt.order_id,
        )
        for attempt in mine
    )
    run.note_waits("roll", {"to": roll.to}, waits)
    roll_on(run)


def roll_on(run: PlanRun) -> None:
    """Choose for the legs that roll; close what can be; enter what is closed."""
    waits = [wait for wait in run.by_leg() if wait.goal == "roll"]
    strikes: dict[str, int] = {}
    closing: list[Attempt] = []
    lost: list[Attempt] = []
    for wait in waits:
        attempt = _rolled(run, wait)
        if attempt.state == "OVER" and attempt.reason != "roll":
            run.note("dropped", wait.leg, {"code": "left"})
        elif attempt.state == "OPEN" and not wait.symbol:
            choice = choose_leg(run, wait.leg, strikes)
            if isinstance(choice, Chosen):
                strikes[wait.leg] = choice.strike_paise
                symbol, basis = run.symbol_of(choice.index), told_of(choice.basis)
                chosen = changed(wait, symbol=symbol, basis=basis)
                run.note("rolling", wait.leg, {"symbol": chosen.symbol}, chosen)
                closing.append(attempt)
            elif isinstance(choice, Never):
                lost.append(attempt)
    if _is_without_a_short(run, lost):
        lost += [attempt for attempt in closing if attempt.sign > 0]
        closing = [attempt for attempt in closing if attempt.sign < 0]
    for attempt in lost:
        run.note("dropped", attempt.leg, {"code": "roll_lost"})
    run.demand_all(closing, "roll")
    run.demand_all(lost, "roll_lost")
    _enter_closed(run)


def _rolled(run: PlanRun, wait: LegWait) -> Attempt:
    return next(each for each in run.active.attempts if each.order_id == wait.of_order)


def _is_without_a_short(run: PlanRun, lost: list[Attempt]) -> bool:
    """Return whether longs of a plan with sold legs have no short to go with."""
    if all(leg.is_long for leg in run.plan.legs):
        return False
    round_ = run.active
    if any(attempt.sign < 0 and attempt not in lost for attempt in round_.alive):
        return False
    return not any(wait.goal == "roll" and wait.side == "SELL" for wait in round_.waits.values())


def _enter_closed(run: PlanRun) -> None:
    """Enter the legs whose close has filled, longs first."""
    ready = [
        wait
        for wait in run.by_leg()
        if wait.goal == "roll" and wait.symbol and _rolled(run, wait).state == "OVER"
    ]
    for wait in sorted(ready, key=lambda each: each.side != "BUY"):
        run.send(wait.leg, wait.symbol, wait.side, "roll", wait.basis)


def lose_rolls(run: PlanRun, due: int) -> None:
    """Close the legs whose next contract could not be chosen in time, shorts first."""
    waits = [wait for wait in run.by_leg() if wait.goal == "roll" and wait.until == due]
    late = [wait for wait in waits if not wait.symbol]
    attempts = [_rolled(run, wait) for wait in late]
    for wait in late:
        run.note("dropped", wait.leg, {"code": "roll_lost"})
    run.demand_all(attempts, "roll_lost")


def roll_is_overdue(run: PlanRun, attempt: Attempt) -> None:
    """Cancel an entry of a roll that has not filled in time."""
    if attempt.state == "WORKING" and attempt.why == "roll":
        run.demand(attempt, "roll_lost")


def lacks_its_long(run: PlanRun) -> bool:
    """Return whether a long could not be rolled and a short is left without it."""
    round_ = run.active
    failed = any(
        attempt.state == "FAILED" and attempt.why == "roll" and attempt.sign > 0
        for attempt in round_.attempts
        if round_.last_of(attempt.leg) is attempt
    )
    return failed and any(attempt.sign < 0 for attempt in round_.alive)
