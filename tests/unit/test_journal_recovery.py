"""When writing fails or stops half way: nothing is lost, nothing is invented."""

from __future__ import annotations

import errno
import gc
import os
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.journal import appender as appender_module
from daemon.journal.operations import operation_line
from daemon.journal.recovery import (
    FoldMismatchError,
    check_fold,
    fold,
    recover,
    recovered_operation,
    take_snapshot,
)
from daemon.journal.snapshots import snapshot_path
from daemon.journal.store import JournalMeta, JournalStore
from tests.kit.sample_events import by_input, many_events, sample_events

META = JournalMeta(run_id="run-1", account="dev")


def filled(directory: Path) -> JournalStore:
    store = JournalStore.create(directory, META)
    for input_no, events in by_input(sample_events()):
        store.append(events, input_no=input_no)
    return store


def appender_of(store: JournalStore) -> Any:
    assert store._appender is not None
    return store._appender


class FaultyConnection:
    """Passes everything on, but raises at statements that begin with `fail_at`."""

    def __init__(self, real: sqlite3.Connection, fail_at: str) -> None:
        self._real = real
        self._fail_at = fail_at

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql.startswith(self._fail_at):
            raise sqlite3.OperationalError("disk I/O error")
        return self._real.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_large_append_is_chunked_and_its_cursor_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "CHUNK_EVENTS", 7)
    events = many_events(4)
    with JournalStore.create(tmp_path, META) as store:
        connection = appender_of(store)._connection
        seen: list[tuple[int, int]] = []

        def watch(statement: str) -> None:
            if statement == "COMMIT":
                with JournalStore.open(tmp_path) as reader:
                    (row,) = reader.query("SELECT count(*) AS events FROM events")
                    seen.append((row["events"], reader.last_seq))

        connection.set_trace_callback(watch)
        store.append(events, input_no=20)
        connection.set_trace_callback(None)
        assert seen == [(at, 0) for at in range(0, len(events), 7)]
        assert store.last_seq == len(events)


def test_an_input_cut_between_chunks_is_invisible_and_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "CHUNK_EVENTS", 7)
    events = many_events(4)
    with JournalStore.create(tmp_path, META) as store:
        store.append(events[:12], input_no=events[11].input_no)
        inner = appender_of(store)
        inner._connection = FaultyConnection(inner._connection, "INSERT OR REPLACE INTO cursor")
        with pytest.raises(JournalIOError):
            store.append(events[12:], input_no=events[-1].input_no)
    with JournalStore.open(tmp_path) as reader:
        assert reader.verify().unfinished == 35
        assert list(reader.events()) == events[:12]
        assert len(reader.query("SELECT * FROM orders")) == 2
    with JournalStore.open(tmp_path, write=True) as store:
        assert store.dropped_unfinished == 35
        store.append(events[12:], input_no=events[-1].input_no)
        assert list(store.events()) == events
        assert store.verify().unfinished == 0


def test_a_start_says_what_it_took_out_and_what_it_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "CHUNK_EVENTS", 7)
    events = many_events(4)
    with JournalStore.create(tmp_path, META) as store:
        store.append(events[:12], input_no=events[11].input_no)
        take_snapshot(tmp_path)
        inner = appender_of(store)
        inner._connection = FaultyConnection(inner._connection, "INSERT OR REPLACE INTO cursor")
        with pytest.raises(JournalIOError):
            store.append(events[12:], input_no=events[-1].input_no)
    snapshot_path(tmp_path, 12).write_bytes(b"damaged")
    with JournalStore.open(tmp_path, write=True) as store:
        operation = recovered_operation(store, recover(store), ts=7)
        store.append([], input_no=99, operations=[operation])
    assert operation.detail["dropped_unfinished"] == 35
    assert "is damaged" in str(operation.detail["note_1"])
    shown = operation_line(operation)
    assert "dropped unfinished 35" in shown
    assert "it is passed over" in shown


