"""A page over the sample session, whose journal is open for more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from daemon.journal.store import JournalStore
from tests.kit import golden
from tests.kit.golden import Replayed
from tests.kit.sample_events import sample_events
from tests.kit.web import Page, page_of, write_journal


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The sample session, replayed once for all tests of the page."""
    return golden.replay(golden.SAMPLE, tmp_path_factory.mktemp("sample"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    """The journal of a run: the sample session up to its last minute."""
    with write_journal(tmp_path / "runs/one", sample_events(archive=False)) as store:
        yield store


@pytest.fixture
async def page(store: JournalStore) -> AsyncIterator[Page]:
    """Its page, after the first look."""
    page = page_of(store.directory)
    await page.site.look()
    yield page
    page.site.follower.close()
