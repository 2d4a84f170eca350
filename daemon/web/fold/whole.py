"""Journals folded whole: that of the page from its first event on, and those of other runs."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

from daemon.journal.files import DATABASE
from daemon.journal.history import history_of
from daemon.journal.store import JournalStore
from daemon.report.fold import RunFold
from daemon.web.fold.book import Book
from daemon.web.sources.facts import Facts

KEPT: Final = 4


def first_book(facts: Facts) -> Book:
    """Return the book at the journal's base: with the archived days, where their files are here.

    Raises JournalCorrupt, JournalIOError.
    """
    base = facts.base_seq
    return book_of(facts.directory, upto=base) if base else Book(RunFold())


def book_of(directory: Path, upto: int | None = None) -> Book:
    """Return the book of a journal as far as event `upto`, or to its end.

    Raises JournalCorrupt, JournalIOError, UsageError.
    """
    with JournalStore.open(directory) as store:
        ledger, events, _ = history_of(store)
        book = Book(RunFold((), ledger))
        for event in events:
            if upto is not None and event.seq > upto:
                break
            book.take(event)
        return book


class OtherBooks:
    """The books of other runs and accounts, as they were when they were asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._books: OrderedDict[tuple[Path, int, int], Book] = OrderedDict()

    def of(self, directory: Path) -> Book:
        """Return the book of a journal. Raises JournalCorrupt, JournalIOError, UsageError."""
        with self._lock:
            key = (directory, *_changed(directory))
            book = self._books.pop(key, None) or book_of(directory)
            self._books[key] = book
            while len(self._books) > KEPT:
                self._books.popitem(last=False)
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
