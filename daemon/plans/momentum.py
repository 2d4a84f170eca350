"""Which momentum a leg waits for before it enters (P12, P32)."""

from __future__ import annotations

from daemon.domain.plan_round import LegWait
from daemon.plans.terms.leg import Momentum, Reentry
from daemon.plans.terms.plan import Plan


def momentum_of(plan: Plan, wait: LegWait) -> Momentum | None:
    """Return the momentum that a leg waits for, None if it enters without one."""
    own = plan.leg(wait.leg).momentum
    if wait.why == "lazy":
        return own
    if wait.why != "momentum":
        return None
    spec = reentry_of(plan, wait.of_leg, wait.after) if wait.after else None
    return own if spec is None or spec.momentum is None else spec.momentum


def reentry_of(plan: Plan, leg_id: str, after: str) -> Reentry | None:
    """Return what a leg does after a `stop` or a `target`."""
    leg = plan.leg(leg_id)
    return leg.reentry_on_stop if after == "stop" else leg.reentry_on_target
