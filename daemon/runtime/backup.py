"""Back up an account or a run, also while it trades: a directory that a start can continue.

The journal comes first, in one read transaction; its head is written for what was copied. Then come
the recordings: inputs are on disk before what was decided from them, so the copied ones reach at
least as far as the copied journal, and a start decides the rest again. Where a recording was begun
or packed meanwhile, all of it is done again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.errors import JournalCorrupt, JournalIOError, UsageError
from daemon.files.private import PRIVATE_DIRECTORY, PRIVATE_FILE, create_in
from daemon.files.replace import rename_durably, sync_to_disk
from daemon.journal.archive_file import ARCHIVES
from daemon.journal.audit import AuditReport, audit
from daemon.journal.ends import read_meta, read_tail
from daemon.journal.files import DATABASE, HEAD, connect, database_errors
from daemon.journal.head import HeadFile, Tail, read_head
from daemon.journal.snapshots import UnfitSnapshot, list_snapshots, named_seq, read_snapshot
from daemon.journal.store import JournalStore
from daemon.runtime.run_files import CONFIG_FILE, RECORDINGS, SERIES_FILE, SUMMARY_FILE

_ATTEMPTS: Final = 5
_UNFINISHED: Final = (".new", ".partial", ".tmp", "-wal", "-shm")
_BESIDES: Final = (CONFIG_FILE, SUMMARY_FILE, SERIES_FILE)


class BackupReport(NamedTuple):
    """Where the backup is, and what `journal verify` says of it."""

    directory: Path
    recordings: int
    size: int
    audit: AuditReport


class _Changed(Exception):
    """A recording was begun, packed or removed while the backup was made."""


def back_up(source: Path, to: Path) -> BackupReport:
    """Write a backup of the journal's directory `source` as `to`: verified, complete or not at all.

    Raises UsageError if there is no journal or `to` is taken, JournalCorrupt if the journal is,
    JournalIOError if a disk fails.
    """
    if not JournalStore.exists(source):
        raise UsageError(f"{source}: there is no journal; check the path")
    if os.path.lexists(to):
        raise UsageError(f"{to}: is there already; name a directory that is not")
    if to.absolute().is_relative_to(source.absolute()):
        raise UsageError(f"{to}: is inside of what is backed up; name a place outside of it")
    building = to.with_name(f".{to.name}.partial")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        _copy_until_it_stood_still(source, building)
        found = _verified(building)
        files = [path for path in building.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        for folder in [*(path for path in building.rglob("*") if path.is_dir()), building]:
            sync_to_disk(folder)
        rename_durably(building, to)
    except JournalCorrupt as error:  # a fault in the copy is a fault in the original
        text = str(error).replace(str(building), str(source))
        raise JournalCorrupt(f"{text} (no backup was made)") from error
    except JournalIOError as error:
        raise JournalIOError(str(error).replace(str(building), str(to))) from error
    except OSError as error:
        raise JournalIOError(
            f"{to}: the backup cannot be written ({error.strerror or error}); nothing was changed "
            f"in {source}"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    recordings = sum(path.parent.name == RECORDINGS for path in files)
    notes = [note.replace(str(building), str(to)) for note in found.notes]
    return BackupReport(to, recordings, size, msgspec.structs.replace(found, notes=notes))


def _verified(building: Path) -> AuditReport:
    with JournalStore.open(building) as store:
        found = audit(store)
    # After mere reading, SQLite's other files are empty; a copy does not need them.
    for suffix in ("-wal", "-shm"):
        building.joinpath(DATABASE + suffix).unlink(missing_ok=True)
    return found


def _copy_until_it_stood_still(source: Path, building: Path) -> None:
    for _ in range(_ATTEMPTS):
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(PRIVATE_DIRECTORY)
        try:
            _copy(source, building)
        except _Changed:
            continue
        return
    raise JournalIOError(
        f"{source}: its recordings changed each time while they were copied; try again when no "
        "daemon is being started or stopped"
    )


def _copy(source: Path, building: Path) -> None:
    before = _recordings(source)
    tail = _copy_database(source, building)
    for path in _others(source, tail):
        with contextlib.suppress(FileNotFoundError):  # a snapshot that was pruned meanwhile
            _copy_file(path, building / path.relative_to(source))
    for name in before:
        try:
            _copy_file(source / RECORDINGS / name, building / RECORDINGS / name)
        except FileNotFoundError as error:
            raise _Changed from error
    if _recordings(source) != before:
        raise _Changed


def _copy_database(source: Path, building: Path) -> Tail:
    """Copy one moment of the database, and write the head that belongs to it."""
    known = read_head(source / HEAD)  # before: what is read after it must reach at least so far
    target = building / DATABASE
    create_in(target)
    with (
        database_errors(target),
        closing(connect(source / DATABASE, mode="ro")) as reader,
        closing(sqlite3.connect(target)) as copy,
    ):
        reader.backup(copy)
    sync_to_disk(target)
    with closing(connect(target, mode="ro")) as reader:
        tail = read_tail(reader, target, read_meta(reader, target))
    if any(least > reached for least, reached in zip(known.place, tail.place, strict=True)):
        raise JournalCorrupt(
            f"{source / DATABASE}: ends at event {tail.seq}, before its head file, which is at "
            f"{known.seq}"
        )
    head = HeadFile(building / HEAD)
    try:
        head.write(tail)
    finally:
        head.close()
    return tail


def _others(source: Path, tail: Tail) -> Iterator[Path]:
    """Yield archives, snapshots that the copied journal reaches, and what is kept with it."""
    if (archives := source / ARCHIVES).is_dir():
        yield from sorted(path for path in archives.rglob("*") if _is_whole(path))
    yield from (path for path in list_snapshots(source) if _is_sound(path, tail))
    yield from (path for name in _BESIDES if (path := source / name).exists())


def _is_sound(path: Path, tail: Tail) -> bool:
    """Return whether a snapshot is of the copied journal and not damaged; a backup needs none."""
    try:
        return named_seq(path) <= tail.seq and bool(read_snapshot(path))
    except UnfitSnapshot:
        return False


def _recordings(source: Path) -> list[str]:
    folder = source / RECORDINGS
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if _is_whole(path))


def _is_whole(path: Path) -> bool:
    return path.is_file() and not path.name.endswith(_UNFINISHED)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file at its present length; one that is being written keeps growing."""
    for folder in reversed(target.parents):
        folder.mkdir(PRIVATE_DIRECTORY, exist_ok=True)
    with (
        source.open("rb") as reader,
        open(target, "xb", opener=lambda path, flags: os.open(path, flags, PRIVATE_FILE)) as writer,
    ):
        left = os.fstat(reader.fileno()).st_size
        while left > 0 and (block := reader.read(min(left, 1 << 20))):
            writer.write(block)
            left -= len(block)
        writer.flush()
        os.fsync(writer.fileno())
