"""`journal verify`: check everything from the first event, archives and snapshots included."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt
from daemon.journal.base import encode_ledger, fold_version
from daemon.journal.past import archived_events, missing_archives
from daemon.journal.recovery import apply_event, first_ledger
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
    """The result of a check: journal, archives and snapshots, and the ledger at the end."""

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
    snapshots = _snapshots(store, notes)  # before the journal: a writer may be at work
    report = store.verify()
    missing = missing_archives(store)
    notes += [f"{path}: is not here, not checked" for path in missing]
    ledger, count = Ledger(), 0
    for path, events in archived_events(store):
        for event in events:
            count += 1
            if not missing:
                apply_event(ledger, event, path)
                _compare(snapshots, ledger, store)
    if missing:
        ledger = first_ledger(store)
        _compare(snapshots, ledger, store)
    else:
        _check_base(store, ledger, notes)
    for event in store.events(after=ledger.seq):
        apply_event(ledger, event, store.directory)
        _compare(snapshots, ledger, store)
    notes += [f"{path}: not compared with the journal" for path, _ in snapshots.values()]
    return AuditReport(
        journal=report,
        ledger=ledger,
        archives=len(store.archives()) - len(missing),
        archived_events=count,
        snapshots=len(list_snapshots(store.directory)),
        notes=notes,
    )


def _check_base(store: JournalStore, ledger: Ledger, notes: list[str]) -> None:
    base = store.base()
    if base is None:
        return
    if store.archives()[-1].fold != fold_version().hex():
        notes.append(f"{store.directory}: another version folded its base; not compared")
    elif encode_ledger(ledger) != base.ledger:
        raise JournalCorrupt(
            f"{store.directory}: the ledger of its base (event {base.seq}) is not the fold of its "
            "archives; restore the directory from a backup, or start a new run"
        )


def _snapshots(store: JournalStore, notes: list[str]) -> dict[int, tuple[Path, Snapshot]]:
    """Return the snapshots to compare, by seq."""
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
    if found is not None and found[1].body != encode_ledger(ledger) + b"\n":
        raise _wrong(found[0], f"is not the fold of {store.directory} at event {ledger.seq}")


def _wrong(path: Path, why: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"{path}: the snapshot {why}; remove this file, the journal does not need it"
    )
