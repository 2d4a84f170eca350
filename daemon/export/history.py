"""The events of a journal from as early on as they are here, and a fold that keeps no rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.past import events_since, missing_archives
from daemon.journal.recovery import life
from daemon.journal.store import JournalStore
from daemon.report.fold import RunFold


class History(NamedTuple):
    """The ledger before the events, and the events. Both are used up by one table."""

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


def folded(history: History) -> Iterator[tuple[TradingEvent, RunFold]]:
    """Yield each event with the fold after it, whose rows are of that event alone."""
    fold = RunFold(ledger=history.ledger)
    for event in history.events:
        fold.add(event)
        yield event, fold
        fold.forget_rows()
