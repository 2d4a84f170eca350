"""A journal of version 1, made by 0.2.0, is closed, and a new one goes on from its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest

from daemon.domain.dates import SECOND_NS
from daemon.domain.events import OrderCreated, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.errors import AlreadyRunning, JournalCorrupt, JournalIOError
from daemon.journal.archive import archive_events
from daemon.journal.audit import audit
from daemon.journal.explain import explain
from daemon.journal.files import HEAD
from daemon.journal.head import _read_slots
from daemon.journal.past import events_since
from daemon.journal.recovery import fold, ledger_at, life
from daemon.journal.show import show
from daemon.journal.state import StateJournal
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.takeover import TakenOver, take_over
from daemon.journal.views import VIEWS_1
from daemon.runtime.backup import back_up
from daemon.runtime.resume import _last_event_ts as last_event_ts
from tests.kit.kill import killed_at
from tests.kit.of_0_2_0 import unpack_account
from tests.kit.tiers import with_more_in_ci

NOW = 1_795_000_000_000_000_000
CLOSED = "archive/journal-000000000500"


@pytest.fixture
def account(tmp_path: Path) -> Path:
    return unpack_account(tmp_path)


def taken(directory: Path) -> TakenOver | None:
    return take_over(directory, program_version="0.3.0", now_ts=NOW)


def state_of(directory: Path) -> tuple[Ledger, list[TradingEvent], int, int]:
    """What must not change: the ledger, all events, and the ends that are counted on."""
    with JournalStore.open_whole(directory) as store:
        return fold(store), list(events_since(store, 0)), store.last_seq, store.last_input_no


def goes_on(directory: Path) -> None:
    """The journal takes the next event and is still whole."""
    with JournalStore.open(directory, write=True) as store:
        ledger = fold(store)
        number, input_no = store.last_seq + 1, store.last_input_no + 1
        [first] = [event for event in events_since(store, 0) if event.seq == 1]
        assert isinstance(first, OrderCreated)
        order = f"V3-20261118-{ledger.orders_today + 1:06d}"
        event = msgspec.structs.replace(
            first, seq=number, input_no=input_no, order_id=order, ts=NOW
        )
        store.append([event], input_no=input_no)
    with JournalStore.open(directory) as store:
        report = audit(store)
        assert report.ledger.orders[order].number == ledger.total_orders + 1
        assert not report.notes


def test_the_new_journal_goes_on_where_the_old_one_ended(account: Path) -> None:
    before = state_of(account)
    assert before[0].positions
    told = taken(account)
    assert told is not None
    assert (told.closed, told.seq) == (account / CLOSED, 500)
    assert told.open_positions == len(before[0].positions) == 10
    assert state_of(account) == before
    with JournalStore.open(account) as store:
        assert (store.meta.schema_version, store.meta.event_version) == (2, 2)
        report = audit(store)
        assert (report.journal.events, report.archived_events, report.archives) == (0, 500, 1)
        kinds = [each.kind for each in store.operations()]
        assert kinds == ["continued", "archived", "state"]
        assert StateJournal(store).known.carry.strategies_off == ["ema"]
    assert taken(account) is None
    goes_on(account)


def test_a_journal_that_never_had_an_event_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.journal.creation.VIEWS", VIEWS_1)
    meta = JournalMeta(run_id="r", account="a", schema_version=1, event_version=1)
    JournalStore.create(tmp_path, meta).close()
    told = taken(tmp_path)
    assert told is not None
    assert told.seq == 0
    with JournalStore.open_whole(tmp_path) as store:
        base = store.base()
        assert base is not None
        assert (base.seq, base.ts, base.input_no) == (0, 0, 0)
        assert not audit(store).notes


def test_both_slots_of_the_closed_head_are_at_its_end(account: Path) -> None:
    taken(account)
    with JournalStore.open(account / CLOSED) as store:
        assert _read_slots(account / CLOSED / HEAD) == [store.tail, store.tail]


def test_a_start_knows_when_the_last_event_was(account: Path) -> None:
    last = state_of(account)[1][-1]
    taken(account)
    with JournalStore.open(account) as store:
        assert last_event_ts(store) == last.ts
    report = archive_events(account, before_ts=NOW, now_ts=NOW)
    assert report is None  # all of it is closed already


def test_the_closed_journal_is_a_journal_like_any_other(account: Path) -> None:
    before = state_of(account)
    taken(account)
    assert state_of(account / CLOSED) == before
    with JournalStore.open(account / CLOSED) as store:
        assert (store.meta.schema_version, store.meta.program_version) == (1, "0.2.0")
        assert not audit(store).notes


def test_orders_that_were_alive_are_told_whole_and_the_others_are_named(account: Path) -> None:
    with JournalStore.open(account) as store:
        orders = list(fold(store).orders)
        stories = {order: explain(store, order) for order in orders}
        shown = show(store, 200)
    taken(account)
    with JournalStore.open_whole(account) as store:
        assert {order: explain(store, order) for order in orders} == stories
        now = show(store, 200)
    assert (now.orders, now.trades) == (shown.orders, shown.trades)
    assert "Events 1 to 500 are in a journal of an older version" in now.archived


def test_a_life_begins_with_the_first_event_of_the_closed_journal(account: Path) -> None:
    events = state_of(account)[1]
    taken(account)
    with JournalStore.open(account) as store:
        ledger, told = life(store)
        assert ledger == Ledger()
        assert list(told) == events
        assert ledger_at(store, 200).seq == 200


def test_a_later_archive_and_a_backup_keep_both(account: Path, tmp_path: Path) -> None:
    taken(account)
    goes_on(account)
    before = state_of(account)
    copy = back_up(account, tmp_path / "copy").directory
    assert state_of(copy) == before
    assert state_of(copy / CLOSED) == state_of(account / CLOSED)
    report = archive_events(account, before_ts=NOW + SECOND_NS, now_ts=NOW + SECOND_NS)
    assert report is not None
    assert (report.first_seq, report.last_seq) == (501, 501)
    assert state_of(account) == before
    with JournalStore.open(account) as store:
        assert audit(store).archived_events == 501


def test_an_archive_of_the_old_journal_stays_where_it_is_and_is_read(account: Path) -> None:
    before = state_of(account)
    report = archive_events(account, before_ts=NOW, now_ts=NOW)
    assert report is not None
    taken(account)
    assert report.file.exists()
    assert state_of(account) == before
    goes_on(account)
    later = archive_events(account, before_ts=NOW + SECOND_NS, now_ts=NOW + SECOND_NS)
    assert later is not None
    assert report.file.exists()  # of no use to the new journal alone, but to the closed one
    with JournalStore.open(account) as store:
        assert not audit(store).notes


def test_a_closed_journal_that_was_moved_away_is_missed_aloud(account: Path) -> None:
    ledger = state_of(account)[0]
    taken(account)
    shutil.rmtree(account / CLOSED)
    with JournalStore.open(account, write=True) as store:
        assert fold(store) == ledger
        assert any("is not here" in note for note in audit(store).notes)


@pytest.mark.parametrize("is_linked", with_more_in_ci(True, more=[False]))
def test_a_kill_at_any_step_loses_nothing_and_the_next_start_finishes(
    tmp_path: Path, is_linked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_linked:
        monkeypatch.setattr(Path, "hardlink_to", _no_links)
    whole = unpack_account(tmp_path / "whole")
    before = state_of(whole)
    places: set[str] = set()
    for step in range(100):
        directory = tmp_path / str(step)
        shutil.copytree(whole, directory)
        if not killed_at(step, lambda at=directory: taken(at)):  # type: ignore[misc]
            break
        with closing(sqlite3.connect(directory / "journal.db")) as raw:
            [version] = raw.execute("SELECT value FROM meta WHERE key = 'schema_version'")
        places.add(version[0])
        taken(directory)
        assert state_of(directory) == before, step
        with JournalStore.open(directory) as store:
            assert store.meta.previous
            assert not audit(store).notes
        shutil.rmtree(directory)
    else:
        raise AssertionError("it was killed at every step")
    assert step > 10
    assert places == {"1", "2"}  # before the rename and after it


def _no_links(path: Path, target: Path) -> None:
    raise OSError(95, "Operation not supported")


def test_a_copy_that_the_disk_spoiled_is_refused_and_the_old_journal_stays(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(account)

    def spoil(reader: BinaryIO, writer: BinaryIO, _: int) -> None:
        writer.write(reader.read().replace(b'"quantity":65', b'"quantity":66'))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "hardlink_to", _no_links)
        patched.setattr(shutil, "copyfileobj", spoil)
        with pytest.raises(JournalCorrupt, match="does not match its hash"):
            taken(account)
    assert state_of(account) == before
    taken(account)
    assert state_of(account) == before


@pytest.mark.parametrize("step", range(12))
def test_a_disk_that_fails_at_any_step_leaves_the_old_journal(
    account: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(account)
    with monkeypatch.context() as patched:
        _fail_at(step, patched)
        with contextlib.suppress(JournalIOError):
            taken(account)
    assert state_of(account) == before
    taken(account)
    assert state_of(account) == before
    goes_on(account)


def _fail_at(step: int, patched: pytest.MonkeyPatch) -> None:
    count: Iterator[int] = iter(range(1000))

    def failing(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            if next(count) == step:
                raise OSError(28, "No space left on device")
            return function(*arguments, **named)

        return called

    for name in ("fsync", "fdatasync"):
        patched.setattr(os, name, failing(getattr(os, name)))
    for name in ("rename", "mkdir", "unlink"):
        patched.setattr(Path, name, failing(getattr(Path, name)))


def test_a_damaged_old_journal_is_refused_and_left_as_it_is(account: Path) -> None:
    with closing(sqlite3.connect(account / "journal.db")) as raw, raw:
        raw.execute("UPDATE events SET body = replace(body, '65', '66') WHERE seq = 4")
    data = (account / "journal.db").read_bytes()
    with pytest.raises(JournalCorrupt, match="event 4 does not match its hash"):
        taken(account)
    assert (account / "journal.db").read_bytes() == data
    assert not (account / "archive").exists()


def test_a_running_daemon_is_not_taken_over(account: Path) -> None:
    with JournalStore.open(account, write=True), pytest.raises(AlreadyRunning):
        taken(account)
    assert taken(account) is not None


def test_a_reader_of_the_old_journal_is_waited_for_and_named(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.journal.files._BUSY_TIMEOUT_S", 0.01)
    before = state_of(account)
    with closing(sqlite3.connect(account / "journal.db")) as writer, writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE cursor SET id = 1")
        with closing(sqlite3.connect(account / "journal.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM cursor").fetchall()
            writer.execute("UPDATE cursor SET id = 1")
            writer.commit()
            with pytest.raises(JournalIOError, match="another process reads it"):
                taken(account)
    assert state_of(account) == before
    assert taken(account) is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE meta SET value = '0.9' WHERE key = 'program_version'", "first operation signed"),
        ("UPDATE meta SET value = replace(value, '500', '499') WHERE key = 'previous'", "journal"),
        ("UPDATE base SET ledger = replace(ledger, 'NRML', 'MIS ')", "its base"),
        ("UPDATE kept SET body = replace(body, '65', '66')", "its base"),
        ("DELETE FROM operations WHERE kind = 'continued'", "operation|tail|signed"),
        ("DELETE FROM meta WHERE key = 'previous'", "journal"),
    ],
)
def test_a_changed_link_to_the_old_journal_is_refused(
    account: Path, change: str, said: str
) -> None:
    taken(account)
    with closing(sqlite3.connect(account / "journal.db")) as raw, raw:
        assert raw.execute(change).rowcount > 0
    with pytest.raises(JournalCorrupt, match=said):
        JournalStore.open_whole(account)


def test_another_journal_in_the_place_of_the_closed_one_is_refused(account: Path) -> None:
    other = unpack_account(account.parent / "other")
    archive_events(other, before_ts=NOW, now_ts=NOW)  # one more operation: another end
    taken(account)
    shutil.rmtree(account / CLOSED)
    shutil.copytree(other, account / CLOSED)
    shutil.copytree(other / "archive", account / "archive", dirs_exist_ok=True)
    with JournalStore.open(account) as store, pytest.raises(JournalCorrupt, match="continues from"):
        audit(store)
