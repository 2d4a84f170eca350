"""What a trader would regret in a plan that is valid: one function a warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.chain.strike_rules import (
    AtOffset,
    DeltaClosest,
    PremiumAtLeast,
    PremiumBetween,
    PremiumClosest,
    StraddlePercent,
)
from daemon.plans.terms.finding import Finding, Findings, Path
from daemon.plans.terms.lazy_checks import lazy_names
from daemon.plans.terms.leg import Leg
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.strike_checks import placed_legs
from daemon.plans.terms.time_checks import ends_same_day


def plan_warnings(at: Path, plan: Plan) -> Findings:
    """Yield what is odd in a plan without errors."""
    for warn in _WARNINGS:
        yield from warn(at, plan)


def _unreachable(at: Path, plan: Plan) -> Findings:
    """Warn of levels at or below a premium of 0."""
    for where, leg in placed_legs(at, plan):
        stop, target = leg.stop, leg.target
        if leg.is_long and stop is not None and (stop.percent or 0) >= 100:
            text = f"{stop.percent:g} % below the entry is never reached: the most is the premium"
            yield Finding((*where, "stop"), text)
        if not leg.is_long and target is not None and (target.percent or 0) >= 100:
            text = f"{target.percent:g} % is never reached: a premium does not go below 0"
            yield Finding((*where, "target"), text)


def _overtaking_trail(at: Path, plan: Plan) -> Findings:
    for where, leg in placed_legs(at, plan):
        trail = leg.trail
        if trail is None:
            continue
        pairs = (
            (trail.by.points, trail.every.points), (trail.by.percent, trail.every.percent),
        )  # fmt: skip
        if any(by is not None and every is not None and by > every for by, every in pairs):
            text = "by is more than every: the stop overtakes the price and leaves on a good move"
            yield Finding((*where, "trail"), text)


def _in_the_money(at: Path, plan: Plan) -> Findings:
    """Warn of choices by premium or delta that may lie in the money."""
    for where, leg in placed_legs(at, plan):
        rule = leg.strike_rule
        if isinstance(rule, AtOffset) and rule.steps < 0:
            yield Finding(
                (*where, "strike"), f"{leg.strike} is in the money: it moves like the future"
            )
        if _may_be_itm(leg):
            text = (
                "may choose a strike in the money on a day of other premiums; only: otm prevents it"
            )
            yield Finding((*where, "strike"), text)


def _may_be_itm(leg: Leg) -> bool:
    rule = leg.strike_rule
    if isinstance(rule, DeltaClosest):
        return rule.only is None and rule.delta > 0.5
    if isinstance(rule, StraddlePercent):
        return rule.only is None and rule.percent > 50
    if isinstance(rule, PremiumClosest | PremiumAtLeast | PremiumBetween):
        return rule.only is None
    return False


def _reentry_never(at: Path, plan: Plan) -> Findings:
    if plan.square_off != "complete":
        return
    for where, leg in placed_legs(at, plan):
        for key in ("reentry_on_stop", "reentry_on_target"):
            if getattr(leg, key) is not None:
                text = "reentry_never: square_off: complete ends the round first; leave it out"
                yield Finding((*where, key), text)


def _postponed_exit(at: Path, plan: Plan) -> Findings:
    """Warn of an exit counted from an expiry that each roll moves away."""
    left, roll = plan.exit, plan.roll
    if left is None or roll is None or left.dte is None:
        return
    if (roll.dte, -roll.at_ns) > (left.dte, -left.at_ns):
        text = (
            f"each roll postpones it: at dte {roll.dte} the legs move to a later expiry before "
            f"dte {left.dte} comes; the round ends after {roll.max} rolls (roll.max)"
        )
        yield Finding((*at, "exit"), text)


def _missed_exit(at: Path, plan: Plan) -> Findings:
    """Warn of rounds that begin when the day of their exit is over."""
    left, begins = plan.exit, plan.dte
    if left is not None and left.dte is not None and begins is not None:
        late = [each for each in begins if each < left.dte]
        if late:
            text = f"a round that begins at dte {late[0]} never has dte {left.dte} again"
            yield Finding((*at, "exit", "dte"), f"{text}: it is held to its expiry")


def _thin_basis(at: Path, plan: Plan) -> Findings:
    if plan.overall is None or {leg.side for leg in plan.legs if leg.type != "FUT"} != {
        "buy",
        "sell",
    }:
        return
    for key in ("stop", "target"):
        level = getattr(plan.overall, key)
        if level is not None and level.premium_percent is not None:
            text = (
                "thin_premium_basis: premium_percent is of the net premium, which may be small as "
                "legs are bought and sold; rupees are safer"
            )
            yield Finding((*at, "overall", key), text)


def _same_contract(at: Path, plan: Plan) -> Findings:
    """Warn of a bought leg that is written like a sold one (P10)."""
    sold = [leg for leg in plan.legs if not leg.is_long and not leg.waits]
    for number, leg in enumerate(plan.legs):
        if not leg.is_long or leg.waits:
            continue
        for other in sold:
            if (leg.type, leg.expiry, leg.strike_rule) == (
                other.type, other.expiry, other.strike_rule,
            ):  # fmt: skip
                text = (
                    f"the contract of {other.id}, which is sold: each day is SKIPPED same_contract"
                )
                yield Finding((*at, "legs", number), text)


def _naked_shorts(at: Path, plan: Plan) -> Findings:
    if plan.entry.if_incomplete == "keep" and {leg.side for leg in plan.legs} == {"buy", "sell"}:
        text = "keep may leave a sold leg without its hedge; unwind closes what filled"
        yield Finding((*at, "entry", "if_incomplete"), text)


def _cost_of_one_type(at: Path, plan: Plan) -> Findings:
    move = plan.move_to_cost
    types = {leg.type for leg in (*plan.legs, *plan.lazy_legs)} - {"FUT"}
    if move is not None and move.of == "opposite" and len(types) < 2:
        text = "no leg is of the opposite type, so nothing moves; write of: all"
        yield Finding((*at, "move_to_cost", "of"), text)


def _never_armed(at: Path, plan: Plan) -> Findings:
    named = {name for _, leg in placed_legs(at, plan) for _, name in lazy_names(leg)}
    for number, leg in enumerate(plan.lazy_legs):
        if leg.id not in named:
            text = f"no re-entry names {leg.id}, so it never enters; leave it out"
            yield Finding((*at, "lazy_legs", number), text)


def _late_ranges(at: Path, plan: Plan) -> Findings:
    left = plan.exit
    if left is None or not ends_same_day(plan):
        return
    until = plan.entry.until_ns or left.at_ns
    for where, leg in placed_legs(at, plan):
        if leg.breakout is not None and leg.breakout.to_ns >= until:
            text = (
                f"the range ends at {leg.breakout.to}, when first entries are over: it never enters"
            )
            yield Finding((*where, "breakout"), text)


def _idle_momentum(at: Path, plan: Plan) -> Findings:
    if plan.overall is None or any(leg.waits for leg in plan.legs):
        return
    for key in ("reentry_on_stop", "reentry_on_target"):
        reentry = getattr(plan.overall, key)
        if reentry is not None and reentry.waits:
            text = "no leg waits for momentum, so every leg enters at once, as with asap"
            yield Finding((*at, "overall", key), text)


def _undefined_risk(at: Path, plan: Plan) -> Findings:
    """Warn of a sold leg that neither a stop, nor a hedge, nor an overall stop ends."""
    has_overall = plan.overall is not None and plan.overall.stop is not None
    if has_overall or plan.square_off == "complete":
        return
    bought = {leg.type for leg in plan.legs if leg.is_long}
    for number, leg in enumerate(plan.legs):
        if not leg.is_long and leg.stop is None and leg.type not in bought:
            text = f"{leg.id} is sold without stop, hedge or overall.stop: its loss has no bound"
            yield Finding((*at, "legs", number), text)


_WARNINGS: Final[tuple[Callable[[Path, Plan], Findings], ...]] = (
    _unreachable,
    _overtaking_trail,
    _in_the_money,
    _reentry_never,
    _postponed_exit,
    _missed_exit,
    _thin_basis,
    _same_contract,
    _naked_shorts,
    _cost_of_one_type,
    _never_armed,
    _late_ranges,
    _idle_momentum,
    _undefined_risk,
)
