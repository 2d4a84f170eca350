"""The events of one Indian date, and the ledger before them."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from daemon.domain.dates import DAY_NS, ist_midnight
from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.base import decode_ledger, encode_ledger
from daemon.journal.past import events_since, missing_archives
from daemon.journal.recovery import ledger_at
from daemon.journal.store import JournalStore

DAYS_KEPT: Final = 4


class DayFacts(NamedTuple):
    """What a date began with, and what happened on it."""

    day: str
    ledger: Ledger
    """Its own copy: whoever gets it may fold onto it."""
    events: Iterable[TradingEvent]
    """Read from the journal by each who iterates: a day may have more than memory is there for."""
    problem: str = ""
    """Why nothing is known of the date; empty where it is."""


class _Events:
    """The events after one up to a time (UTC ns), read each time that they are asked for."""

    def __init__(self, directory: Path, after: int, end: int) -> None:
        self._directory = directory
        self._after = after
        self._end = end

    def __iter__(self) -> Iterator[TradingEvent]:
        with JournalStore.open(self._directory) as store:
            for event in events_since(store, self._after):
                if event.ts >= self._end:
                    return
                yield event


class Days:
    """Reads dates of one journal. Safe from any thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = Lock()
        self._before: OrderedDict[tuple[str, str], tuple[int, bytes]] = OrderedDict()
        """Journal and date -> the event before it, and the ledger there."""

    def of(self, day: str) -> DayFacts:
        """Return a date's events. Raises JournalCorrupt, JournalIOError, UsageError."""
        begin = ist_midnight(dt.date.fromisoformat(day))
        with self._lock, JournalStore.open(self._directory) as store:
            if _is_archived(store, begin) and missing_archives(store):
                problem = "the events of this date were archived, and their files are not here"
                return DayFacts(day, Ledger(), [], problem)
            seq, body = self._ledger_before(store, day, begin)
        return DayFacts(day, decode_ledger(body), _Events(self._directory, seq, begin + DAY_NS))

    def _ledger_before(self, store: JournalStore, day: str, begin: int) -> tuple[int, bytes]:
        """Return the event before a date and the ledger there, folded once."""
        key = (str(store.meta), day)
        if key not in self._before:
            ledger = _ledger_before(store, begin)
            self._before[key] = (ledger.seq, encode_ledger(ledger))
            while len(self._before) > DAYS_KEPT:
                self._before.popitem(last=False)
        return self._before[key]


def _is_archived(store: JournalStore, begin: int) -> bool:
    base = store.base()
    return base is not None and begin <= base.ts


def _ledger_before(store: JournalStore, begin: int) -> Ledger:
    """Return the ledger as it was at `begin` (UTC ns)."""
    if not _is_archived(store, begin):
        return ledger_at(store, store.seq_before(begin))
    ledger = Ledger()
    for event in takewhile(lambda event: event.ts < begin, events_since(store, 0)):
        ledger.apply(event)
    return ledger
