"""What is wrong with one leg, whatever the rest of its plan says."""

from __future__ import annotations

from typing import Final

from daemon.chain.strike_forms import BadStrike
from daemon.plans.terms.base import Distance
from daemon.plans.terms.finding import Finding, Findings, Path, exactly_one, needs
from daemon.plans.terms.leg import Breakout, Leg, Level, Momentum, Reentry, Trail

_DISTANCES: Final = ("points", "percent")
_LEVELS: Final = ("points", "percent", "price", "underlying_points", "underlying_percent")


def leg_errors(at: Path, leg: Leg) -> Findings:
    """Yield what is wrong with a leg, in the order of its keys."""
    yield from _contract(at, leg)
    if leg.stop is not None:
        yield from _level((*at, "stop"), leg.stop, (*_LEVELS, "range"))
        yield from _range(at, leg)
    if leg.target is not None:
        yield from _level((*at, "target"), leg.target, _LEVELS)
    if leg.trail is not None:
        yield from _trail(at, leg, leg.trail)
    yield from _triggers(at, leg)
    for name, reentry in (("stop", leg.reentry_on_stop), ("target", leg.reentry_on_target)):
        if reentry is not None:
            yield from _reentry((*at, f"reentry_on_{name}"), leg, reentry)
            if getattr(leg, name) is None:
                yield needs(at, f"reentry_on_{name}", name)


def has_premium_stop(leg: Leg) -> bool:
    """Return whether the stop is a price of the contract itself (P31, P22)."""
    stop = leg.stop
    if stop is None or stop.is_underlying:
        return False
    return stop.range is None or leg.breakout is None or leg.breakout.of == "premium"


def _contract(at: Path, leg: Leg) -> Findings:
    if leg.type == "FUT":
        if leg.expiry.endswith("weekly"):
            text = (
                f"expected monthly or next_monthly, as no future expires weekly, was {leg.expiry}"
            )
            yield Finding((*at, "expiry"), text)
        if leg.strike is not None or leg.only is not None:
            key = "strike" if leg.strike is not None else "only"
            yield Finding((*at, key), "a future has no strike; leave it out")
        return
    try:
        rule = leg.strike_rule
    except BadStrike as error:
        yield Finding((*at, "strike"), str(error))
        return
    if leg.only is not None and not hasattr(rule, "only"):
        text = "only narrows a choice by premium or by delta; leave it out"
        yield Finding((*at, "only"), text)


def _level(at: Path, level: Level, keys: tuple[str, ...]) -> Findings:
    yield from exactly_one(at, level, keys)


def _range(at: Path, leg: Leg) -> Findings:
    """Refuse what the other end of a range cannot be a stop for (P49)."""
    if leg.stop is None or leg.stop.range is None:
        return
    where = (*at, "stop", "range")
    if leg.breakout is None:
        yield Finding(where, "the range is that of `breakout`; write it too, or another stop")
        return
    for name in ("reentry_on_stop", "reentry_on_target"):
        reentry: Reentry | None = getattr(leg, name)
        if reentry is None:
            continue
        is_fresh = leg.breakout.of == "premium" and reentry.kind in ("asap", "momentum")
        if reentry.is_reverse or is_fresh:
            text = (
                f"range: opposite is the range of the first contract and side; {name} "
                f"as {reentry.as_} changes it: write another stop or another re-entry"
            )
            yield Finding(where, text)


def _trail(at: Path, leg: Leg, trail: Trail) -> Findings:
    if not has_premium_stop(leg):
        text = (
            "it moves a stop of the leg's own premium; write stop: {points | percent | price} too"
        )
        yield Finding((*at, "trail"), text)
    for name in ("every", "by", "after", "lock"):
        distance: Distance | None = getattr(trail, name)
        if distance is not None:
            where = (*at, "trail", name)
            yield from _distance(where, distance, may_be_0=name in ("after", "lock"))


def _distance(at: Path, distance: Distance, *, may_be_0: bool = False) -> Findings:
    yield from exactly_one(at, distance, _DISTANCES)
    if not may_be_0 and 0 in (distance.points, distance.percent):
        yield Finding(at, "expected more than 0, was 0")


def _triggers(at: Path, leg: Leg) -> Findings:
    if leg.momentum is not None and leg.breakout is not None:
        yield Finding((*at, "breakout"), "not together with momentum (P13); keep one of them")
    if leg.momentum is not None:
        yield from momentum_errors((*at, "momentum"), leg.momentum)
    if leg.breakout is not None:
        yield from _breakout((*at, "breakout"), leg.breakout)


def momentum_errors(at: Path, momentum: Momentum) -> Findings:
    """Yield what is wrong with a momentum, a leg's or a re-entry's."""
    yield from exactly_one(at, momentum, ("up", "down"))
    yield from _distance((*at, "up" if momentum.is_up else "down"), momentum.distance)


def _breakout(at: Path, breakout: Breakout) -> Findings:
    if breakout.from_ns >= breakout.to_ns:
        text = f"expected a time after from {breakout.from_}, was {breakout.to}"
        yield Finding((*at, "to"), text)
    if breakout.strike_at is not None and breakout.of == "premium":
        text = "of: premium watches one contract from the start; leave it out, or of: underlying"
        yield Finding((*at, "strike_at"), text)


def _reentry(at: Path, leg: Leg, reentry: Reentry) -> Findings:
    if (reentry.leg is None) == (reentry.kind == "lazy"):
        if reentry.kind == "lazy":
            yield Finding(at, "lazy needs the lazy leg that takes over: write leg: ID too")
        else:
            yield Finding((*at, "leg"), f"goes with as: lazy only, was as: {reentry.as_}")
    if reentry.cost_of != "first" and reentry.kind != "cost":
        yield Finding((*at, "cost_of"), f"goes with as: cost only, was as: {reentry.as_}")
    if reentry.momentum is not None:
        if reentry.kind != "momentum":
            yield Finding((*at, "momentum"), f"goes with as: momentum only, was as: {reentry.as_}")
        yield from momentum_errors((*at, "momentum"), reentry.momentum)
    elif reentry.kind == "momentum" and leg.momentum is None:
        text = (
            "what is waited for is not said: write momentum: {up: {points: 10}} here or in the leg"
        )
        yield Finding(at, text)
