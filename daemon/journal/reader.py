"""The reading half of the journal: works next to a writer and needs no lock."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.domain.events import TradingEvent
from daemon.errors import JournalCorrupt
from daemon.journal.base import Archived, Base, archived_operations, read_base
from daemon.journal.ends import ADVICE, first_link, read_tail
from daemon.journal.files import DATABASE, HEAD, database_errors
from daemon.journal.head import Tail, read_head
from daemon.journal.schema import JournalMeta, Operation, decode_operation
from daemon.journal.snapshots import Snapshot, UnfitSnapshot, decode_snapshot, newest_fitting
from daemon.journal.verify import check_reach, decoded_event, link_at, next_link

PAGE_ROWS: Final = 5_000
_ROWS: Final = {
    table: f"""SELECT {key}, body, hash FROM {table}
  WHERE {key} > ? AND {key} <= ? ORDER BY {key} LIMIT ?"""  # noqa: S608 - constants
    for table, key in (("events", "seq"), ("operations", "op_seq"))
}


class JournalReader:
    """Read a journal.

    Holds no SQLite snapshot between pages, and sees only events whose input is complete. Events and
    operations are checked against their chain as they are read, and against the cursor and the head
    file at their end; the views of `query` only by an earlier `verify`.
    """

    def __init__(self, directory: Path, reader: sqlite3.Connection, meta: JournalMeta) -> None:
        self.directory: Final = directory
        self.meta: Final = meta
        self.notes: Final[list[str]] = []
        """Notes for the caller that opens: snapshots that were skipped, and why."""
        self._path = directory / DATABASE
        self._reader = reader
        self._checked: Snapshot | None = None
        """The snapshot that opening verified from, until something is written.

        A start folds twice, for the engine and for the display; a large snapshot takes a second to
        read.
        """

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
        """Return the base after an archive, None if it begins at event 1. Raises JournalCorrupt."""
        return read_base(self._reader, self._path)

    def archives(self) -> list[Archived]:
        """Return what was archived, oldest first. Raises JournalCorrupt."""
        try:
            with database_errors(self._path):
                return [each for _, each in archived_operations(self._reader)]
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"{self._path}: an archived operation: {error}") from error

    def newest_snapshot(
        self, upto_seq: int | None = None, *, decoded: bool = True
    ) -> Snapshot | None:
        """Return the newest snapshot that fits, up to `upto_seq`; note the others in `notes`."""
        checked = self._checked
        if checked is not None and decoded and upto_seq is None:
            # the search below finds and notes one that cannot be decoded
            with contextlib.suppress(UnfitSnapshot):
                decode_snapshot(checked)
                return checked
        snapshot, notes = newest_fitting(
            self._reader, self.directory, self.meta, upto_seq, decoded=decoded
        )
        self.notes.extend(each for each in notes if each not in self.notes)
        return snapshot

    def _tail(self) -> Tail:
        with database_errors(self._path), self._one_snapshot():
            return read_tail(self._reader, self._path, self.meta)

    def events(self, after: int = 0) -> Iterator[TradingEvent]:
        """Yield the complete events with `seq` > after, in order, without archived ones.

        Raises JournalCorrupt at the first that does not match its hash.
        """
        for seq, body in self._chained("events", after):
            yield decoded_event(self._path, seq, body)

    def events_of(self, order_id: str) -> list[TradingEvent]:
        """Return the complete events of one order, in order. Raises JournalCorrupt."""
        query = "SELECT seq, body FROM committed WHERE order_id = ? ORDER BY seq"
        rows = self.query(query, (order_id,))
        return [decoded_event(self._path, row["seq"], row["body"]) for row in rows]

    def event_lines(self) -> Iterator[bytes]:
        """Yield the complete events as lines of canonical JSON without the newline."""
        for _, line in self.numbered_lines():
            yield line

    def numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of `event_lines`, each with its seq."""
        for seq, body in self._chained("events", 0):
            yield seq, body.encode()

    def operations(self, after: int = 0) -> Iterator[Operation]:
        """Yield the operational events with `op_seq` > after, in order. Raises JournalCorrupt."""
        for number, body in self._chained("operations", after):
            try:
                yield decode_operation(body)
            except msgspec.MsgspecError as error:
                raise JournalCorrupt(f"{self._path}: operation {number}: {error}") from error

    def _chained(self, table: str, after: int) -> Iterator[tuple[int, str]]:
        """Yield number and body of the rows after `after`, each checked against the hash before.

        Ends only at the row that the cursor names, whose hash the cursor signs.
        """
        what = table.removesuffix("s")
        head = read_head(self.directory / HEAD)  # before the rows: a writer may be at work
        number, link, is_last = after, b"", False
        while not is_last:
            with database_errors(self._path), self._one_snapshot():
                tail = read_tail(self._reader, self._path, self.meta)
                if not link:
                    check_reach(self._path, tail, head, self._first())
                    first = self._first()
                    number, link = link_at(self._reader, self._path, table, after, first)
                last = tail.seq if table == "events" else tail.op_seq
                rows = self._reader.execute(_ROWS[table], (number, last, PAGE_ROWS)).fetchall()
            for found, body, stored in rows:
                number += 1
                link = next_link(self._path, what, number, found, link, body, stored)
                yield number, body
            is_last = number >= last
            if not rows and not is_last:
                raise JournalCorrupt(f"{self._path}: {what} {number + 1} is missing; {ADVICE}")

    def _first(self) -> Tail:
        return first_link(self._reader, self._path, self.meta)

    @contextlib.contextmanager
    def _one_snapshot(self) -> Iterator[None]:
        """Hold one state of the database: a writer could commit between two queries."""
        self._reader.execute("BEGIN")
        try:
            yield
        finally:
            if self._reader.in_transaction:
                self._reader.execute("ROLLBACK")

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return rows of the views (orders, fills, trades, positions) as dicts, read-only.

        Raises JournalCorrupt or JournalIOError.
        """
        with database_errors(self._path):
            cursor = self._reader.execute(sql, tuple(values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def seq_before(self, ts: int) -> int:
        """Return the last complete event decided before `ts` (UTC ns), else the base's seq or 0."""
        with database_errors(self._path):
            low, high = first_link(self._reader, self._path, self.meta).seq, self.last_seq
            # Times of events never go back, so no index on them is needed.
            while low < high:
                middle = (low + high + 1) // 2
                query = "SELECT ts FROM events WHERE seq = ?"
                row = self._reader.execute(query, (middle,)).fetchone()
                found = row[0] if row else None
                if not isinstance(found, int):
                    raise JournalCorrupt(f"{self._path}: event {middle} has no time; {ADVICE}")
                low, high = (middle, high) if found < ts else (low, middle - 1)
        return low
