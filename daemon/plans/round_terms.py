"""The levels of a round's P&L in paise, from what is written and what was filled (P41 to P44).

The engine decides by them, and the page shows them.
"""

from __future__ import annotations

from collections.abc import Sequence

from daemon.domain.instrument import Universe
from daemon.domain.plan_round import Attempt, Round
from daemon.levels.floors import FloorSteps
from daemon.levels.terms import CombinedTerms, Lock, Money, Steps
from daemon.plans.terms.plan import Lock as PlanLock
from daemon.plans.terms.plan import OverallLevel, OverallTrail, Plan


def round_terms(plan: Plan, round_: Round, universe: Universe, lot: int) -> CombinedTerms:
    """Return the levels of a round as they are now; `lot` is that of its underlying, units."""
    overall = plan.overall
    if overall is None:
        return CombinedTerms()

    def bound(level: OverallLevel | None) -> Money | None:
        return _bound(plan, round_, universe, lot, level)

    return CombinedTerms(
        stop=bound(overall.stop),
        target=bound(overall.target),
        trail=_trail(overall.trail),
        lock=_lock(overall.lock),
    )


def steps_of(round_: Round) -> FloorSteps:
    """Return the whole steps of the best P&L so far."""
    return FloorSteps(round_.trail_steps, round_.lock_steps)


def premiums(plan: Plan, attempts: Sequence[Attempt], universe: Universe) -> list[int]:
    """Return the signed premium of each first entry of an option among `legs`, paise."""
    first = {leg.id for leg in plan.legs}
    return [
        attempt.sign * attempt.cost_paise
        for attempt in attempts
        if attempt.number == 0 and attempt.leg in first and _is_option(attempt, universe)
    ]


def _is_option(attempt: Attempt, universe: Universe) -> bool:
    index = universe.index_of(attempt.symbol)
    assert index is not None, attempt.symbol
    return universe[index].instrument_type != "FUT"


def _bound(
    plan: Plan, round_: Round, universe: Universe, lot: int, level: OverallLevel | None
) -> Money | None:
    """Return a stop or a target of the P&L, exact paise; None without one (P41, P42)."""
    if level is None:
        return None
    if level.rupees_paise is not None:
        return level.rupees_paise
    if level.points_paise is not None:
        return level.points_paise * _smallest_quantity(plan, lot)
    share = level.premium_share
    assert share is not None, level
    return abs(sum(premiums(plan, round_.attempts, universe))) * share or None


def _smallest_quantity(plan: Plan, lot: int) -> int:
    """Return the smallest quantity of a leg of `legs`, units."""
    return min(leg.lots for leg in plan.legs) * plan.multiplier * lot


def _trail(trail: OverallTrail | None) -> Steps | None:
    if trail is None:
        return None
    return Steps(every=trail.every_paise, by=trail.by_paise)


def _lock(lock: PlanLock | None) -> Lock | None:
    if lock is None:
        return None
    return Lock(
        at=lock.at_paise,
        keep=lock.keep_paise,
        every=lock.every_paise or 0,
        by=lock.by_paise or 0,
    )
