"""The events of a journal from as early on as they are here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.past import events_since, missing_archives
from daemon.journal.recovery import life
from daemon.journal.store import JournalStore


class History(NamedTuple):
    """The ledger before the events, and the events. Both are used up by one fold."""

    ledger: Ledger
    events: Iterator[TradingEvent]
    is_whole: bool
    """False if archives that are not here hold earlier events."""


def history_of(store: JournalStore) -> History:
    """Return all events of an account or a run, archived ones too if they are in their place.

    Raises JournalCorrupt, also while the events are read.
    """
    if not missing_archives(store):
        return History(Ledger(), events_since(store, 0), True)
    return History(*life(store), False)
