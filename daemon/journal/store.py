"""`JournalStore`: the append-only record of a run, in SQLite, with a hash chain (design D7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from daemon.domain.events import TradingEvent, decode_event
from daemon.domain.ledger import Ledger
from daemon.errors import JournalCorrupt, JournalIOError, UsageError
from daemon.journal.appender import SET_CURSOR, Appender
from daemon.journal.base import (
    Archived,
    Base,
    NewBase,
    archived_operations,
    encode_ledger,
    read_base,
)
from daemon.journal.files import (
    DATABASE,
    HEAD,
    DirectoryLock,
    build_database,
    connect,
    database_errors,
    sync_directory,
)
from daemon.journal.head import HeadFile, Tail, read_head
from daemon.journal.schema import (
    TABLES,
    VIEWS,
    JournalMeta,
    Operation,
    decode_operation,
    genesis,
)
from daemon.journal.snapshots import Snapshot, newest_fitting
from daemon.journal.verify import (
    VerifyReport,
    cursor_hash,
    first_link,
    read_meta,
    read_tail,
    verify_database,
)

__all__ = ["JournalMeta", "JournalStore", "Operation", "VerifyReport"]

PAGE_ROWS: Final = 5_000
_EVENT_BODIES: Final = """SELECT seq, body FROM events
  WHERE seq > ? AND seq <= (SELECT seq FROM cursor) ORDER BY seq LIMIT ?"""


class JournalStore:
    """One run's journal. Make it with `create` or `open`, never directly.

    One thread at a time may append; reading uses a connection of its own, holds no snapshot
    between pages, and sees only events whose input is complete.
    """

    def __init__(self, directory: Path, reader: sqlite3.Connection, meta: JournalMeta) -> None:
        self.directory: Final = directory
        self.meta: Final = meta
        self.dropped_unfinished = 0
        """Events of an input that never completed, taken out when this store was opened.

        They were never shown. Whoever opens says so: they are decided again from the inputs.
        """
        self.notes: Final[list[str]] = []
        """What whoever opens must say aloud: snapshots that were passed over, and why."""
        self._path = directory / DATABASE
        self._reader = reader
        self._appender: Appender | None = None

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether the directory holds a journal that `open` can try."""
        return (directory / DATABASE).exists()

    @classmethod
    def create(cls, directory: Path, meta: JournalMeta) -> JournalStore:
        """Begin the journal of a new run and hold its lock.

        Raises AlreadyRunning, UsageError if there is a journal already, JournalCorrupt if a head
        file says that there was one, JournalIOError.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            sync_directory(directory.parent)
            lock = DirectoryLock(directory)
        except OSError as error:
            raise JournalIOError(f"{directory}: cannot be made: {error}") from error
        try:
            tail = _build(directory, meta)
            return cls._start(directory, lock, tail)
        except OSError as error:
            lock.release()
            raise JournalIOError(f"{directory}: cannot be written: {error}") from error
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, directory: Path, *, write: bool = False) -> JournalStore:
        """Open a journal; for writing only after its chain was verified.

        The chain is walked from the newest snapshot that fits (`notes` says which did not), from
        the first event without one; `verify` always walks all of it. Reading needs no lock and
        works beside a writer. Raises UsageError if there is none, JournalCorrupt, JournalIOError,
        and for writing AlreadyRunning.
        """
        if not cls.exists(directory):
            raise UsageError(f"{directory}: there is no journal; check the path")
        if not write:
            return cls._reading(directory)
        lock = DirectoryLock(directory)
        try:
            with cls._reading(directory) as found:
                report = found._verify_from_snapshot()
            store = cls._start(directory, lock, report.tail, unfinished=report.unfinished)
            store.notes.extend(found.notes)
            return store
        except OSError as error:
            lock.release()
            raise JournalIOError(f"{directory}: cannot be written: {error}") from error
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _reading(cls, directory: Path) -> JournalStore:
        path = directory / DATABASE
        reader = connect(path, mode="ro")
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
        """When the last transaction was committed, monotonic seconds; 0 if only reading."""
        return self._appender.progress_at if self._appender is not None else 0.0

    @property
    def last_seq(self) -> int:
        """The last event of the last complete input, 0 if none. Raises JournalCorrupt."""
        return self._tail().seq

    @property
    def last_input_no(self) -> int:
        """The cursor: the last input that is complete in the journal. Raises JournalCorrupt."""
        return self._tail().input_no

    @property
    def tail(self) -> Tail:
        """The ends of both chains and the cursor. Raises JournalCorrupt."""
        return self._tail()

    def base(self) -> Base | None:
        """Where the journal begins after an archive, None if at event 1. Raises JournalCorrupt."""
        return read_base(self._reader, self._path)

    def archives(self) -> list[Archived]:
        """What was archived, oldest first. Raises JournalCorrupt."""
        try:
            with database_errors(self._path):
                return [each for _, each in archived_operations(self._reader)]
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"{self._path}: an archived operation: {error}") from error

    def begin_after(self, seq: int, ledger: Ledger, *, file: str, ts: int) -> None:
        """Take out the events up to `seq`, which `file` of the archives holds by now.

        `ledger` is the fold at `seq`; `ts` UTC ns. One transaction, then the head file. Raises
        JournalIOError.
        """
        assert self._appender is not None, "opened for reading"
        assert ledger.seq == seq, (ledger.seq, seq)
        first = self.query("SELECT min(seq) AS seq FROM events")[0]["seq"]
        [row] = self.query("SELECT ts, input_no, hash FROM events WHERE seq = ?", (seq,))
        base = NewBase(
            first_seq=first, seq=seq, ledger=encode_ledger(ledger).decode(), file=file, **row
        )
        self._appender.begin_after(base, list(ledger.orders), ts)

    def vacuum(self) -> None:
        """Give free space back to the disk. Raises sqlite3.Error, which harms nothing."""
        assert self._appender is not None, "opened for reading"
        self._appender.vacuum()

    def newest_snapshot(
        self, upto_seq: int | None = None, *, decoded: bool = True
    ) -> Snapshot | None:
        """The newest snapshot that fits, not beyond `upto_seq`; the others go to `notes`."""
        snapshot, notes = newest_fitting(
            self._reader, self.directory, self.meta, upto_seq, decoded=decoded
        )
        self.notes.extend(each for each in notes if each not in self.notes)
        return snapshot

    def _tail(self) -> Tail:
        if self._appender is not None:
            return self._appender.tail
        with database_errors(self._path):
            # One snapshot, or a writer could commit between the cursor and the row it names.
            self._reader.execute("BEGIN")
            try:
                return read_tail(self._reader, self._path, self.meta)
            finally:
                self._reader.execute("ROLLBACK")

    def append(
        self,
        events: Sequence[TradingEvent],
        *,
        input_no: int,
        operations: Sequence[Operation] = (),
    ) -> None:
        """Make the events of complete inputs up to `input_no` durable, then move the head file.

        Large appends are committed in chunks, the cursor with the last one. Raises JournalIOError
        if anything fails; nothing is tried again and the store takes no more.
        """
        assert self._appender is not None, "opened for reading"
        self._appender.append(events, input_no, operations)

    def events(self, after: int = 0) -> Iterator[TradingEvent]:
        """The complete events with `seq` > after, in order, those that were archived left out.

        Raises JournalCorrupt.
        """
        for seq, body in self._pages(_EVENT_BODIES, after):
            try:
                yield decode_event(body)
            except msgspec.MsgspecError as error:
                raise JournalCorrupt(f"{self._path}: event {seq} cannot be read") from error

    def events_of(self, order_id: str) -> list[TradingEvent]:
        """The complete events of one order, in order. Raises JournalCorrupt."""
        query = "SELECT body FROM committed WHERE order_id = ? ORDER BY seq"
        try:
            return [decode_event(row["body"]) for row in self.query(query, (order_id,))]
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"{self._path}: order {order_id} cannot be read") from error

    def event_lines(self) -> Iterator[bytes]:
        """The complete events as canonical JSON, one line each without its newline."""
        for _, line in self.numbered_lines():
            yield line

    def numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines of `event_lines`, each with its seq."""
        for seq, body in self._pages(_EVENT_BODIES, 0):
            yield seq, body.encode()

    def operations(self, after: int = 0) -> Iterator[Operation]:
        """The operational events with `op_seq` > after, in order. Raises JournalCorrupt."""
        query = "SELECT op_seq, body FROM operations WHERE op_seq > ? ORDER BY op_seq LIMIT ?"
        for number, body in self._pages(query, after):
            try:
                yield decode_operation(body)
            except msgspec.MsgspecError as error:
                raise JournalCorrupt(f"{self._path}: operation {number}: {error}") from error

    def _pages(self, query: str, after: int) -> Iterator[tuple[int, str]]:
        while True:
            with database_errors(self._path):
                rows = self._reader.execute(query, (after, PAGE_ROWS)).fetchall()
            yield from rows
            if len(rows) < PAGE_ROWS:
                return
            after = rows[-1][0]

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of the views (orders, fills, trades, positions) as dicts, read-only.

        Raises JournalCorrupt or JournalIOError.
        """
        with database_errors(self._path):
            cursor = self._reader.execute(sql, tuple(values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def seq_before(self, ts: int) -> int:
        """The last complete event decided before `ts` (UTC ns), the base's seq or 0 if none."""
        with database_errors(self._path):
            low, high = first_link(self._reader, self._path, self.meta).seq, self.last_seq
            # Times of events never go back, so that no index on them is needed.
            while low < high:
                middle = (low + high + 1) // 2
                query = "SELECT ts FROM events WHERE seq = ?"
                (found,) = self._reader.execute(query, (middle,)).fetchone()
                low, high = (middle, high) if found < ts else (low, middle - 1)
        return low

    def _verify_from_snapshot(self) -> VerifyReport:
        head = read_head(self.directory / HEAD)
        snapshot = self.newest_snapshot(decoded=False)
        start = snapshot.tail if snapshot is not None else None
        return verify_database(self._reader, self._path, head, start)

    def verify(self) -> VerifyReport:
        """Check the whole journal against its chains and its head file.

        Raises JournalCorrupt with what is wrong, where, and what to do.
        """
        head = read_head(self.directory / HEAD)
        return verify_database(self._reader, self._path, head)

    def close(self) -> None:
        """Close everything and free the lock; harmless twice."""
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
        self.close()


def _build(directory: Path, meta: JournalMeta) -> Tail:
    """The head file first, then the database complete: a kill in between leaves no journal."""
    if (directory / DATABASE).exists():
        raise UsageError(f"{directory}: there is a journal already; open it or choose another run")
    if (directory / HEAD).exists() and read_head(directory / HEAD).place > (0, 0, 0):
        raise JournalCorrupt(
            f"{directory}: the head file knows of a journal, but {DATABASE} is missing; "
            "restore it from a backup, or move the directory away to start anew"
        )
    tail = Tail(
        seq=0,
        hash=genesis(meta, "events"),
        op_seq=0,
        op_hash=genesis(meta, "operations"),
        input_no=0,
    )
    head = HeadFile(directory / HEAD)
    try:
        head.write(tail)
    finally:
        head.close()
    values = msgspec.structs.asdict(meta)
    statements: list[tuple[str, tuple[object, ...]]] = [(each, ()) for each in TABLES + VIEWS]
    statements += [("INSERT INTO meta VALUES (?, ?)", (k, str(v))) for k, v in values.items()]
    statements.append((SET_CURSOR, (0, 0, 0, cursor_hash(tail))))
    build_database(directory / DATABASE, statements)
    return tail
