"""`journal verify`: what its report counts and says, and what it calls wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt
from daemon.journal.archive import archive_events
from daemon.journal.archive_file import ARCHIVES
from daemon.journal.audit import AuditReport, audit
from daemon.journal.recovery import fold, take_snapshot
from daemon.journal.snapshots import list_snapshots, write_snapshot
from daemon.journal.store import JournalMeta, JournalStore
from tests.kit.sample_events import START, EventWriter, by_input, refused_by_lot

META = JournalMeta(run_id="run-1", account="dev")
DAY_NS = 86_400_000_000_000


def events() -> list[TradingEvent]:
    """Three refused orders, one on each of three days."""
    w = EventWriter()
    for day in range(3):
        w.ts = START + day * DAY_NS
        refused_by_lot(w)
    return w.events


def journal(directory: Path, *, snapshots: bool = False) -> Path:
    with JournalStore.create(directory, META) as store:
        for input_no, group in by_input(events()):
            store.append(group, input_no=input_no)
            if snapshots:
                take_snapshot(directory)
    return directory


def archive(directory: Path, days: int) -> None:
    before = START + days * DAY_NS - DAY_NS // 2
    assert archive_events(directory, before_ts=before, now_ts=START + 9 * DAY_NS) is not None


def audited(directory: Path) -> AuditReport:
    with JournalStore.open(directory) as store:
        return audit(store)


def folded(count: int = 6) -> Ledger:
    ledger = Ledger()
    for event in events()[:count]:
        ledger.apply(event)
    return ledger


def refused(directory: Path, match: str) -> None:
    with pytest.raises(JournalCorrupt, match=match):
        audited(directory)


def test_the_report_counts_events_archives_and_snapshots(tmp_path: Path) -> None:
    journal(tmp_path, snapshots=True)
    report = audited(tmp_path)
    assert (report.journal.events, report.archives, report.archived_events) == (6, 0, 0)
    assert report.snapshots == len(list_snapshots(tmp_path)) > 1
    assert report.notes == []
    assert report.ledger == folded()


def test_archived_events_are_counted_and_folded(tmp_path: Path) -> None:
    journal(tmp_path)
    archive(tmp_path, 1)
    archive(tmp_path, 2)
    report = audited(tmp_path)
    assert (report.journal.events, report.archives, report.archived_events) == (2, 2, 4)
    assert (report.ledger, report.notes, report.snapshots) == (folded(), [], 0)


@pytest.mark.parametrize("away", [0, 1])
def test_an_archive_elsewhere_is_named_and_the_others_are_counted(
    tmp_path: Path, away: int
) -> None:
    journal(tmp_path)
    archive(tmp_path, 1)
    archive(tmp_path, 2)
    path = sorted((tmp_path / ARCHIVES).iterdir())[away]
    path.rename(tmp_path / "elsewhere")
    report = audited(tmp_path)
    assert report.notes == [f"{path}: is not here, not checked"]
    assert (report.archives, report.archived_events) == (1, 2)
    assert report.ledger == folded()


def wrong_snapshot(directory: Path) -> Path:
    with JournalStore.open(directory) as store:
        wrong = fold(store)
        wrong.cash_paise += 1
        return write_snapshot(directory, META, store.tail, wrong, ts=START)


def test_a_snapshot_that_is_no_fold_is_named_with_its_event(tmp_path: Path) -> None:
    path = wrong_snapshot(journal(tmp_path))
    refused(tmp_path, f"{path}: the snapshot is not the fold of {tmp_path} at event 6; remove")


def test_a_snapshot_at_the_base_is_compared_where_archives_are_elsewhere(tmp_path: Path) -> None:
    journal(tmp_path)
    archive(tmp_path, 2)
    for each in (tmp_path / ARCHIVES).iterdir():
        each.rename(tmp_path / each.name)
    assert audited(tmp_path).ledger == folded()
    with JournalStore.open(tmp_path) as store:
        base = store.base()
        assert base is not None
        tail, ledger = msgspec.structs.replace(store.tail, seq=base.seq), folded(base.seq)
        write_snapshot(tmp_path, META, tail, ledger, ts=START)
        assert len(audited(tmp_path).notes) == 1  # only the archive that is elsewhere
        ledger.cash_paise += 1
        write_snapshot(tmp_path, META, tail, ledger, ts=START)
    refused(tmp_path, "at event 4; remove")


def test_a_snapshot_of_an_archived_event_is_compared(tmp_path: Path) -> None:
    journal(tmp_path)
    archive(tmp_path, 2)
    with JournalStore.open(tmp_path) as store:
        tail, ledger = msgspec.structs.replace(store.tail, seq=2), folded(2)
        write_snapshot(tmp_path, META, tail, ledger, ts=START)
        assert audited(tmp_path).notes == []
        ledger.cash_paise += 1
        write_snapshot(tmp_path, META, tail, ledger, ts=START)
    refused(tmp_path, "at event 2; remove")


def test_a_snapshot_of_another_journal_is_wrong(tmp_path: Path) -> None:
    journal(tmp_path)
    with JournalStore.open(tmp_path) as store:
        other = msgspec.structs.replace(META, run_id="run-2")
        path = write_snapshot(tmp_path, other, store.tail, fold(store), ts=START)
    refused(tmp_path, f"{path}: the snapshot belongs to another journal; remove this file")


def test_a_snapshot_of_another_program_is_noted_and_the_next_one_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(tmp_path, snapshots=True)
    paths = list_snapshots(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("daemon.journal.snapshots.fold_version", lambda: b"newer")
        with JournalStore.open(tmp_path) as store:
            write_snapshot(tmp_path, META, store.tail, fold(store), ts=START)
    report = audited(tmp_path)
    why = "was written by another version of the program"
    assert report.notes == [f"{paths[0]}: the snapshot {why}; not checked"]
    assert report.snapshots == len(paths)
    paths[1].write_bytes(paths[1].read_bytes()[:-3])
    refused(tmp_path, "is damaged")


def test_a_snapshot_of_no_event_of_the_journal_is_noted(tmp_path: Path) -> None:
    journal(tmp_path)
    with JournalStore.open(tmp_path) as store:
        ledger = fold(store)
        ledger.seq = 9
        tail = msgspec.structs.replace(store.tail, seq=9)
        path = write_snapshot(tmp_path, META, tail, ledger, ts=START)
    assert audited(tmp_path).notes == [f"{path}: not compared with the journal"]


def test_a_base_of_another_version_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(tmp_path)
    archive(tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setattr("daemon.journal.audit.fold_version", lambda: b"newer")
        report = audited(tmp_path)
    assert report.notes == [f"{tmp_path}: another version folded its base; not compared"]
    assert audited(tmp_path).notes == []


def test_the_last_archives_version_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("daemon.journal.store.fold_version", lambda: b"older")
        archive(tmp_path, 1)
    archive(tmp_path, 2)
    assert audited(tmp_path).notes == []
