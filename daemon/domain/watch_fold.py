"""Watches as the fold of their events."""

from __future__ import annotations

from daemon.domain.events import WatchMoved
from daemon.domain.tag_watch import TagWatch, Watches, drop_watch, find_watch


def fold_watch(watches: Watches, event: WatchMoved) -> None:
    """Fold an event into the watches."""
    if event.kind == "set":
        _set(watches, event)
    elif event.kind == "stepped":
        watch = watches[event.strategy_id][event.tag]
        watch.trail_steps = event.trail_steps
        watch.lock_steps = event.lock_steps
        watch.is_locked = event.is_locked
    else:
        drop_watch(watches, event.strategy_id, event.tag)


def _set(watches: Watches, event: WatchMoved) -> None:
    assert event.terms is not None, event
    before = find_watch(watches, event.strategy_id, event.tag)
    watches.setdefault(event.strategy_id, {})[event.tag] = TagWatch(
        strategy_id=event.strategy_id,
        tag=event.tag,
        terms=event.terms,
        began_ts=event.ts if before is None else before.began_ts,
        realized_paise=event.realized_paise,
    )
