"""The exits of a whole round: its P&L against stop, target, trail and lock (P40 to P45)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.plan_round import Attempt, Numbers, RoundState
from daemon.plans.run import PlanRun
from daemon.plans.terms.plan import Lock, OverallLevel


class Floor(NamedTuple):
    """A P&L at or below which the round leaves, exact paise, and for which reason."""

    paise: Fraction
    reason: str


def round_exits(run: PlanRun) -> None:
    """Leave by the P&L of the timestamp; a new best is kept in whole steps."""
    round_, overall = run.active, run.plan.overall
    if overall is None or round_.state not in (RoundState.ENTERING, RoundState.OPEN):
        return
    if not round_.has_filled:
        return
    pnl, floors, target = value(run), floors_of(run), bound(run, overall.target)
    reached = highest(floors)
    if reached is not None and pnl <= reached.paise:
        run.leave(reached.reason, _numbers(pnl, reached.paise))
    elif target is not None and pnl >= target:
        run.leave("overall_target", _numbers(pnl, target))
    else:
        _keep_best(run, pnl)


def highest(floors: list[Floor]) -> Floor | None:
    """Return the highest floor; of equal ones the lock, which comes last."""
    return max(reversed(floors), key=lambda each: each.paise, default=None)


def value(run: PlanRun) -> int:
    """Return the round's P&L: realized and open at the last prices, whatever their age (P40)."""
    round_, overall = run.active, run.plan.overall
    total = sum(attempt.realized_paise + _open(run, attempt) for attempt in round_.attempts)
    if overall is not None and overall.count_charges:
        charges = sum((attempt.charges for attempt in round_.attempts), start=Decimal(0))
        total -= ceil(charges * PAISE_PER_RUPEE)
    return total


def _open(run: PlanRun, attempt: Attempt) -> int:
    position = run.desk.ledger.positions.get(attempt.order_id)
    price = None if position is None else run.market.last(run.index_of(attempt.symbol))
    return 0 if position is None or price is None else position.unrealized_paise(price)


def bound(run: PlanRun, level: OverallLevel | None) -> Fraction | None:
    """Return a stop or a target of the P&L, exact paise; None without one (P41, P42)."""
    if level is None:
        return None
    if level.rupees_paise is not None:
        return level.rupees_paise
    if level.points_paise is not None:
        return level.points_paise * _smallest_quantity(run)
    share = level.premium_share
    assert share is not None, level
    return abs(premium_basis(run)) * share or None


def _smallest_quantity(run: PlanRun) -> int:
    """Return the smallest quantity of a leg of `legs`, units."""
    lot = run.desk.universe[run.market.tradable[0]].lot_size
    return min(run.lots_of(leg) for leg in run.plan.legs) * lot


def premium_basis(run: PlanRun) -> int:
    """Return the net premium of the first entries of options among `legs`, paise."""
    first = {leg.id for leg in run.plan.legs}
    return sum(
        attempt.sign * attempt.cost_paise
        for attempt in run.active.attempts
        if attempt.number == 0 and attempt.leg in first and run.kind_of(attempt) != "FUT"
    )


def floors_of(run: PlanRun) -> list[Floor]:
    """Return the stop, trailed or not, and the lock, as the best P&L so far has left them."""
    round_, overall = run.active, run.plan.overall
    assert overall is not None
    found: list[Floor] = []
    stop = bound(run, overall.stop)
    if stop is not None:
        up = overall.trail.by_paise * round_.trail_steps if overall.trail else Fraction(0)
        found.append(Floor(up - stop, "overall_trail" if round_.trail_steps else "overall_stop"))
    if overall.lock is not None and round_.lock_steps >= 0:
        found.append(Floor(_locked(overall.lock, round_.lock_steps), "overall_lock"))
    return found


def _locked(lock: Lock, steps: int) -> Fraction:
    return lock.keep_paise + steps * (lock.by_paise or 0)


def _keep_best(run: PlanRun, pnl: int) -> None:
    """Say which whole steps the best P&L has gained (P43, P44)."""
    round_, overall = run.active, run.plan.overall
    assert overall is not None
    stop = bound(run, overall.stop)
    if overall.trail is not None and stop is not None:
        steps = floor(pnl / overall.trail.every_paise)
        if steps > round_.trail_steps:
            level = steps * overall.trail.by_paise - stop
            run.note("trail_step", numbers=_step(steps, level))
    lock = overall.lock
    if lock is not None and pnl >= lock.at_paise:
        every = lock.every_paise
        steps = floor((pnl - lock.at_paise) / every) if every else 0
        if steps > round_.lock_steps:
            run.note("floor", numbers=_step(steps, _locked(lock, steps)))


def _step(steps: int, level: Fraction) -> Numbers:
    return {"steps": steps, "floor_paise": exactly(level)}


def _numbers(pnl: int, level: Fraction) -> Numbers:
    return {"pnl_paise": pnl, "level_paise": exactly(level)}


def exactly(paise: Fraction) -> int | str:
    """Return exact paise as a whole number, or as text where it is none."""
    return paise.numerator if paise.denominator == 1 else str(paise)
