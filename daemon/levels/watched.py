"""The levels of a watch as combined levels take them."""

from __future__ import annotations

from daemon.domain.tag_watch import TagWatch, WatchTerms
from daemon.levels.floors import NOT_LOCKED, FloorSteps
from daemon.levels.terms import CombinedTerms, Lock, Steps


def combined_terms(terms: WatchTerms) -> CombinedTerms:
    """Return the terms of a watch, whose zeros are absent levels."""
    trail = lock = None
    if terms.trail_every_paise or terms.trail_by_paise:
        trail = Steps(terms.trail_every_paise, terms.trail_by_paise)
    if any((terms.lock_at_paise, terms.lock_keep_paise, terms.lock_every_paise)):
        lock = Lock(
            terms.lock_at_paise, terms.lock_keep_paise, terms.lock_every_paise, terms.lock_by_paise
        )
    return CombinedTerms(terms.stop_paise or None, terms.target_paise or None, trail, lock)


def fault_of(terms: WatchTerms) -> str:
    """Return what is wrong with the levels of a watch in words, empty if nothing is."""
    combined = combined_terms(terms)
    if combined.trail is not None and combined.stop is None:
        return "trail: expected a stop that it moves"
    return combined.fault()


def floor_steps(watch: TagWatch) -> FloorSteps:
    """Return the steps that a watch has gained."""
    return FloorSteps(watch.trail_steps, watch.lock_steps if watch.is_locked else NOT_LOCKED)
