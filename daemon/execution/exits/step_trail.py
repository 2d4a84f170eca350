"""A trail in steps of a plan: the stop follows by `by` for every whole `every` (plans P22).

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from daemon.domain.intent import Rel
from daemon.domain.money import PAISE_PER_RUPEE, nearest_tick, ratio
from daemon.domain.order import StepTrail
from daemon.domain.position import Position
from daemon.execution.exits.rule import ExitRule, StopMove


class StepTrailManager(ExitRule):
    """Move the stop to S0 (or to its lock) + k x `by`, k = floor((H - E - after) / every)."""

    def ahead(self, position: Position) -> int | None:
        """Return the first price that would move the stop."""
        steps = _next_steps(position)
        trail = position.exits.step_trail
        if steps is None or trail is None:
            return None
        gain = _paise(trail.after, position) + steps * _paise(trail.every, position)
        return position.entry_paise + position.sign * ceil(gain)

    def stop_at(self, position: Position, ltp_paise: int) -> StopMove | None:
        """Return the move that this price earns, None if the stop stays where it is."""
        trail, stop = position.exits.step_trail, position.stop_paise
        if trail is None or stop is None:
            return None
        gain = position.sign * (ltp_paise - position.entry_paise) - _paise(trail.after, position)
        if gain < 0:
            return None
        steps = floor(gain / _paise(trail.every, position))
        level = _level(position, trail, steps)
        if position.sign * (level - stop) <= 0:
            return None
        return StopMove(level, steps, ltp_paise)


def _next_steps(position: Position) -> int | None:
    """Return the least number of steps whose stop is better than the one in force."""
    trail, stop = position.exits.step_trail, position.stop_paise
    if trail is None or stop is None:
        return None
    by = _paise(trail.by, position)
    steps = 0
    if by:
        # half a tick less than a better stop may snap to it
        missing = position.sign * (stop - _base(position, trail)) + Fraction(position.tick_paise, 2)
        steps = max(0, ceil(missing / by))
    for candidate in (steps, steps + 1) if by else (0,):
        if position.sign * (_level(position, trail, candidate) - stop) > 0:
            return candidate
    return None


def _level(position: Position, trail: StepTrail, steps: int) -> int:
    """Return the stop after some steps, on the nearest price step, a tie away from the position."""
    exact = _base(position, trail) + position.sign * steps * _paise(trail.by, position)
    return nearest_tick(
        exact.numerator, exact.denominator, position.tick_paise, ties_up=position.sign < 0
    )


def _base(position: Position, trail: StepTrail) -> Fraction:
    """Return the stop before the first step, exact paise."""
    if trail.lock is not None:
        return position.entry_paise + position.sign * _paise(trail.lock, position)
    first = position.initial_stop_paise
    assert first is not None, position
    return Fraction(first)


def _paise(distance: Rel | None, position: Position) -> Fraction:
    """Return a distance in exact paise."""
    if distance is None:
        return Fraction(0)
    x = Fraction(*ratio(distance.x))
    if distance.unit == "pct":
        return position.entry_paise * x / 100
    return x * PAISE_PER_RUPEE
