"""The past before a journal's first event: archives, and the closed journal that it continues.

A journal of an older format is closed into `archive/journal-SEQ`, a directory with its database and
its head, and the new one continues from its end. Its own archives stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.domain.events import TradingEvent
from daemon.errors import JournalCorrupt
from daemon.journal.archive_file import ARCHIVES, read_archive
from daemon.journal.base import Archived
from daemon.journal.head import Tail
from daemon.journal.reader import JournalReader
from daemon.journal.schema import genesis
from daemon.journal.store import JournalStore

_CLOSED: Final = "journal-"


def closed_directory(directory: Path, seq: int) -> Path:
    """Return the directory for the closed journal that ends with event `seq`."""
    return directory / ARCHIVES / f"{_CLOSED}{seq:012d}"


def archive_path(directory: Path, archive: Archived) -> Path:
    """Return where an archive's file should be; a closed journal has its archives next to it."""
    if directory.parent.name == ARCHIVES and directory.name.startswith(_CLOSED):
        return directory.parent / archive.file
    return directory / ARCHIVES / archive.file


def missing_archives(store: JournalReader) -> list[Path]:
    """Return the archives that are not in their place, those of a closed journal included."""
    missing = []
    for archive in store.archives():
        path = archive_path(store.directory, archive)
        if not path.exists():
            missing.append(path)
        elif path.is_dir():
            with JournalStore.open_closed(path) as closed:
                missing += missing_archives(closed)
    return missing


def archived_events(store: JournalReader) -> Iterator[tuple[Path, Iterator[TradingEvent]]]:
    """Yield each archive that is in its place, with its events, oldest first.

    Each is checked against its two hashes in the operations' chain. Raises JournalCorrupt.
    """
    before = genesis(store.meta, "events")
    for archive in store.archives():
        path, end = archive_path(store.directory, archive), bytes.fromhex(archive.hash)
        if path.is_dir():
            yield path, _closed_events(path, store)
        elif path.exists():
            yield path, read_archive(path, store.meta, before=before, end=end)
        before = end


def closed_journal(store: JournalReader) -> JournalStore | None:
    """Return the journal that this one continues, verified; None without one or if it is not here.

    Raises JournalCorrupt if it is not the one that the new journal names.
    """
    previous = store.meta.previous
    if not previous:
        return None
    path = closed_directory(store.directory, previous.seq)
    if not path.exists():
        return None
    closed = JournalStore.open_closed(path)
    try:
        _check_end(closed.verify().tail, closed, store)
    except BaseException:
        closed.close()
        raise
    return closed


def _closed_events(path: Path, store: JournalReader) -> Iterator[TradingEvent]:
    closed = closed_journal(store)
    if closed is None or closed.directory != path:
        raise JournalCorrupt(f"{path}: is not the journal that {store.directory} continues")
    with closed:
        for _, events in archived_events(closed):
            yield from events
        yield from closed.events()


def _check_end(tail: Tail, closed: JournalStore, store: JournalReader) -> None:
    previous = store.meta.previous
    assert previous
    ends = (tail.seq, tail.hash.hex(), tail.op_seq, tail.op_hash.hex())
    if ends != (previous.seq, previous.hash, previous.op_seq, previous.op_hash):
        raise JournalCorrupt(
            f"{closed.directory}: ends at event {tail.seq} ({ends[1]}), but {store.directory} "
            f"continues from event {previous.seq} ({previous.hash}); "
            "restore the directory from a backup"
        )


def events_since(store: JournalReader, after: int) -> Iterator[TradingEvent]:
    """Yield the complete events with `seq` > after, in order, from the archives that are here too.

    Raises JournalCorrupt.
    """
    base = store.base()
    if base is not None and after < base.seq:
        for _, events in archived_events(store):
            yield from (event for event in events if event.seq > after)
    yield from store.events(after)
