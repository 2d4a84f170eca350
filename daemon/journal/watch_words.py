"""Watches in a trader's words: what they watch, their floors, and what they closed. Rupees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.domain.events import WatchMoved
from daemon.domain.tag_watch import WatchTerms
from daemon.journal.words import WATCHES, money

_ENDS: Final[dict[str, str]] = {
    "removed": "the strategy took its levels away",
    "flat": "its trades of earlier days are over",
}


def watch_sentence(event: WatchMoved) -> str:
    """Return what happened to a watch."""
    name = f"watch of {event.strategy_id} over {event.tag}"
    match event.kind:
        case "set":
            levels = ", ".join(_levels(event.terms or WatchTerms()))
            before = f"; realized so far {money(event.realized_paise)}"
            return f"{name} set: {levels}{before if event.realized_paise else ''}"
        case "stepped":
            return (
                f"{name}: the floor is {money(event.level_paise)} now, at a result of "
                f"{money(event.result_paise)}"
            )
        case "reached":
            words = WATCHES.get(event.reason, "")
            return (
                f"{name} reached {event.reason} at a result of {money(event.result_paise)} (level "
                f"{money(event.level_paise)}){f': {words}' if words else ''}"
            )
        case "ended":
            return f"{name} ended: {_ENDS.get(event.reason, event.reason)}"


def _levels(terms: WatchTerms) -> Iterator[str]:
    if terms.stop_paise:
        yield f"stop at a loss of {money(terms.stop_paise)}"
    if terms.target_paise:
        yield f"target at a profit of {money(terms.target_paise)}"
    if terms.trail_every_paise:
        by, every = money(terms.trail_by_paise), money(terms.trail_every_paise)
        yield f"the stop follows by {by} for every {every}"
    if terms.lock_at_paise:
        at, keep = money(terms.lock_at_paise), money(terms.lock_keep_paise)
        yield f"{keep} locked from a profit of {at} on"
    if terms.lock_every_paise:
        by, every = money(terms.lock_by_paise), money(terms.lock_every_paise)
        yield f"then {by} more for every {every}"
