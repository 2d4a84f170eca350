"""A watch: combined levels over the trades of a tag of one strategy, and their fold."""

from __future__ import annotations

import msgspec


class WatchTerms(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The levels of a watch in paise; 0 is no such level, or no steps.

    `trail_every_paise` and `trail_by_paise` move the stop, `lock_at_paise` is the result from which
    on `lock_keep_paise` is the floor.
    """

    stop_paise: int = 0
    target_paise: int = 0
    trail_every_paise: int = 0
    trail_by_paise: int = 0
    lock_at_paise: int = 0
    lock_keep_paise: int = 0
    lock_every_paise: int = 0
    lock_by_paise: int = 0


class TagWatch(msgspec.Struct, kw_only=True):
    """A watch at work: its steps, and what its trades have realized since it began (paise, gross).

    `began_ts` is when it was first set (UTC ns); another call gives it other levels only.
    """

    strategy_id: str
    tag: str
    terms: WatchTerms
    began_ts: int
    realized_paise: int = 0
    trail_steps: int = 0
    lock_steps: int = 0
    is_locked: bool = False


Watches = dict[str, dict[str, TagWatch]]
"""By strategy and tag."""


def find_watch(watches: Watches, strategy_id: str, tag: str) -> TagWatch | None:
    """Return the watch over a tag of a strategy."""
    return watches.get(strategy_id, {}).get(tag)


def drop_watch(watches: Watches, strategy_id: str, tag: str) -> None:
    """Take a watch out, which must be there."""
    del watches[strategy_id][tag]
    if not watches[strategy_id]:
        del watches[strategy_id]
