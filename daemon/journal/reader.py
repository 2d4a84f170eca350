"""The reading half of the journal: works beside a writer, and needs no lock."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.domain.events import TradingEvent, decode_event
from daemon.errors import JournalCorrupt
from daemon.journal.base import Archived, Base, archived_operations, read_base
from daemon.journal.ends import first_link, read_tail
from daemon.journal.files import DATABASE, database_errors
from daemon.journal.head import Tail
from daemon.journal.schema import JournalMeta, Operation, decode_operation
from daemon.journal.snapshots import Snapshot, UnfitSnapshot, decode_snapshot, newest_fitting

PAGE_ROWS: Final = 5_000
_EVENT_BODIES: Final = """SELECT seq, body FROM events
  WHERE seq > ? AND seq <= (SELECT seq FROM cursor) ORDER BY seq LIMIT ?"""


class JournalReader:
    """What anybody may ask of a journal.

    Holds no SQLite snapshot between pages, and sees only events whose input is complete.
    """

    def __init__(self, directory: Path, reader: sqlite3.Connection, meta: JournalMeta) -> None:
        self.directory: Final = directory
        self.meta: Final = meta
        self.notes: Final[list[str]] = []
        """What whoever opens must say aloud: snapshots that were passed over, and why."""
        self._path = directory / DATABASE
        self._reader = reader
        self._checked: Snapshot | None = None
        """What the opening began to verify from, until something is written: a start folds twice,
        for the engine and for what is shown, and a large one takes a second to read and check."""

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

    def newest_snapshot(
        self, upto_seq: int | None = None, *, decoded: bool = True
    ) -> Snapshot | None:
        """The newest snapshot that fits, not beyond `upto_seq`; the others go to `notes`."""
        checked = self._checked
        if checked is not None and decoded and upto_seq is None:
            # one that cannot be decoded the search below finds too, and notes
            with contextlib.suppress(UnfitSnapshot):
                decode_snapshot(checked)
                return checked
        snapshot, notes = newest_fitting(
            self._reader, self.directory, self.meta, upto_seq, decoded=decoded
        )
        self.notes.extend(each for each in notes if each not in self.notes)
        return snapshot

    def _tail(self) -> Tail:
        with database_errors(self._path):
            # One snapshot, or a writer could commit between the cursor and the row it names.
            self._reader.execute("BEGIN")
            try:
                return read_tail(self._reader, self._path, self.meta)
            finally:
                self._reader.execute("ROLLBACK")

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
