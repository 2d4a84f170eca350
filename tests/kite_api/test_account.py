"""The account's books as the API reads them: caught up, whole after an archive, or not at all."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.domain.order import OrderState
from daemon.journal.archive import archive_events
from daemon.journal.archive_file import ARCHIVES
from daemon.web.kite import account as account_module
from daemon.web.kite.account import Account, Behind
from daemon.web.kite.errors import KiteError
from daemon.web.sources import facts
from daemon.web.sources.watched import Watched
from tests.kit.sample_events import START, EventWriter, left_open, worked_example
from tests.kit.web import put, write_journal
from tests.kite_api.desk import Desk

DAY_NS = 86_400_000_000_000
Seen = tuple[dict[str, int], str, list[str]]


def two_days() -> EventWriter:
    """A position that stays open, and a trade on each day."""
    writer = EventWriter()
    left_open(writer)
    for day in range(2):
        order_id = worked_example(writer)
        writer.next_input()
        writer.move(order_id, OrderState.CLOSED, OrderState.ARCHIVED, "session_end")
        writer.ts = START + (day + 1) * DAY_NS
        writer.next_input()
    return writer


def seen_in(books: AccountBooks) -> Seen:
    net = {row.tradingsymbol: row.quantity for row in books.positions.net({})}
    return net, str(books.cash.cash), [order.exchange_id for order in books.orders.all()]


def account_of(directory: Path) -> Account:
    return Account(Watched(directory=directory, out=directory.parent.parent))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "accounts/desk"
    write_journal(directory, two_days().events).close()
    return directory


def test_w10_books_are_whole_after_an_archive(directory: Path) -> None:
    follows = account_of(directory)
    before = follows.read(seen_in, 0)
    assert any(before[0].values())
    report = archive_events(directory, before_ts=START + DAY_NS // 2, now_ts=START + 9 * DAY_NS)
    assert report is not None
    later = account_of(directory)
    assert follows.read(seen_in, 0) == later.read(seen_in, 0) == before
    follows.close()
    later.close()


def test_w10_a_long_journal_is_read_in_turns(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = account_of(directory)
    expected = whole.read(seen_in, 0)
    whole.close()
    few = {
        table: query.replace(f"LIMIT {facts.PAGE_ROWS}", "LIMIT 5")
        for table, query in facts._PAGES.items()
    }
    monkeypatch.setattr(facts, "_PAGES", few)
    monkeypatch.setattr(account_module, "PAGES_AT_ONCE", 2)
    account, turns = account_of(directory), 0
    for _ in range(100):
        with contextlib.suppress(Behind):
            found = account.read(seen_in, 0)
            break
        turns += 1
    assert found == expected
    assert turns > 1
    account.close()


async def test_w10_whoever_asks_waits_until_all_of_it_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, turns = desk.api.account.read, []

    def behind(answer: Any, now: int) -> Any:
        turns.append(now)
        if len(turns) < 3:
            raise Behind
        return read(answer, now)

    monkeypatch.setattr(desk.api.account, "read", behind)
    assert await desk.get("/orders") == []
    assert len(turns) == 3


def test_w10_a_journal_that_stays_busy_is_503_and_nothing_old(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_of(directory)
    before = account.read(seen_in, 0)
    with monkeypatch.context() as patched:
        patched.setattr(facts.Facts, "look", lambda _: facts.News.NOT_NOW)
        with pytest.raises(KiteError) as error:
            account.read(seen_in, 0)
    assert error.value.status == 503
    assert account.read(seen_in, 0) == before
    account.close()


def test_w10_without_its_archives_an_account_is_not_known_and_that_is_said(
    directory: Path,
) -> None:
    archive_events(directory, before_ts=START + DAY_NS // 2, now_ts=START + 9 * DAY_NS)
    shutil.rmtree(directory / ARCHIVES)
    account = account_of(directory)
    with pytest.raises(KiteError, match="archives of the journal are missing") as error:
        account.read(seen_in, 0)
    assert error.value.status == 503
    account.close()


def test_w10_an_account_without_a_journal_is_503(tmp_path: Path) -> None:
    directory = tmp_path / "accounts/desk"
    directory.mkdir(parents=True)
    account = account_of(directory)
    with pytest.raises(KiteError) as error:
        account.read(seen_in, 0)
    assert error.value.status == 503
    write_journal(directory, two_days().events).close()
    assert any(account.read(seen_in, 0)[0].values())
    account.close()


def test_w10_what_was_committed_is_in_the_next_look(directory: Path, tmp_path: Path) -> None:
    events = two_days().events
    half = events[len(events) // 2].input_no
    first = [event for event in events if event.input_no <= half]
    other = tmp_path / "accounts/other"
    store = write_journal(other, first)
    account = account_of(other)
    account.read(seen_in, 0)
    put(store, events[len(first) :])
    whole = account_of(directory)
    assert account.read(seen_in, 0) == whole.read(seen_in, 0)
    store.close()
    account.close()
    whole.close()
