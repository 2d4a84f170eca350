"""The levels of an attempt as the engine takes them: stop, target and trail (P20 to P23)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from msgspec import structs

from daemon.domain.intent import ExitOverrides, Level, Rel
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.order import StepTrail
from daemon.domain.plan_round import LegRange
from daemon.plans.terms.base import Distance
from daemon.plans.terms.leg import Leg, Stop, Target

OFF: Final = ExitOverrides(
    enable_partial_exit=False,
    enable_trailing=False,
    enable_time_stop=False,
    enable_break_even=False,
)
"""Plans switch the engine's other exits off unless a leg asks for them (P23)."""


def exits_of(leg: Leg) -> ExitOverrides:
    """Return the exit settings of a leg's attempts."""
    asked = {name: each for name, each in structs.asdict(leg.exits).items() if each is not None}
    return structs.replace(OFF, **asked)


def stop_of(leg: Leg, *, is_long: bool, range_: LegRange | None, ltp: int | None) -> Level | None:
    """Return the stop of a leg's attempt, None without one in its own premium."""
    stop = leg.stop
    if stop is None:
        return None
    if stop.range is None:
        return _level(leg, stop, -1 if is_long else 1, ltp)
    if leg.breakout is None or leg.breakout.of != "premium" or range_ is None:
        return None
    return rupees(range_.low_paise if is_long else range_.high_paise)


def target_of(leg: Leg, *, is_long: bool, ltp: int | None) -> Level | None:
    """Return the target of a leg's attempt, None without one in its own premium."""
    return None if leg.target is None else _level(leg, leg.target, 1 if is_long else -1, ltp)


def trail_of(leg: Leg) -> StepTrail | None:
    """Return the trail of a leg's stop."""
    trail = leg.trail
    if trail is None:
        return None
    return StepTrail(
        every=_relative(trail.every),
        by=_relative(trail.by),
        after=_relative(trail.after),
        lock=None if trail.lock is None else _relative(trail.lock),
    )


def has_underlying_level(leg: Leg) -> bool:
    """Return whether a leg leaves by the price of its underlying (P21, P49)."""
    stop, target = leg.stop, leg.target
    return (
        (stop is not None and stop.is_underlying)
        or (target is not None and target.is_underlying)
        or leaves_by_range(leg)
    )


def needs_reference(leg: Leg) -> bool:
    """Return whether a leg's levels are counted from S at its fill (P21)."""
    return any(each is not None and each.is_underlying for each in (leg.stop, leg.target))


def leaves_by_range(leg: Leg) -> bool:
    """Return whether a leg's stop is the other end of its underlying's range."""
    is_range = leg.stop is not None and leg.stop.range is not None
    return is_range and leg.breakout is not None and leg.breakout.of == "underlying"


def rupees(paise: int | Fraction) -> float:
    """Return exact paise as the rupees of an intent's level."""
    exact = Fraction(paise) / PAISE_PER_RUPEE
    # a decimal is taken as it is; the intent declares what a strategy may write
    return Decimal(exact.numerator) / Decimal(exact.denominator)  # type: ignore[return-value]


def _level(leg: Leg, level: Target | Stop, side: int, ltp: int | None) -> Level | None:
    """Return a level above (`side` 1) or below the entry."""
    if level.price is not None:
        return level.price
    if level.is_underlying:
        return None
    if leg.levels_from == "ltp" and ltp is not None:
        distance = level.distance(ltp)
        assert distance is not None, level
        return rupees(ltp + side * distance)
    return _relative(Distance(points=level.points, percent=level.percent))


def _relative(distance: Distance) -> Rel:
    if distance.points is not None:
        return Rel("points", distance.points)
    assert distance.percent is not None, distance
    return Rel("pct", distance.percent)
