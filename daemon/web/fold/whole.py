"""Journals folded whole: that of the page from its first event on, and those of other runs."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

from daemon.journal.files import DATABASE
from daemon.journal.past import archived_events, missing_archives
from daemon.journal.recovery import life
from daemon.journal.store import JournalStore
from daemon.report.fold import RunFold
from daemon.web.fold.book import Book
from daemon.web.sources.facts import Facts

KEPT: Final = 4


def first_book(facts: Facts) -> Book:
    """Return the book at the journal's base: with the archived days, where their files are here.

    Raises JournalCorrupt, JournalIOError.
    """
    if facts.base_seq:
        with JournalStore.open(facts.directory) as store:
            if not missing_archives(store):
                book = Book(RunFold())
                for _, events in archived_events(store):
                    for event in events:
                        book.take(event)
                if book.seq == facts.base_seq:
                    return book
    return Book(facts.first_fold())


class OtherBooks:
    """The books of other runs and accounts, as they were when they were asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._books: OrderedDict[tuple[Path, int, int], Book] = OrderedDict()

    def of(self, directory: Path) -> Book:
        """Return the book of a journal. Raises JournalCorrupt, JournalIOError, UsageError."""
        with self._lock:
            key = (directory, *_changed(directory))
            book = self._books.pop(key, None) or _folded(directory)
            self._books[key] = book
            while len(self._books) > KEPT:
                self._books.popitem(last=False)
            return book


def _folded(directory: Path) -> Book:
    with JournalStore.open(directory) as store:
        ledger, events = life(store)
        book = Book(RunFold((), ledger))
        for event in events:
            book.take(event)
        return book


def _changed(directory: Path) -> tuple[int, int]:
    """Return when a journal, or what was committed after it, was written last."""
    found = []
    for name in (DATABASE, f"{DATABASE}-wal"):
        try:
            found.append((directory / name).stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return found[0], found[1]
