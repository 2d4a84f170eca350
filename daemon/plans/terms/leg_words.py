"""A leg in the words of a trader."""

from __future__ import annotations

from typing import Final

from daemon.chain.choice import rupees_shown
from daemon.chain.strike_rules import (
    AtmPercent,
    AtOffset,
    DeltaBetween,
    DeltaClosest,
    ExactStrike,
    FromLegPoints,
    FromLegSteps,
    PremiumAtLeast,
    PremiumAtMost,
    PremiumBetween,
    PremiumClosest,
    StraddlePercent,
    StraddleWidth,
    StrikeRule,
)
from daemon.plans.terms.base import Distance
from daemon.plans.terms.leg import Breakout, Leg, Level, Momentum, Reentry, Stop, Trail

_EXPIRIES: Final = {
    "weekly": "the weekly", "next_weekly": "the next weekly",
    "monthly": "the monthly", "next_monthly": "the next monthly",
}  # fmt: skip
_LEVELS: Final = {
    "points": "{:g} points", "percent": "{:g} %", "price": "at {:g}",
    "underlying_points": "{:g} points of the underlying",
    "underlying_percent": "{:g} % of the underlying",
}  # fmt: skip
_REENTRIES: Final = {
    "asap": "at once with a strike chosen again",
    "cost": "in the same contract when it is back at its {cost_of} entry price",
    "momentum": "with a strike chosen again, {momentum}",
    "lazy": "through the lazy leg {leg}",
}


def leg_text(leg: Leg, multiplier: int = 1) -> str:
    """Return a leg as one phrase: side, lots, contract, what it waits for, when it leaves."""
    lots = leg.lots * multiplier
    verb = "buys" if leg.is_long else "sells"
    parts = [f"{verb} {lots} {'lot' if lots == 1 else 'lots'} of {_contract(leg)} ({leg.id})"]
    if leg.momentum is not None:
        parts.append(momentum_text(leg.momentum))
    if leg.breakout is not None:
        parts.append(_breakout(leg.breakout))
    terms = list(_terms(leg))
    return ", ".join(parts) + (f" [{'; '.join(terms)}]" if terms else "")


def momentum_text(momentum: Momentum) -> str:
    """Return what is waited for."""
    way = "risen" if momentum.is_up else "fallen"
    whose = "the underlying" if momentum.of == "underlying" else "its premium"
    return f"once {whose} has {way} by {_distance(momentum.distance)}"


def strike_text(rule: StrikeRule, option: str) -> str:
    """Return how a strike is chosen, with the option's type."""
    text = _strike(rule, option)
    only = getattr(rule, "only", None)
    return f"{text}, out of the money only" if only else text


def _contract(leg: Leg) -> str:
    expiry, rule = _EXPIRIES[leg.expiry], leg.strike_rule
    if rule is None:
        return f"{expiry} future"
    return f"{expiry} {strike_text(rule, leg.type)}"


def _strike(rule: StrikeRule, option: str) -> str:
    match rule:
        case AtOffset(steps=0):
            return f"ATM {option}"
        case AtOffset(steps=steps):
            return f"{option} {abs(steps)} strikes {'out of' if steps > 0 else 'in'} the money"
        case AtmPercent(percent=percent):
            return f"{option} nearest to ATM {percent:+g} %"
        case PremiumClosest(paise=paise):
            return f"{option} with the premium nearest to {rupees_shown(paise)}"
        case PremiumAtLeast(paise=paise):
            return f"{option} with the lowest premium from {rupees_shown(paise)} up"
        case PremiumAtMost(paise=paise):
            return f"{option} with the highest premium up to {rupees_shown(paise)}"
        case PremiumBetween(low_paise=low, high_paise=high):
            return f"{option} with a premium of {rupees_shown(low)} to {rupees_shown(high)}"
        case StraddleWidth(times=times):
            return f"{option} {times:g} straddle premiums away from ATM"
        case StraddlePercent(percent=percent, how=how):
            word = {"closest": "nearest to", "at_least": "at least", "at_most": "at most"}[how]
            return f"{option} with a premium {word} {percent:g} % of the ATM straddle"
        case DeltaClosest(delta=delta):
            return f"{option} with the delta nearest to {delta:g}"
        case DeltaBetween(low=low_delta, high=high_delta):
            return f"{option} with a delta of {low_delta:g} to {high_delta:g}"
        case FromLegPoints(leg=leg, paise=0):
            return f"{option} at the strike of {leg}"
        case FromLegPoints(leg=leg, paise=paise):
            return f"{option} {rupees_shown(paise)} points beyond the strike of {leg}"
        case FromLegSteps(leg=leg, steps=steps):
            return f"{option} {steps} strikes beyond that of {leg}"
        case ExactStrike(paise=paise):
            return f"{rupees_shown(paise)} {option}"


def _terms(leg: Leg) -> list[str]:
    found = []
    if leg.stop is not None:
        trail = "" if leg.trail is None else f", which follows {_trail(leg.trail)}"
        found.append(f"stop {_level(leg.stop)}{trail}")
    if leg.target is not None:
        found.append(f"target {_level(leg.target)}")
    for name, reentry in (("stop", leg.reentry_on_stop), ("target", leg.reentry_on_target)):
        if reentry is not None:
            found.append(f"after a {name} enters again {_reentry(leg, reentry)}")
    return found


def _level(level: Level) -> str:
    if isinstance(level, Stop) and level.range is not None:
        return "at the other end of the range"
    for name, text in _LEVELS.items():
        value = getattr(level, name)
        if value is not None:
            return text.format(value)
    raise AssertionError("a level without a key is an error of check")


def _trail(trail: Trail) -> str:
    text = f"by {_distance(trail.by)} for every {_distance(trail.every)}"
    if trail.after.points or trail.after.percent:
        text += f" once {_distance(trail.after)} are made"
    if trail.lock is not None:
        text += f", from {_distance(trail.lock)} beyond the entry"
    return text


def _breakout(breakout: Breakout) -> str:
    whose = "the underlying" if breakout.of == "underlying" else "its premium"
    way = "above the high" if breakout.side == "high" else "below the low"
    return f"once {whose} is {way} of {breakout.from_} to {breakout.to}"


def _reentry(leg: Leg, reentry: Reentry) -> str:
    waited = reentry.momentum or leg.momentum
    text = _REENTRIES[reentry.kind].format(
        cost_of=reentry.cost_of,
        leg=reentry.leg,
        momentum="" if waited is None else momentum_text(waited),
    )
    if reentry.is_reverse:
        text += " on the opposite side"
    return f"{text}, at most {times_text(reentry.most)}"


def times_text(number: int) -> str:
    """Return how often: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _distance(distance: Distance) -> str:
    if distance.points is not None:
        return f"{distance.points:g} points"
    return f"{distance.percent or 0:g} %"
