"""Move the events of finished days out of a journal, which bounds its growth (ARCHITECTURE R9).

In this order, each step complete before the next: everything is verified, the archive is written
and synced, read back and folded, and only then one transaction removes the events and leaves the
base. A kill anywhere leaves the events in the journal, in the archive, or in both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.files.private import PRIVATE_DIRECTORY
from daemon.files.replace import sync_to_disk
from daemon.journal.archive_file import (
    ARCHIVE_VERSION,
    ARCHIVES,
    ArchiveHeader,
    archive_name,
    read_archive,
    write_archive,
)
from daemon.journal.base import encode_ledger
from daemon.journal.files import DATABASE
from daemon.journal.past import closed_journal
from daemon.journal.recovery import apply_event, first_ledger, recover
from daemon.journal.schema import genesis
from daemon.journal.snapshots import list_snapshots, named_seq
from daemon.journal.store import JournalStore


class ArchiveReport(msgspec.Struct, frozen=True, kw_only=True):
    """The events that were moved, their file, and the journal's bytes before and after."""

    file: Path
    first_seq: int
    last_seq: int
    bytes_before: int
    bytes_after: int
    note: str = ""
    """Why the disk space could not be freed yet."""


def archive_events(directory: Path, *, before_ts: int, now_ts: int) -> ArchiveReport | None:
    """Move all events decided before `before_ts` (UTC ns) into an archive; None if there are none.

    `now_ts` is the time of the operation that records it. Raises AlreadyRunning while the daemon
    runs, UsageError if there is no journal, JournalCorrupt, JournalIOError.
    """
    with JournalStore.open(directory, write=True, used_after=0) as store:
        last = _end_of_input(store, store.seq_before(before_ts))
        base = store.base()
        after = base.seq if base is not None else 0
        if last <= after:
            return None
        size = (directory / DATABASE).stat().st_size
        try:
            path, ledger = _write_and_read_back(store, after, last)
            sync_to_disk(directory)
        except OSError as error:
            raise JournalIOError(
                f"{directory / ARCHIVES}: cannot be written ({error.strerror}); the journal is as "
                "it was"
            ) from error
        store.begin_after(last, ledger, file=path.name, ts=now_ts)
        try:
            _remove_useless(directory, last)
        except OSError as error:
            raise JournalIOError(
                f"{directory}: was archived, but what is useless now cannot be removed "
                f"({error.strerror})"
            ) from error
        note = _give_space_back(store)
        return ArchiveReport(
            file=path,
            first_seq=after + 1,
            last_seq=last,
            bytes_before=size,
            bytes_after=(directory / DATABASE).stat().st_size,
            note=note,
        )


def _end_of_input(store: JournalStore, seq: int) -> int:
    """Return `seq`, or the last event before it that ends an input: inputs are never split."""
    if seq >= store.last_seq:
        return seq
    query = """SELECT coalesce(max(seq), 0) AS seq FROM events WHERE seq <= ?
      AND input_no < (SELECT input_no FROM events WHERE seq = ? + 1)"""
    return int(store.query(query, (seq, seq))[0]["seq"])


def _write_and_read_back(store: JournalStore, after: int, last: int) -> tuple[Path, Ledger]:
    folder = store.directory / ARCHIVES
    folder.mkdir(PRIVATE_DIRECTORY, exist_ok=True)
    path = folder / archive_name(after + 1, last)
    header = _header(store, after, last)
    write_archive(path, header, _lines(store, last))
    ledger = first_ledger(store)
    links = bytes.fromhex(header.hash_before), bytes.fromhex(header.hash)
    for event in read_archive(path, store.meta, before=links[0], end=links[1]):
        apply_event(ledger, event, path)
    if encode_ledger(ledger) != encode_ledger(recover(store, last)):
        raise JournalCorrupt(
            f"{path}: does not fold to the journal's ledger at event {last}; nothing was taken out"
        )
    return path, ledger


def _header(store: JournalStore, after: int, last: int) -> ArchiveHeader:
    base = store.base()
    rows = store.query(
        "SELECT ts, hash FROM events WHERE seq IN (?, ?) ORDER BY seq", (after + 1, last)
    )
    return ArchiveHeader(
        archive_version=ARCHIVE_VERSION,
        meta=store.meta,
        first_seq=after + 1,
        last_seq=last,
        first_ts=rows[0]["ts"],
        last_ts=rows[-1]["ts"],
        hash_before=(genesis(store.meta, "events") if base is None else base.hash).hex(),
        hash=rows[-1]["hash"].hex(),
    )


def _lines(store: JournalStore, last: int) -> Iterator[bytes]:
    for seq, line in store.numbered_lines():
        yield line
        if seq == last:
            return


def _remove_useless(directory: Path, last: int) -> None:
    """Remove snapshots before the base, and archives that a kill left unused."""
    with JournalStore.open(directory) as store:
        counted = {each.file for each in store.archives()}
        if (closed := closed_journal(store)) is not None:
            with closed:
                counted |= {each.file for each in closed.archives()}
    found = (each for each in (directory / ARCHIVES).iterdir() if each.is_file())
    archives = [each for each in found if each.name not in counted]
    snapshots = [each for each in list_snapshots(directory) if named_seq(each) < last]
    for path in archives + snapshots:
        path.unlink()


def _give_space_back(store: JournalStore) -> str:
    try:
        store.vacuum()
    except (sqlite3.Error, OSError) as error:
        return f"the disk space was not given back ({error}); it is used again by new events"
    return ""