@pytest.mark.parametrize("fail_at", ["BEGIN", "INSERT OR REPLACE", "COMMIT"])
def test_after_a_failed_write_the_store_takes_no_more(tmp_path: Path, fail_at: str) -> None:
    events = sample_events()
    with JournalStore.create(tmp_path, META) as store:
        store.append(events[:4], input_no=1)
        inner = appender_of(store)
        inner._connection = FaultyConnection(inner._connection, fail_at)
        with pytest.raises(JournalIOError, match="disk I/O error; trading stops here"):
            store.append(events[4:5], input_no=2)
        inner._connection = inner._connection._real
        with pytest.raises(JournalIOError, match="takes no more after: disk I/O error"):
            store.append(events[4:5], input_no=2)
        assert store.last_seq == 4
    with JournalStore.open(tmp_path, write=True) as store:
        assert list(store.events()) == events[:4]


def test_a_full_disk_is_a_journal_error_and_loses_nothing(tmp_path: Path) -> None:
    events = many_events(200)
    with JournalStore.create(tmp_path, META) as store:
        store.append(events[:12], input_no=events[11].input_no)
        appender_of(store)._connection.execute("PRAGMA max_page_count = 20")
        with pytest.raises(JournalIOError, match="full"):
            store.append(events[12:], input_no=events[-1].input_no)
    with JournalStore.open(tmp_path, write=True) as store:
        assert list(store.events()) == events[:12]
        store.append(events[12:], input_no=events[-1].input_no)
        assert store.last_seq == len(events)


def test_a_head_that_cannot_be_synced_stops_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = sample_events()

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with JournalStore.create(tmp_path, META) as store:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", broken)
            with pytest.raises(JournalIOError, match="Input/output error"):
                store.append(events[:4], input_no=1)
        with pytest.raises(JournalIOError, match="takes no more"):
            store.append(events[4:5], input_no=2)
    with JournalStore.open(tmp_path, write=True) as store:
        assert store.last_seq == 4, "committed but never published: kept"


def test_the_fold_of_the_journal_is_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger()
    with JournalStore.create(tmp_path, META) as store:
        for input_no, group in by_input(sample_events()):
            store.append(group, input_no=input_no)
            for event in group:
                ledger.apply(event)
            check_fold(store, ledger)
            assert fold(store) == ledger


def test_a_tally_that_was_only_looked_at_is_no_difference(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        ledger = fold(store)
        ledger.tally("never_traded")
        ledger.tally_on("orb", 30_000)
        check_fold(store, ledger)


def test_a_ledger_that_differs_is_named(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        ledger = fold(store)
        ledger.cash_paise += 1
        both = f"expected {ledger.cash_paise - 1}, was {ledger.cash_paise}$"
        with pytest.raises(FoldMismatchError, match=f"cash_paise of the live ledger .* {both}"):
            check_fold(store, ledger)


def test_of_a_part_that_differs_no_more_than_its_beginning_is_told(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        ledger = fold(store)
        ledger.refusals = {f"reason_{number}": number for number in range(1000)}
        with pytest.raises(FoldMismatchError, match=r'reason_0":0.*\.\.\.$') as caught:
            check_fold(store, ledger)
        assert len(str(caught.value)) < 1000


def test_events_that_do_not_follow_are_corrupt(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        moved = msgspec.structs.replace(sample_events()[1], seq=1)
        store.append([moved], input_no=1)
        with pytest.raises(JournalCorrupt, match="does not follow"):
            fold(store)


@pytest.mark.parametrize("on", [True, False])
def test_a_fold_leaves_the_collector_as_it_was(tmp_path: Path, on: bool) -> None:
    with filled(tmp_path) as store:
        was_on = gc.isenabled()
        try:
            (gc.enable if on else gc.disable)()
            fold(store)
            assert gc.isenabled() is on
        finally:
            (gc.enable if was_on else gc.disable)()
