"""Lazy legs: who names them, how deep they go, circles (P32)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.plans.terms.finding import Finding, Findings, Path
from daemon.plans.terms.leg import Leg
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.strike_checks import placed_legs

DEPTH_MAX: Final = 10


def lazy_errors(at: Path, plan: Plan) -> Findings:
    """Yield re-entries that name no lazy leg, circles of lazy legs, and chains over ten deep."""
    lazy = {leg.id: leg for leg in plan.lazy_legs}
    for where, leg in placed_legs(at, plan):
        for key, name in lazy_names(leg):
            path = (*where, key, "leg")
            if name not in lazy:
                known = ", ".join(lazy) or "none"
                yield Finding(path, f"expected the id of a lazy leg (known: {known}), was {name!r}")
                continue
            way = _deepest(name, lazy, ())
            if way and way[-1] in way[:-1]:
                yield Finding(path, f"lazy legs name each other in a circle: {' -> '.join(way)}")
            elif len(way) > DEPTH_MAX:
                text = f"expected at most {DEPTH_MAX} lazy legs one after another, was {len(way)}"
                yield Finding(path, text)


def lazy_names(leg: Leg) -> Iterator[tuple[str, str]]:
    """Yield (key, lazy leg) of what a leg's exits arm."""
    for key in ("reentry_on_stop", "reentry_on_target"):
        reentry = getattr(leg, key)
        if reentry is not None and reentry.kind == "lazy" and reentry.leg is not None:
            yield key, reentry.leg


def _deepest(name: str, lazy: dict[str, Leg], before: tuple[str, ...]) -> tuple[str, ...]:
    """Return the longest way from a lazy leg on; it ends at the first that comes twice."""
    way = (*before, name)
    if name in before or name not in lazy or len(way) > DEPTH_MAX:
        return way
    ways = [_deepest(after, lazy, way) for _, after in lazy_names(lazy[name])]
    return max(ways, key=lambda each: (each[-1] in each[:-1], len(each)), default=way)
