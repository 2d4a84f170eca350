"""The books of an account or a run from its whole journal, archived events included."""

from __future__ import annotations

from daemon.broker.account_books import AccountBooks
from daemon.domain.instrument import Universe
from daemon.errors import UsageError
from daemon.journal.archive_file import ARCHIVES
from daemon.journal.history import history_of
from daemon.journal.past import missing_archives
from daemon.journal.store import JournalStore


def books_of(store: JournalStore, universe: Universe, capital_paise: int = 0) -> AccountBooks:
    """Return the books after all events of a journal.

    They are sums over all fills, so none are made of a part of them. Raises UsageError if archived
    events are not in their place, JournalCorrupt.
    """
    history = history_of(store)
    if not history.is_whole:
        missing = missing_archives(store)
        raise UsageError(
            f"{store.directory}: {len(missing)} of its archives are missing ({missing[0].name} "
            f"first), so positions and cash are not known; put them back into "
            f"{store.directory / ARCHIVES}"
        )
    books = AccountBooks(universe, capital_paise)
    for event in history.events:
        books.apply(event)
    return books
