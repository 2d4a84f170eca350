"""The floor of a result: stop, trail and lock as the best result so far has moved them.

Contract P41 to P45. The best result is kept in whole steps only.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from daemon.levels.terms import CombinedTerms, Money

Level = Literal["stop", "target", "trail", "lock"]
NOT_LOCKED: Final = -1


class FloorSteps(NamedTuple):
    """The steps that the best result has gained: of the trail, of the lock (0 = locked)."""

    trail: int = 0
    lock: int = NOT_LOCKED


NO_STEPS: Final = FloorSteps()


class Floor(NamedTuple):
    """The lowest result allowed, paise, and the level that says so."""

    paise: Money
    level: Level


class Verdict(NamedTuple):
    """What a result leads to: a level that it has reached, or the steps that it has gained."""

    steps: FloorSteps
    reached: Floor | None = None


def floor_of(terms: CombinedTerms, steps: FloorSteps) -> Floor | None:
    """Return the higher of stop and lock, None without either; equal ones are the lock's."""
    found: list[Floor] = []
    if terms.stop is not None:
        gained = 0 if terms.trail is None else steps.trail * terms.trail.by
        found.append(Floor(gained - terms.stop, "trail" if steps.trail else "stop"))
    lock = terms.lock
    if lock is not None and steps.lock > NOT_LOCKED:
        found.append(Floor(lock.keep + steps.lock * lock.by, "lock"))
    highest = max((floor.paise for floor in found), default=None)
    return next((floor for floor in reversed(found) if floor.paise == highest), None)


def judge(terms: CombinedTerms, steps: FloorSteps, result: Money) -> Verdict:
    """Compare a result (paise) with the levels, and only then let it gain steps."""
    floor = floor_of(terms, steps)
    if floor is not None and result <= floor.paise:
        return Verdict(steps, floor)
    if terms.target is not None and result >= terms.target:
        return Verdict(steps, Floor(terms.target, "target"))
    return Verdict(_gained(terms, steps, result))


def ceiling_of(terms: CombinedTerms, steps: FloorSteps) -> Money | None:
    """Return the lowest result above the present one that changes anything; None if none does."""
    found: list[Money] = [] if terms.target is None else [terms.target]
    if terms.trail is not None:
        found.append((steps.trail + 1) * terms.trail.every)
    lock = terms.lock
    if lock is not None and (steps.lock == NOT_LOCKED or lock.every):
        found.append(lock.at + (steps.lock + 1) * lock.every)
    return min(found, default=None)


def _gained(terms: CombinedTerms, steps: FloorSteps, result: Money) -> FloorSteps:
    trail, locked = steps
    if terms.trail is not None:
        trail = max(trail, int(result // terms.trail.every))
    lock = terms.lock
    if lock is not None and result >= lock.at:
        locked = max(locked, int((result - lock.at) // lock.every) if lock.every else 0)
    return FloorSteps(trail, locked)
