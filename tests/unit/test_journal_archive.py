"""Archived events leave the journal and stay verifiable; a kill at any step loses nothing."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from daemon.domain.events import TradingEvent, decode_event, encode_event
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState as S
from daemon.errors import AlreadyRunning, JournalCorrupt, JournalIOError, UsageError
from daemon.journal import archive as archive_module
from daemon.journal.archive import archive_events
from daemon.journal.archive_file import ARCHIVES, read_archive
from daemon.journal.audit import AuditReport, audit
from daemon.journal.base import Archived, base_ledger, encode_ledger
from daemon.journal.explain import explain
from daemon.journal.past import archive_path
from daemon.journal.recovery import check_fold, fold, recover, take_snapshot
from daemon.journal.schema import genesis
from daemon.journal.show import show
from daemon.journal.snapshots import list_snapshots
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.kill import killed_at
from tests.kit.sample_events import (
    START,
    EventWriter,
    by_input,
    left_open,
    refused_by_lot,
    worked_example,
)

META = JournalMeta(run_id="account-dev", account="dev")
DAY_NS = 86_400_000_000_000
NOW = START + 10 * DAY_NS


def four_days() -> list[TradingEvent]:
    """A position that stays open all the time, and finished orders on each day."""
    w = EventWriter()
    carried = left_open(w)
    for day in range(4):
        over = [(worked_example(w), S.CLOSED), (refused_by_lot(w), S.REJECTED)]
        w.next_input()
        for order_id, state in over:
            w.move(order_id, state, S.ARCHIVED, "session_end")
        w.ts = START + (day + 1) * DAY_NS
        w.next_input()
    assert carried == w.events[0].order_id
    return w.events


EVENTS = four_days()


def journal(directory: Path) -> Path:
    with JournalStore.create(directory, META) as store:
        for input_no, group in by_input(EVENTS):
            note = Operation(ts=group[0].ts, kind="feed_state", detail={"state": "live"})
            store.append(group, input_no=input_no, operations=[note])
    return directory


def archived_before(directory: Path, day: int) -> int:
    """Archive what is before a day of the four; the last archived seq."""
    report = archive_events(directory, before_ts=START + day * DAY_NS - DAY_NS // 4, now_ts=NOW)
    assert report is not None
    return report.last_seq


def audited(directory: Path) -> AuditReport:
    with JournalStore.open(directory) as store:
        return audit(store)


def everything(directory: Path) -> list[TradingEvent]:
    """The events of all archives and of the journal."""
    found: list[TradingEvent] = []
    with JournalStore.open(directory) as store:
        before = genesis(store.meta, "events")
        for each in store.archives():
            path = directory / ARCHIVES / each.file
            end = bytes.fromhex(each.hash)
            found += read_archive(path, store.meta, before=before, end=end)
            before = end
        return found + list(store.events())


def folded(events: list[TradingEvent]) -> Ledger:
    ledger = Ledger()
    for event in events:
        ledger.apply(event)
    return ledger


def test_archive_and_journal_together_are_the_whole_chain(tmp_path: Path) -> None:
    journal(tmp_path)
    for day in (1, 3):
        last = archived_before(tmp_path, day)
        assert [each.seq for each in EVENTS if each.ts < START + (day - 0.25) * DAY_NS][-1] == last
        report = audited(tmp_path)
        assert report.archived_events == last
        assert report.journal.events == len(EVENTS) - last
        assert report.notes == []
        assert everything(tmp_path) == EVENTS
        assert encode_ledger(report.ledger) == encode_ledger(folded(EVENTS))


def test_a_journal_goes_on_after_its_archive(tmp_path: Path) -> None:
    journal(tmp_path)
    last = archived_before(tmp_path, 2)
    w = EventWriter(ts=EVENTS[-1].ts, first_order=10)
    w.input_no = EVENTS[-1].input_no
    refused_by_lot(w)
    more = [msgspec.structs.replace(each, seq=each.seq + len(EVENTS)) for each in w.events]
    with JournalStore.open(tmp_path, write=True) as store:
        ledger = recover(store)
        check_fold(store, ledger)
        store.append(more, input_no=more[-1].input_no)
        for event in more:
            ledger.apply(event)
        check_fold(store, ledger)
        take_snapshot(tmp_path)
    with JournalStore.open(tmp_path, write=True) as store:
        assert recover(store) == fold(store) == ledger
        assert list(store.events()) == EVENTS[last:] + more
        assert store.notes == []
        assert recover(store, last) == folded(EVENTS[:last])
        with pytest.raises(UsageError, match=f"event {last - 1} is not in the journal"):
            recover(store, last - 1)
    assert audited(tmp_path).snapshots == 1


def test_everything_can_be_archived(tmp_path: Path) -> None:
    journal(tmp_path)
    assert archived_before(tmp_path, 9) == len(EVENTS)
    with JournalStore.open(tmp_path, write=True) as store:
        assert list(store.events()) == []
        assert store.seq_before(NOW) == store.last_seq == len(EVENTS)
        assert recover(store) == folded(EVENTS)
    audited(tmp_path)
    assert archive_events(tmp_path, before_ts=NOW, now_ts=NOW) is None


def test_nothing_is_archived_where_nothing_is_finished(tmp_path: Path) -> None:
    journal(tmp_path)
    before = (tmp_path / "journal.db").read_bytes()
    assert archive_events(tmp_path, before_ts=START, now_ts=NOW) is None
    assert (tmp_path / "journal.db").read_bytes() == before


def test_the_file_becomes_smaller(tmp_path: Path) -> None:
    journal(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
    archived_before(tmp_path, 9)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as raw:
        assert raw.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert raw.execute("PRAGMA page_count").fetchone()[0] < pages


def test_a_carried_position_keeps_its_whole_story(tmp_path: Path) -> None:
    journal(tmp_path)
    carried, gone = EVENTS[0].order_id, EVENTS[5].order_id
    with JournalStore.open(tmp_path) as store:
        positions, told = store.query("SELECT * FROM positions"), explain(store, carried)
    archived_before(tmp_path, 3)
    with JournalStore.open(tmp_path) as store:
        assert store.query("SELECT * FROM positions") == positions
        assert explain(store, carried) == told
        assert "Events 1 to" in show(store).text()
        with pytest.raises(UsageError, match="were archived"):
            explain(store, gone)


def test_a_reader_goes_on_beside_an_archive(tmp_path: Path) -> None:
    journal(tmp_path)
    with JournalStore.open(tmp_path) as reader:
        positions = reader.query("SELECT * FROM positions")
        pages = reader.events()
        first = next(pages)
        last = archived_before(tmp_path, 2)
        assert [first, *pages] == EVENTS
        assert reader.last_seq == len(EVENTS)
        assert list(reader.events()) == EVENTS[last:]
        assert reader.query("SELECT * FROM positions") == positions
        audit(reader)


def test_a_ledger_does_not_grow_with_days_that_are_over() -> None:
    ends = [at for at, event in enumerate(EVENTS, 1) if event.ts == EVENTS[-1].ts - DAY_NS]
    ends += [len(EVENTS)]
    ledgers = [folded(EVENTS[:end]) for end in (ends[-2], ends[-1])]
    for ledger in ledgers:
        assert list(ledger.orders) == list(ledger.positions) == [EVENTS[0].order_id]
        assert not ledger.closed
    grown = len(encode_ledger(ledgers[1])) - len(encode_ledger(ledgers[0]))
    assert grown < 20, "only numbers became longer"


def test_an_archive_is_readable_with_zcat(tmp_path: Path) -> None:
    journal(tmp_path)
    last = archived_before(tmp_path, 2)
    [path] = (tmp_path / ARCHIVES).iterdir()
    lines = gzip.decompress(path.read_bytes()).splitlines()
    assert lines[1:] == [encode_event(each) for each in EVENTS[:last]]


def test_a_running_daemon_is_not_archived(tmp_path: Path) -> None:
    journal(tmp_path)
    with JournalStore.open(tmp_path, write=True), pytest.raises(AlreadyRunning):
        archive_events(tmp_path, before_ts=NOW, now_ts=NOW)
    assert not (tmp_path / ARCHIVES).exists()


def test_an_input_is_never_divided(tmp_path: Path) -> None:
    journal(tmp_path)
    middle = next(i for i in range(30, 60) if EVENTS[i].input_no == EVENTS[i - 1].input_no)
    with JournalStore.open(tmp_path) as store:
        end = archive_module._end_of_input(store, EVENTS[middle - 1].seq)
    assert EVENTS[end - 1].input_no < EVENTS[end].input_no == EVENTS[middle].input_no


def test_a_full_disk_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_module, "write_archive", full)
    with pytest.raises(JournalIOError, match="the journal is as it was"):
        archived_before(tmp_path, 2)
    assert everything(tmp_path) == EVENTS


def test_a_kill_at_any_step_loses_nothing_and_the_next_one_finishes(tmp_path: Path) -> None:
    original = journal(tmp_path / "original")
    take_snapshot(original)
    step, directory = 0, tmp_path / "work"
    while True:
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(original, directory)
        if not killed_at(step, lambda: archived_before(directory, 1)):
            break
        with JournalStore.open(directory, write=True) as store:
            assert recover(store) == fold(store) == folded(EVENTS)
        assert everything(directory) == EVENTS, f"killed at step {step}"
        audited(directory)
        archived_before(directory, 3)
        assert everything(directory) == EVENTS
        assert sum(1 for _ in (directory / ARCHIVES).iterdir()) == len(archives_of(directory))
        audited(directory)
        step += 1
    assert step > 15


def archives_of(directory: Path) -> list[str]:
    with JournalStore.open(directory) as store:
        return [each.file for each in store.archives()]


def test_every_nth_flipped_byte_of_an_archive_is_found_by_verify(tmp_path: Path) -> None:
    journal(tmp_path)
    archived_before(tmp_path, 2)
    [path] = (tmp_path / ARCHIVES).iterdir()
    data = path.read_bytes()
    expected = everything(tmp_path)
    for at in range(0, len(data), 41):
        flipped = bytearray(data)
        flipped[at] ^= 1 << (at % 8)
        path.write_bytes(flipped)
        try:
            audited(tmp_path)
        except JournalCorrupt:
            continue
        assert everything(tmp_path) == expected, f"byte {at} changed what is read, unnoticed"


def test_an_archive_whose_last_event_was_written_again_is_refused(tmp_path: Path) -> None:
    journal(tmp_path)
    archived_before(tmp_path, 2)
    (path,) = (tmp_path / ARCHIVES).glob("*.gz")
    *lines, last = gzip.decompress(path.read_bytes()).splitlines()
    event = decode_event(last)
    lines.append(encode_event(msgspec.structs.replace(event, ts=event.ts + 1)))
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    with pytest.raises(JournalCorrupt, match="does not end with the hash"):
        everything(tmp_path)


def test_an_account_may_be_called_as_a_closed_journal_is() -> None:
    archived = Archived(file="a.gz", first_seq=1, last_seq=2, hash="", ledger="", kept="", fold="")
    own, closed = Path("accounts/journal-mine"), Path("accounts/mine", ARCHIVES, "journal-7")
    assert archive_path(own, archived) == own / ARCHIVES / "a.gz"
    assert archive_path(closed, archived) == closed.parent / "a.gz"


def test_an_archive_that_was_moved_away_is_said_and_the_rest_is_checked(tmp_path: Path) -> None:
    journal(tmp_path)
    archived_before(tmp_path, 1)
    archived_before(tmp_path, 2)
    first, second = sorted((tmp_path / ARCHIVES).iterdir())
    first.rename(tmp_path / "elsewhere")
    [note] = audited(tmp_path).notes
    assert first.name in note
    second.write_bytes(second.read_bytes()[:-20])
    with pytest.raises(JournalCorrupt, match=second.name):
        audited(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE base SET seq = seq - 1",
        "UPDATE base SET hash = x'00112233445566778899aabbccddeeff'",
        "UPDATE base SET ledger = replace(ledger, '\"archived\":4', '\"archived\":5')",
        "UPDATE base SET op_seq = op_seq - 1",
        "DELETE FROM base",
        "DELETE FROM kept WHERE seq = 1",
        "UPDATE kept SET body = replace(body, '75', '76') WHERE seq = 1",
        "UPDATE operations SET body = replace(body, 'events-', 'event-') WHERE kind = 'archived'",
        "DROP TABLE kept",
    ],
)
@pytest.mark.parametrize("snapshot", [False, True])
def test_a_changed_base_is_refused_at_the_start(
    tmp_path: Path, change: str, snapshot: bool
) -> None:
    journal(tmp_path)
    archived_before(tmp_path, 2)
    if snapshot and "operations" not in change:
        take_snapshot(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as raw:
        assert raw.execute("SELECT ledger LIKE '%\"archived\":4%' FROM base").fetchone() == (1,)
        raw.execute(change)
    with pytest.raises(JournalCorrupt):
        JournalStore.open(tmp_path, write=True)


def test_a_base_that_does_not_fold_from_its_archives_is_found_by_verify(tmp_path: Path) -> None:
    """Signed and all, as a faulty program would write it."""
    journal(tmp_path)
    with JournalStore.open(tmp_path, write=True) as store:
        last = store.seq_before(START + DAY_NS // 2)
        path, ledger = archive_module._write_and_read_back(store, 0, last)
        ledger.cash_paise += 1
        store.begin_after(last, ledger, file=path.name, ts=NOW)
    with pytest.raises(JournalCorrupt, match="is not the fold of its archives"):
        audited(tmp_path)


def test_a_snapshot_that_differs_from_the_fold_is_found_by_verify(tmp_path: Path) -> None:
    from daemon.journal.snapshots import write_snapshot

    journal(tmp_path)
    assert take_snapshot(tmp_path) is not None
    assert audited(tmp_path).snapshots == 1
    with JournalStore.open(tmp_path) as store:
        wrong = fold(store)
        wrong.cash_paise += 1
        write_snapshot(tmp_path, META, store.tail, wrong, ts=NOW)
    with pytest.raises(JournalCorrupt, match="is not the fold of"):
        audited(tmp_path)


def test_a_damaged_snapshot_is_found_by_verify(tmp_path: Path) -> None:
    journal(tmp_path)
    path = take_snapshot(tmp_path)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(JournalCorrupt, match="is damaged; remove this file"):
        audited(tmp_path)


def test_a_base_of_another_version_is_folded_anew_from_the_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(tmp_path)
    archived_before(tmp_path, 1)
    archived_before(tmp_path, 2)
    monkeypatch.setattr("daemon.journal.recovery.fold_version", lambda: b"newer")
    monkeypatch.setattr("daemon.journal.audit.fold_version", lambda: b"newer")
    monkeypatch.setattr("daemon.journal.recovery.base_ledger", None)
    with JournalStore.open(tmp_path, write=True) as store:
        assert recover(store) == folded(EVENTS)
        assert store.notes == []
    [note] = audited(tmp_path).notes
    assert "another version folded its base" in note
    monkeypatch.setattr("daemon.journal.recovery.base_ledger", base_ledger)
    shutil.move(tmp_path / ARCHIVES, tmp_path / "elsewhere")
    with JournalStore.open(tmp_path, write=True) as store:
        assert recover(store) == folded(EVENTS)
        assert "its ledger is taken as it is" in store.notes[0]


def test_snapshots_before_the_base_go_with_their_events(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        for input_no, group in by_input(EVENTS):
            store.append(group, input_no=input_no)
            take_snapshot(tmp_path)
    last = archived_before(tmp_path, 4)
    assert all(int(each.name[-12:]) >= last for each in list_snapshots(tmp_path))
    audited(tmp_path)
