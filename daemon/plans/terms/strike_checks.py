"""Strikes that name other legs: unknown ones, circles, and legs that enter later (P4)."""

from __future__ import annotations

from daemon.chain.strike_forms import BadStrike
from daemon.chain.strike_rules import FromLegPoints, FromLegSteps
from daemon.plans.terms.finding import Finding, Findings, Path
from daemon.plans.terms.leg import Leg
from daemon.plans.terms.plan import Plan


def reference_errors(at: Path, plan: Plan) -> Findings:
    """Yield what is wrong with strikes that start from another leg's strike."""
    first_batch = {leg.id for leg in plan.legs if not leg.waits}
    legs = {leg.id: leg for leg in (*plan.legs, *plan.lazy_legs)}
    named = {name: other for name, leg in legs.items() if (other := named_by(leg)) is not None}
    for where, leg in placed_legs(at, plan):
        other = named.get(leg.id)
        if other is None:
            continue
        path = (*where, "strike", "leg")
        if other not in legs:
            yield Finding(path, f"expected the id of a leg, was {other!r}")
        elif legs[other].type == "FUT":
            yield Finding(path, f"{other} is a future and has no strike")
        elif circle := _circle(leg.id, named):
            yield Finding(path, f"strikes name each other in a circle: {' -> '.join(circle)}")
        elif leg in plan.legs and other not in first_batch:
            text = (
                f"{other} is not entered at entry.at with the first legs, so a first entry cannot "
                "start from its strike (P4); name a leg without momentum or breakout"
            )
            yield Finding(path, text)


def placed_legs(at: Path, plan: Plan) -> list[tuple[Path, Leg]]:
    """Return every leg with its place, lazy ones last."""
    return [
        ((*at, key, number), leg)
        for key, legs in (("legs", plan.legs), ("lazy_legs", plan.lazy_legs))
        for number, leg in enumerate(legs)
    ]


def named_by(leg: Leg) -> str | None:
    """Return the leg from whose strike this one's is counted."""
    try:
        rule = leg.strike_rule
    except BadStrike:
        return None  # said by the check of the leg
    return rule.leg if isinstance(rule, FromLegPoints | FromLegSteps) else None


def _circle(name: str, named: dict[str, str]) -> list[str]:
    """Return the way from a leg back to itself, empty without one."""
    way = [name]
    while (after := named.get(way[-1])) is not None and after not in way[1:]:
        way.append(after)
        if after == name:
            return way
    return []
