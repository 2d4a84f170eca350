"""What a waiting leg waits for: momentum, breakout, cost (P12, P13, P32; P30a, 4)."""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

from daemon.domain.plan_round import LegWait, Numbers, RoundState
from daemon.plans.choosing import enter
from daemon.plans.momentum import momentum_of
from daemon.plans.run import PlanRun, changed

ACTIVE = (RoundState.WAITING, RoundState.ENTERING, RoundState.OPEN)


class Levels(NamedTuple):
    """The prices at which a trigger is met, paise; None: not on that side."""

    below: int | None
    above: int | None

    def are_met(self, price: int) -> bool:
        """Return whether a price is at a level or beyond."""
        met_below = self.below is not None and price <= self.below
        return met_below or (self.above is not None and price >= self.above)


def triggers(run: PlanRun) -> None:
    """Let legs enter whose trigger is met by the last price of the timestamp, in their order."""
    round_ = run.active
    if round_.state not in ACTIVE or not round_.is_chosen:
        return
    for wait in run.by_leg():
        if round_.waits.get(wait.leg) is wait and _may_fire(run, wait) and _is_met(run, wait):
            _fire(run, wait)
    for wait in run.by_leg():
        _may_fire(run, wait)


def _may_fire(run: PlanRun, wait: LegWait) -> bool:
    """Return whether `one_of` lets a leg enter; drop it if another one is in (P11)."""
    group = run.plan.one_of or ()
    if not wait.is_first or wait.leg not in group:
        return True
    rest = [each for each in run.active.attempts if each.leg in group and each.leg != wait.leg]
    if any(attempt.filled for attempt in rest):
        run.drop(wait, "one_of")
        return False
    return all(attempt.state != "WORKING" for attempt in rest)


def _is_met(run: PlanRun, wait: LegWait) -> bool:
    levels = levels_of(run, wait)
    if levels is None or (wait.goal == "cost" and run.desk.now <= wait.since):
        return False
    index = instrument_of(run, wait)
    if index is None:
        price = run.market.seen_reference() if run.market.reference_ticked() else None
    else:
        price = run.market.last(index) if run.market.has_ticked(index) else None
    return price is not None and levels.are_met(price)


def levels_of(run: PlanRun, wait: LegWait) -> Levels | None:
    """Return the prices that a leg waits for, None while it waits for none."""
    if wait.goal == "momentum":
        return _momentum_levels(run, wait)
    if wait.goal == "breakout":
        return _breakout_levels(run, wait)
    if wait.goal != "cost":
        return None
    if wait.is_above is None:
        return Levels(None, 0)  # the exit was at the entry: the next tick, whatever its price
    cost = wait.reference_paise
    return Levels(cost, None) if wait.is_above else Levels(None, cost)


def _momentum_levels(run: PlanRun, wait: LegWait) -> Levels | None:
    momentum = momentum_of(run.plan, wait)
    assert momentum is not None, wait
    reference = wait.reference_paise
    far = momentum.distance.of(reference)
    if momentum.is_up:
        return Levels(None, ceil(reference + far))
    return Levels(floor(reference - far), None)


def _breakout_levels(run: PlanRun, wait: LegWait) -> Levels | None:
    """Return the price step beyond the range, once the range is over."""
    breakout = run.plan.leg(wait.leg).breakout
    range_ = run.active.ranges.get(wait.leg)
    if breakout is None or range_ is None:
        return None
    if breakout.side == "high":
        return Levels(None, range_.high_paise + 1)
    return Levels(range_.low_paise - 1, None)


def instrument_of(run: PlanRun, wait: LegWait) -> int | None:
    """Return the instrument whose price is compared, None for S."""
    leg = run.plan.leg(wait.leg)
    if wait.goal == "breakout":
        assert leg.breakout is not None, wait
        of = leg.breakout.of
    else:
        momentum = momentum_of(run.plan, wait) if wait.goal == "momentum" else None
        of = "premium" if momentum is None else momentum.of
    return None if of == "underlying" else run.index_of(wait.symbol)


def seen(run: PlanRun, wait: LegWait) -> Numbers:
    """Return the price that a leg waited for and the last one that was seen, paise."""
    levels = levels_of(run, wait)
    if levels is None:
        return {}
    index = instrument_of(run, wait)
    last = run.market.seen_reference() if index is None else run.market.last(index)
    level = levels.above if levels.below is None else levels.below
    found = {"level_paise": level, "last_paise": last}
    return {name: price for name, price in found.items() if price}


def _fire(run: PlanRun, wait: LegWait) -> None:
    if wait.symbol:
        enter(run, wait, wait.symbol)
        return
    until = run.desk.now + run.plan.entry.within_ns
    run.note("armed", wait.leg, wait=changed(wait, goal="choose", until=until))
