"""Books of a journal whose older events were archived."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.domain.instrument import Universe
from daemon.errors import UsageError
from daemon.journal.archive_file import ARCHIVES
from daemon.journal.store import JournalStore
from daemon.runtime.account_books import books_of
from tests.unit.test_journal_archive import EVENTS, archived_before, journal

CAPITAL = 1_000_000_00
NOTHING = Universe(())


def test_books_are_those_of_all_events_wherever_they_are(tmp_path: Path) -> None:
    expected = AccountBooks(NOTHING, CAPITAL)
    for event in EVENTS:
        expected.apply(event)
    directory = journal(tmp_path)
    assert archived_before(directory, 3) > 0
    with JournalStore.open(directory) as store:
        books = books_of(store, NOTHING, CAPITAL)
    assert books.cash.cash == expected.cash.cash != CAPITAL / 100
    assert books.positions.net({}) == expected.positions.net({}) != []


def test_without_the_archives_there_are_no_books_and_a_line_says_why(tmp_path: Path) -> None:
    directory = journal(tmp_path)
    archived_before(directory, 3)
    shutil.rmtree(directory / ARCHIVES)
    with (
        JournalStore.open(directory) as store,
        pytest.raises(UsageError, match=r"its archives are missing .*positions and cash") as caught,
    ):
        books_of(store, NOTHING)
    assert "\n" not in str(caught.value)
