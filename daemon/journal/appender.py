"""The writing half of the journal, for the one process that holds the lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from daemon.domain.events import TradingEvent, encode_event
from daemon.errors import JournalIOError
from daemon.journal.base import ARCHIVED, NewBase, keep_live_events, kept_digest
from daemon.journal.ends import cursor_hash
from daemon.journal.files import DATABASE, HEAD, connect, database_errors
from daemon.journal.head import HeadFile, Tail
from daemon.journal.lock import DirectoryLock
from daemon.journal.own_files import OwnFiles
from daemon.journal.schema import EVENT_NAMES, Operation, chain, encode_operation

CHUNK_EVENTS: Final = 20_000
"""Events per transaction: a large input must show progress and not grow the WAL without bound."""
SET_CURSOR: Final = "INSERT OR REPLACE INTO cursor VALUES (1, ?, ?, ?, ?)"
_EVENT_COLUMNS: Final = 7
# Every step of a statement gives up the interpreter's lock, and next to a busy engine
# it takes 5 ms (the switch interval) to get it back: row by row that is 200 events a second.
_ROWS_AT_ONCE: Final = (512, 64, 8, 1)
_INSERT_EVENTS: Final = {
    rows: f"INSERT INTO events VALUES {', '.join(['(?, ?, ?, ?, ?, ?, ?)'] * rows)}"  # noqa: S608 - constants
    for rows in _ROWS_AT_ONCE
}
INSERT_OPERATION: Final = "INSERT INTO operations VALUES (?, ?, ?, ?, ?)"

Column = int | str | bytes


class Appender:
    """Appends to both chains in transactions, each followed by the head file.

    It refuses everything after the first failure: a failed fsync must never be repeated, because
    the kernel may have dropped the pages that it could not write.
    """

    def __init__(self, directory: Path, lock: DirectoryLock, tail: Tail) -> None:
        """Take over the lock. Raises JournalIOError, JournalCorrupt or OSError."""
        self.tail = tail
        self.progress_at = time.monotonic()
        self.waited_s = 0.0
        """What the last append waited for the disk, seconds: its transactions and the head."""
        self._lock = lock
        self._path = directory / DATABASE
        self._failure = ""
        self._busy = threading.Lock()
        self._connection = connect(self._path, mode="rw")
        try:
            self._head = HeadFile(directory / HEAD)
            self._own_files = OwnFiles(directory, _page_size(self._connection))
        except BaseException:
            self._connection.close()
            raise

    def append(
        self, events: Sequence[TradingEvent], input_no: int, operations: Sequence[Operation]
    ) -> None:
        """Do JournalStore.append. Raises JournalIOError."""
        with self._busy:
            if self._failure:
                raise JournalIOError(f"{self._path}: takes no more after: {self._failure}")
            assert input_no >= self.tail.input_no, (input_no, self.tail)
            try:
                self._own_files.check()
                self.waited_s = 0.0
                tail = self._commit_chunks(events, input_no, operations)
                began = time.monotonic()
                self._head.write(tail)
                self.waited_s += time.monotonic() - began
                self._own_files.took_commit()
                self.tail = tail
            except BaseException as error:
                self._fail(error)
                if isinstance(error, sqlite3.Error | OSError | UnicodeDecodeError):
                    raise JournalIOError(
                        f"{self._path}: cannot be written: {error}; trading stops here"
                    ) from error
                raise

    def check_files(self) -> None:
        """Notice between commits that a file was cut, removed or replaced. Raises JournalIOError.

        A no-op after a failure, and during a commit, which checks by itself.
        """
        if self._failure or not self._busy.acquire(blocking=False):
            return
        try:
            self._own_files.check()
        except OSError as error:
            self._fail(error)
            raise JournalIOError(
                f"{self._path}: cannot be relied on: {error}; trading stops here"
            ) from error
        finally:
            self._busy.release()

    def drop_unfinished(self) -> None:
        """Take out events beyond the cursor. Raises JournalIOError or JournalCorrupt."""
        try:
            with database_errors(self._path):
                self._connection.execute("DELETE FROM events WHERE seq > ?", (self.tail.seq,))
        except BaseException as error:
            self._fail(error)
            raise

    def begin_after(self, base: NewBase, live_orders: Sequence[str], ts: int) -> None:
        """Take out the events up to a new base, in one transaction. Raises JournalIOError."""
        with self._busy:
            try:
                # Else a head one commit behind could name an event that is removed.
                self._head.write(self.tail)
                tail = self._move_base(base, live_orders, ts)
                self._head.write(tail)
                self.tail = tail
            except BaseException as error:
                self._fail(error)
                if isinstance(error, sqlite3.Error | OSError):
                    raise JournalIOError(f"{self._path}: cannot be written: {error}") from error
                raise

    def _move_base(self, base: NewBase, live_orders: Sequence[str], ts: int) -> Tail:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        keep_live_events(self._connection, base.seq, live_orders)
        detail = base.signature(kept_digest(self._connection))
        row = (1, base.seq, base.ts, base.input_no, base.hash, self.tail.op_seq + 1)
        execute("INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, base.ledger))
        execute("DELETE FROM events WHERE seq <= ?", (base.seq,))
        operation = Operation(ts=ts, kind=ARCHIVED, detail=msgspec.structs.asdict(detail))
        tail = self._finish(self.tail, self.tail.input_no, [operation])
        execute("COMMIT")
        return tail

    @property
    def has_stopped(self) -> bool:
        """Whether a write failed, or hangs in another thread; nothing may be synced after that."""
        return bool(self._failure) or self._busy.locked()

    def vacuum(self) -> None:
        """Return free pages to the disk. Raises sqlite3.Error; a failure loses nothing."""
        with self._busy:
            try:
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._own_files.forget_sizes()
            except BaseException as error:
                self._fail(error)
                raise

    def close(self) -> None:
        """Close and free the lock; harmless twice.

        If another thread hangs inside an append, everything is left as it is: the process is about
        to end, and closing under that thread could only do harm.
        """
        if self._busy.acquire(blocking=False):
            try:
                self._connection.close()
                self._head.close()
                self._own_files.close()
                self._lock.release()
            finally:
                self._busy.release()

    def _commit_chunks(
        self, events: Sequence[TradingEvent], input_no: int, operations: Sequence[Operation]
    ) -> Tail:
        tail = self.tail
        execute = self._connection.execute
        for start in range(0, len(events) or 1, CHUNK_EVENTS):
            chunk = events[start : start + CHUNK_EVENTS]
            columns, link = _event_columns(chunk, tail)
            execute("BEGIN IMMEDIATE")
            self._insert(columns)
            tail = msgspec.structs.replace(tail, seq=tail.seq + len(chunk), hash=link)
            if start + CHUNK_EVENTS >= len(events):
                tail = self._finish(tail, input_no, operations)
            began = time.monotonic()
            execute("COMMIT")
            self.progress_at = time.monotonic()
            self.waited_s += self.progress_at - began
        return tail

    def _insert(self, columns: list[Column]) -> None:
        start = 0
        for rows in _ROWS_AT_ONCE:
            width = rows * _EVENT_COLUMNS
            while len(columns) - start >= width:
                self._connection.execute(_INSERT_EVENTS[rows], columns[start : start + width])
                start += width

    def _finish(self, tail: Tail, input_no: int, operations: Sequence[Operation]) -> Tail:
        op_seq, link = tail.op_seq, tail.op_hash
        for operation in operations:
            op_seq += 1
            body = encode_operation(operation)
            link = chain(link, body)
            row = (op_seq, operation.ts, operation.kind, body.decode(), link)
            self._connection.execute(INSERT_OPERATION, row)
        done = msgspec.structs.replace(tail, op_seq=op_seq, op_hash=link, input_no=input_no)
        self._connection.execute(SET_CURSOR, (input_no, done.seq, op_seq, cursor_hash(done)))
        return done

    def _fail(self, error: BaseException) -> None:
        """Take no more; SQLite rolls back what was begun when the connection closes."""
        self._failure = str(error) or type(error).__name__


def _page_size(connection: sqlite3.Connection) -> int:
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(size)


def _event_columns(events: Sequence[TradingEvent], tail: Tail) -> tuple[list[Column], bytes]:
    columns: list[Column] = []
    seq, link = tail.seq, tail.hash
    for event in events:
        seq += 1
        assert event.seq == seq, (event.seq, seq)
        body = encode_event(event)
        link = chain(link, body)
        name = EVENT_NAMES[type(event)]
        columns += (seq, event.ts, event.input_no, event.order_id, name, body.decode(), link)
    return columns, link
