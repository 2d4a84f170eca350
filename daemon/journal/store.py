"""`JournalStore`: the append-only record of a run, in SQLite, with a hash chain.

See DATA_FORMATS, "The journal".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from daemon.domain.events import EVENT_VERSION, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt, JournalIOError, UsageError
from daemon.files.replace import sync_to_disk
from daemon.journal.appender import Appender
from daemon.journal.base import (
    NewBase,
    encode_ledger,
    fold_version,
)
from daemon.journal.creation import build_journal
from daemon.journal.ends import read_meta
from daemon.journal.files import (
    DATABASE,
    HEAD,
    connect,
    has_wal,
)
from daemon.journal.head import Tail, read_head
from daemon.journal.lock import DirectoryLock
from daemon.journal.reader import JournalReader
from daemon.journal.schema import (
    JournalMeta,
    Operation,
)
from daemon.journal.snapshots import snapshot_in_memory
from daemon.journal.verify import TakeEvent, VerifyReport, verify_database

__all__ = ["JournalMeta", "JournalStore", "Operation", "VerifyReport"]


class Fold(Protocol):
    """Fold the events of a journal from the first one on."""

    @property
    def ledger(self) -> Ledger | None:
        """Return the ledger after the events so far, None if they do not follow."""

    def take(self, event: TradingEvent) -> None:
        """Fold the next event."""


class JournalStore(JournalReader):
    """One run's journal. Make it with `create` or `open`, never directly.

    One thread at a time may append; reading uses a connection of its own.
    """

    def __init__(self, directory: Path, reader: sqlite3.Connection, meta: JournalMeta) -> None:
        super().__init__(directory, reader, meta)
        self.dropped_unfinished = 0
        """Events of an input that never completed, removed when this store was opened.

        They were never shown and will be decided again from the inputs; the caller reports that.
        """
        self._appender: Appender | None = None

    @staticmethod
    def exists(directory: Path) -> bool:
        """Return whether the directory holds a journal for `open` to try."""
        return os.path.exists(directory / DATABASE)  # False without permission to look

    @classmethod
    def create(cls, directory: Path, meta: JournalMeta) -> JournalStore:
        """Begin the journal of a new run and hold its lock.

        Raises AlreadyRunning, UsageError if there is a journal already, JournalCorrupt if a head
        file says that there was one, JournalIOError.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            sync_to_disk(directory.parent)
            lock = DirectoryLock(directory)
        except OSError as error:
            raise JournalIOError(f"{directory}: cannot be made: {error}") from error
        try:
            tail = build_journal(directory, meta)
            return cls._start(directory, lock, tail)
        except OSError as error:
            lock.release()
            raise JournalIOError(f"{directory}: cannot be written: {error}") from error
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        write: bool = False,
        used_after: int | None = None,
        fold: Callable[[JournalStore], Fold] | None = None,
    ) -> JournalStore:
        """Open a journal; for writing only after its chain was verified.

        The events' chain is walked from the newest snapshot that fits (`notes` says which did not),
        or from event `used_after` if that is before it; from the first event without a snapshot.
        Operations are walked from the first. Nothing is written, not even a WAL, before that has
        passed. Where no snapshot fits, `fold` takes the events as they are walked, and a recovery
        begins with its ledger. Reading needs no lock and works next to a writer. Raises UsageError
        without a journal, JournalCorrupt, JournalIOError, and for writing AlreadyRunning.
        """
        if not cls.exists(directory):
            raise UsageError(f"{directory}: there is no journal; check the path")
        if not write:
            return cls._reading(directory)
        lock = DirectoryLock(directory)
        try:
            with cls._reading(directory, alone=True) as found:
                snapshot = found.newest_snapshot(decoded=False)
                start = None if snapshot is None else snapshot.seq
                if start is not None and used_after is not None:
                    start = min(start, used_after)
                folding = None if fold is None or snapshot is not None else fold(found)
                report = found._verify_from(start, None if folding is None else folding.take)
                if folding is not None and folding.ledger is not None:
                    snapshot = snapshot_in_memory(found.meta, report.tail, folding.ledger)
            store = cls._start(directory, lock, report.tail, unfinished=report.unfinished)
            store.notes.extend(found.notes)
            store._checked = snapshot
            return store
        except OSError as error:
            lock.release()
            raise JournalIOError(f"{directory}: cannot be written: {error}") from error
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open_whole(cls, directory: Path) -> JournalStore:
        """Open a journal for reading, all of it verified. Raises like `open`."""
        store = cls._reading(directory) if cls.exists(directory) else cls.open(directory)
        try:
            store.verify()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_closed(cls, directory: Path) -> JournalStore:
        """Open a journal that no process writes any more, without making a file next to it.

        Raises JournalCorrupt or JournalIOError.
        """
        return cls._reading(directory, alone=True)

    @classmethod
    def _reading(cls, directory: Path, *, alone: bool = False) -> JournalStore:
        """Open for reading; `alone` under the lock, when no other process can write."""
        path = directory / DATABASE
        reader = connect(path, mode="frozen" if alone and not has_wal(path) else "ro")
        try:
            return cls(directory, reader, read_meta(reader, path))
        except BaseException:
            reader.close()
            raise

    @classmethod
    def _start(
        cls, directory: Path, lock: DirectoryLock, tail: Tail, *, unfinished: int = 0
    ) -> JournalStore:
        store = cls._reading(directory)
        try:
            store._appender = Appender(directory, lock, tail)
            if unfinished:
                store._appender.drop_unfinished()
                store.dropped_unfinished = unfinished
        except BaseException:
            store.close()
            raise
        return store

    @property
    def progress_at(self) -> float:
        """Return when the last transaction was committed, monotonic seconds; 0 if only reading."""
        return self._appender.progress_at if self._appender is not None else 0.0

    @property
    def waited_s(self) -> float:
        """Return what the last append waited for the disk, seconds; 0 if only reading."""
        return self._appender.waited_s if self._appender is not None else 0.0

    def begin_after(self, seq: int, ledger: Ledger, *, file: str, ts: int) -> None:
        """Remove the events up to `seq`, which the archive `file` holds by now.

        `ledger` is the fold at `seq`; `ts` UTC ns. One transaction, then the head file. Raises
        JournalIOError.
        """
        assert self._appender is not None, "opened for reading"
        assert ledger.seq == seq, (ledger.seq, seq)
        first = self.query("SELECT min(seq) AS seq FROM events")[0]["seq"]
        [row] = self.query("SELECT ts, input_no, hash FROM events WHERE seq = ?", (seq,))
        base = NewBase(
            first_seq=first,
            seq=seq,
            ledger=encode_ledger(ledger).decode(),
            file=file,
            fold=fold_version(),
            **row,
        )
        self._checked = None
        self._appender.begin_after(base, list(ledger.orders), ts)

    def vacuum(self) -> None:
        """Return free space to the disk. Raises sqlite3.Error, which harms nothing."""
        assert self._appender is not None, "opened for reading"
        self._appender.vacuum()

    def _tail(self) -> Tail:
        return self._appender.tail if self._appender is not None else super()._tail()

    def append(
        self,
        events: Sequence[TradingEvent],
        *,
        input_no: int,
        operations: Sequence[Operation] = (),
    ) -> None:
        """Make the events of complete inputs up to `input_no` durable, then move the head file.

        Large appends are committed in chunks, the cursor with the last one. Raises JournalIOError
        if anything fails; nothing is retried and the store refuses further appends.
        """
        assert self._appender is not None, "opened for reading"
        assert not events or self.meta.event_version == EVENT_VERSION, self.meta
        self._checked = None
        self._appender.append(events, input_no, operations)

    def check_files(self) -> None:
        """Notice that another process cut, removed or replaced a file of the journal.

        Raises JournalIOError, and refuses appends from then on. A no-op if only reading.
        """
        if self._appender is not None:
            self._appender.check_files()

    def _verify_from(self, start: int | None, take: TakeEvent | None = None) -> VerifyReport:
        head = read_head(self.directory / HEAD)
        return verify_database(self._reader, self._path, head, start, take)

    def verify(self) -> VerifyReport:
        """Check the whole journal against its chains and its head file.

        Raises JournalCorrupt with what is wrong, where, and what to do.
        """
        return self._verify_from(None)

    @property
    def has_stopped(self) -> bool:
        """Return whether a write failed, or hangs in another thread."""
        return self._appender is not None and self._appender.has_stopped

    def close(self, *, checkpoint: bool = True) -> None:
        """Close everything and free the lock; harmless twice.

        Without `checkpoint` no file is changed: a damaged journal stays as it is.

        The connection that closes last syncs the WAL and copies it into the database. After a
        failed sync that would be a second try, and after a hanging one it would hang too: then the
        reader, which cannot write, closes last.
        """
        if self._appender is not None and (self.has_stopped or not checkpoint):
            self._appender.close()
        self._reader.close()
        if self._appender is not None:
            self._appender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(checkpoint=not isinstance(error, JournalCorrupt))
