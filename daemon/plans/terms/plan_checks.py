"""What is wrong with a plan, and with the plans of a configuration together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from daemon.plans.terms.finding import Finding, Findings, Path, first_of_each
from daemon.plans.terms.lazy_checks import lazy_errors
from daemon.plans.terms.leg_checks import has_premium_stop, leg_errors
from daemon.plans.terms.overall_checks import overall_errors
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.strike_checks import placed_legs, reference_errors
from daemon.plans.terms.time_checks import time_errors


def plans_errors(at: Path, plans: Sequence[Plan], strategies: Collection[str]) -> Findings:
    """Yield what is wrong with plans in their order; `strategies` are the ids in use already."""
    first = first_of_each([plan.id for plan in plans])
    for number, plan in enumerate(plans):
        where = (*at, number)
        if first[plan.id] != number:
            yield Finding((*where, "id"), f"{plan.id!r} is already list[{first[plan.id]}]")
        if plan.id in strategies:
            yield Finding((*where, "id"), f"{plan.id!r} is a strategy's id too; take another one")
        yield from plan_errors(where, plan)


def plan_errors(at: Path, plan: Plan) -> Findings:
    """Yield what is wrong with one plan, in the order of its parts."""
    yield from _ids(at, plan)
    for where, leg in placed_legs(at, plan):
        yield from leg_errors(where, leg)
    yield from reference_errors(at, plan)
    yield from lazy_errors(at, plan)
    yield from time_errors(at, plan)
    yield from _hedges(at, plan)
    yield from _to_cost(at, plan)
    yield from _one_of(at, plan)
    yield from overall_errors(at, plan)


def _ids(at: Path, plan: Plan) -> Findings:
    placed = placed_legs(at, plan)
    first = first_of_each([leg.id for _, leg in placed])
    for number, (where, leg) in enumerate(placed):
        if first[leg.id] != number:
            before = placed[first[leg.id]][0]
            text = f"{leg.id!r} is already {before[-2]}[{before[-1]}]"
            yield Finding((*where, "id"), text)


def _hedges(at: Path, plan: Plan) -> Findings:
    """Refuse hedges that wait for a trigger while the shorts wait for the hedges (P10)."""
    if not plan.entry.hedges_first or all(leg.is_long for leg in plan.legs):
        return
    for number, leg in enumerate(plan.legs):
        if leg.is_long and leg.waits:
            key = "momentum" if leg.momentum is not None else "breakout"
            text = (
                "with hedges_first the sold legs would wait for it; write "
                "entry: {hedges_first: false}, or leave it out here"
            )
            yield Finding((*at, "legs", number, key), text)


def _to_cost(at: Path, plan: Plan) -> Findings:
    move = plan.move_to_cost
    if move is None:
        return
    where = (*at, "move_to_cost")
    if plan.square_off == "complete":
        text = "square_off: complete closes every leg with the first stop; keep one of them"
        yield Finding(where, text)
    legs = {leg.id: leg for leg in (*plan.legs, *plan.lazy_legs)}
    if isinstance(move.of, tuple):
        if not move.of:
            yield Finding((*where, "of"), "expected opposite, all or ids of legs, was none")
        for name in move.of:
            if name not in legs:
                yield Finding((*where, "of"), f"expected the id of a leg, was {name!r}")
    if not any(has_premium_stop(leg) for leg in legs.values()):
        text = "it moves stops of premium, and no leg has one; write a stop, or leave it out"
        yield Finding(where, text)


def _one_of(at: Path, plan: Plan) -> Findings:
    if plan.one_of is None:
        return
    where = (*at, "one_of")
    legs = {leg.id: leg for leg in plan.legs}
    if len(set(plan.one_of)) < 2:
        yield Finding(where, "expected at least two legs, as one entry drops the others")
    for name in plan.one_of:
        if name not in legs:
            yield Finding(where, f"expected the id of a leg, was {name!r}")
        elif not legs[name].waits:
            text = f"{name} enters at entry.at, so there is nothing to wait for; give it a breakout"
            yield Finding(where, f"{text} or momentum")
