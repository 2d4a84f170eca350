"""`journal verify`: everything from the first event, archives and snapshots too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt
from daemon.journal.archive_file import ARCHIVES, read_archive
from daemon.journal.base import Archived, Base, base_ledger, encode_ledger
from daemon.journal.recovery import apply_event
from daemon.journal.schema import genesis
from daemon.journal.snapshots import (
    Snapshot,
    UnfitSnapshot,
    check_version,
    list_snapshots,
    read_snapshot,
)
from daemon.journal.store import JournalStore, VerifyReport


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked: the journal, its archives and its snapshots, and the ledger at the end."""

    journal: VerifyReport
    ledger: Ledger
    archives: int
    archived_events: int
    snapshots: int
    notes: list[str]
    """What could not be checked, and why."""


def audit(store: JournalStore) -> AuditReport:
    """Check both chains, the head file, every archive, the fold and every snapshot.

    Raises JournalCorrupt with what is wrong, where, and what to do.
    """
    notes: list[str] = []
    snapshots = _snapshots(store, notes)  # before the journal: a writer may go on
    report = store.verify()
    base = store.base()
    archives = store.archives()
    present = [each for each in archives if _path(store, each).exists()]
    notes += [
        f"{_path(store, each)}: is not here, not checked"
        for each in archives
        if each not in present
    ]
    if base is None or present == archives:
        ledger = Ledger()
        for each, events in _archived(store, archives):
            for event in events:
                apply_event(ledger, event, _path(store, each))
                _compare(snapshots, ledger, store)
        _check_base(store, base, ledger)
    else:
        for _, events in _archived(store, present):
            for _ in events:
                pass
        ledger = base_ledger(base, store.directory)
        _compare(snapshots, ledger, store)
    for event in store.events(after=ledger.seq):
        apply_event(ledger, event, store.directory)
        _compare(snapshots, ledger, store)
    notes += [f"{path}: not compared with the journal" for path, _ in snapshots.values()]
    return AuditReport(
        journal=report,
        ledger=ledger,
        archives=len(present),
        archived_events=sum(each.last_seq - each.first_seq + 1 for each in present),
        snapshots=len(list_snapshots(store.directory)),
        notes=notes,
    )


def _path(store: JournalStore, archive: Archived) -> Path:
    return store.directory / ARCHIVES / archive.file


def _archived(
    store: JournalStore, chosen: list[Archived]
) -> Iterator[tuple[Archived, Iterator[TradingEvent]]]:
    """Each archive with its events, between the hashes that the operations' chain has of it."""
    before = genesis(store.meta, "events")
    for each in store.archives():
        end = bytes.fromhex(each.hash)
        if each in chosen:
            yield each, read_archive(_path(store, each), store.meta, before=before, end=end)
        before = end


def _check_base(store: JournalStore, base: Base | None, ledger: Ledger) -> None:
    if base is not None and encode_ledger(ledger) != base.ledger:
        raise JournalCorrupt(
            f"{store.directory}: the ledger of its base (event {base.seq}) is not the fold of its "
            "archives; restore the directory from a backup, or start a new run"
        )


def _snapshots(store: JournalStore, notes: list[str]) -> dict[int, tuple[Path, Snapshot]]:
    """The snapshots to compare, by seq."""
    found = {}
    for path in list_snapshots(store.directory):
        try:
            snapshot = read_snapshot(path)
        except UnfitSnapshot as error:
            raise _wrong(path, str(error)) from error
        if snapshot.header.genesis != genesis(store.meta, "events"):
            raise _wrong(path, "belongs to another journal")
        try:
            check_version(snapshot)
        except UnfitSnapshot as error:
            notes.append(f"{path}: the snapshot {error}; not checked")
            continue
        found[snapshot.seq] = (path, snapshot)
    return found


def _compare(
    snapshots: dict[int, tuple[Path, Snapshot]], ledger: Ledger, store: JournalStore
) -> None:
    found = snapshots.pop(ledger.seq, None)
    if found is not None and found[1].body.rstrip(b"\n") != encode_ledger(ledger):
        raise _wrong(found[0], f"is not the fold of {store.directory} at event {ledger.seq}")


def _wrong(path: Path, why: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"{path}: the snapshot {why}; remove this file, the journal does not need it"
    )
