"""The levels of a combined result, and what is wrong with them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

Money = int | Fraction
"""Paise, exact: a fraction where a percentage or charges come in."""


class Steps(NamedTuple):
    """For every `every` that the best result gains, a level rises by `by`; paise."""

    every: Money
    by: Money


class Lock(NamedTuple):
    """Once the best result is at least `at`, `keep` is the floor, and rises in steps from there.

    Paise. Without steps (`every` 0) the floor stays.
    """

    at: Money
    keep: Money
    every: Money = 0
    by: Money = 0


class CombinedTerms(NamedTuple):
    """Levels of a result in paise, None where there is no such level.

    `stop` is how far it may fall below zero, `target` where it leaves with profit; the trail moves
    the stop, and counts its steps also while there is no stop to move.
    """

    stop: Money | None = None
    target: Money | None = None
    trail: Steps | None = None
    lock: Lock | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether there is no level at all."""
        return self == CombinedTerms()

    def fault(self) -> str:
        """Return what is wrong in words, empty if nothing is."""
        for name, level in (("stop", self.stop), ("target", self.target)):
            if level is not None and level <= 0:
                return f"{name}: expected more than 0"
        return self._trail_fault() or self._lock_fault()

    def _trail_fault(self) -> str:
        trail = self.trail
        if trail is None or 0 < trail.by <= trail.every:
            return ""
        return "trail: expected 0 < by <= every"

    def _lock_fault(self) -> str:
        lock = self.lock
        if lock is None:
            return ""
        if not lock.keep < lock.at or lock.at <= 0:
            return "lock: expected keep < at, and at more than 0"
        has_steps = bool(lock.every or lock.by)
        if has_steps and (lock.every <= 0 or lock.by <= 0):
            return "lock: expected every and by both above 0, or neither"
        return ""
