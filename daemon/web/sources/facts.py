"""The facts of a journal for another process: what is on disk, followed while it is written."""

from __future__ import annotations

import sqlite3
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.domain.events import TradingEvent
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.journal.ends import ADVICE, first_link, read_tail
from daemon.journal.files import DATABASE, database_errors
from daemon.journal.head import Tail
from daemon.journal.schema import JournalMeta, Operation, decode_operation, genesis
from daemon.journal.verify import decoded_event, next_link
from daemon.web.sources.connection import Opened, file_id, open_journal

PAGE_ROWS: Final = 500
"""Rows of one statement, fetched at once: so long a reader holds the WAL, a few milliseconds."""
_NOT_READ: Final = -1
_ID_DIGITS: Final = 8
_PAGES: Final = {
    table: f"""SELECT {key}, body, hash FROM {table}
  WHERE {key} >= ? AND {key} <= ? ORDER BY {key} LIMIT {PAGE_ROWS}"""  # noqa: S608 - constants
    for table, key in (("events", "seq"), ("operations", "op_seq"))
}
_Row = tuple[int, str, bytes]


class News(Enum):
    """The outcome of a look at the journal."""

    NOTHING = "nothing"
    MORE = "more"
    """Something was committed since the last look."""
    ANOTHER = "another"
    """It was opened, for the first time or as another file: whoever follows it begins again."""
    NOT_NOW = "not now"
    """It is busy, or not there: what was read stays true, the next look tries again."""


class Line(NamedTuple):
    """An event as `journal export` writes it, without the newline, and its link of the chain."""

    seq: int
    body: bytes
    hash: bytes


class NotInJournal(LookupError):
    """The place to go on from is before the base, beyond the end, or of another journal."""


class _Span(NamedTuple):
    """From where to where the journal reaches, as of the last look."""

    first: Tail
    last: Tail


class Facts:
    """Follows one journal. `look` at every tick; read pages after a look that found more.

    Between two calls no statement and no transaction is open, so that a follower which pauses,
    hangs or is killed is not in the writer's way. Only events whose input is complete are shown,
    each held against its chain.
    """

    def __init__(self, directory: Path, *, is_finished: bool = False) -> None:
        """Follow the journal of `directory`; `is_finished` as in `open_journal`."""
        self.directory: Final = directory
        self.fault = ""
        """Why the last look, or the last page, came to nothing; empty when it did not."""
        self._path = directory / DATABASE
        self._is_finished = is_finished
        self._opened: Opened | None = None
        self._version = _NOT_READ
        self._span: _Span | None = None

    def look(self) -> News:
        """Find out whether there is more, or another journal.

        Raises JournalCorrupt where it is damaged or of a version that this program cannot read.
        """
        self.fault = ""
        try:
            opened = self._opened
            if opened is None or file_id(self._path) != opened.file:
                return self._open_again()
            return self._look_for_more(opened.connection)
        except JournalIOError as error:
            self.fault = str(error)
            return News.NOT_NOW

    def close(self) -> None:
        """Close the journal; harmless twice. The next look opens it again."""
        if self._opened is not None:
            self._opened.connection.close()
        self._opened = self._span = None

    # where it is

    @property
    def is_open(self) -> bool:
        """True once a look has opened the journal; what follows here needs that."""
        return self._span is not None

    @property
    def meta(self) -> JournalMeta:
        """The journal's owner and version."""
        return self._now_open().meta

    @property
    def journal_id(self) -> str:
        """The name of this journal among others: the first 8 hex digits of its genesis hash."""
        return genesis(self.meta, "events").hex()[:_ID_DIGITS]

    @property
    def base_seq(self) -> int:
        """The event that the journal begins after: older ones were archived, 0 for none."""
        return self._known().first.seq

    @property
    def last_seq(self) -> int:
        """The last event of the last complete input, as of the last look."""
        return self._known().last.seq

    @property
    def first_op_seq(self) -> int:
        """The operation that this journal begins after, not 0 where it continues another one."""
        return self._known().first.op_seq

    @property
    def last_op_seq(self) -> int:
        """The last operation, as of the last look."""
        return self._known().last.op_seq

    @property
    def last_input_no(self) -> int:
        """The last complete input, as of the last look."""
        return self._known().last.input_no

    # pages

    def events(self, after: int) -> list[TradingEvent]:
        """Return the next complete events after event `after`, less than 501, none at the end.

        None also where the journal is busy (`fault`): the next look then finds more. Raises
        NotInJournal, JournalCorrupt.
        """
        rows = self._page("events", after)
        return [decoded_event(self._path, seq, body) for seq, body, _ in rows]

    def lines(self, after: int) -> list[Line]:
        """Return the same as lines, which are not decoded. Raises as `events` does."""
        rows = self._page("events", after)
        return [Line(seq, body.encode(), link) for seq, body, link in rows]

    def operations(self, after: int) -> list[tuple[int, Operation]]:
        """Return the next operations after number `after` as `events` does, with their numbers."""
        try:
            rows = self._page("operations", after)
            return [(number, decode_operation(body)) for number, body, _ in rows]
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"{self._path}: an operation after {after}: {error}") from error

    # inside

    def _now_open(self) -> Opened:
        assert self._opened is not None, "look first"
        return self._opened

    def _known(self) -> _Span:
        assert self._span is not None, "look first"
        return self._span

    def _open_again(self) -> News:
        self.close()
        opened = open_journal(self._path, is_finished=self._is_finished)
        try:
            self._version = _data_version(opened.connection, self._path)
            span = self._read_span(opened)
        except BaseException:
            opened.connection.close()
            raise
        self._opened, self._span = opened, span
        return News.ANOTHER

    def _look_for_more(self, connection: sqlite3.Connection) -> News:
        version = _data_version(connection, self._path)
        if version == self._version:
            return News.NOTHING
        self._span = self._read_span(self._now_open())
        self._version = version
        return News.MORE

    def _read_span(self, opened: Opened) -> _Span:
        """Read both ends, in statements of their own. Raises JournalCorrupt, JournalIOError.

        An archive in between would look like damage, so damage counts only if nothing was
        committed and nothing replaced meanwhile.
        """
        connection, meta = opened.connection, opened.meta
        version = _data_version(connection, self._path)
        try:
            first = first_link(connection, self._path, meta)
            return _Span(first, read_tail(connection, self._path, meta))
        except JournalCorrupt as error:
            is_same = _data_version(connection, self._path) == version
            if is_same and file_id(self._path) == opened.file:
                raise
            raise JournalIOError(f"{self._path}: was changed while it was read") from error

    def _page(self, table: str, after: int) -> list[_Row]:
        """Return the next rows, each held against the hash of the one before."""
        first, last = self._known()
        if table == "events":
            begin, link, end = first.seq, first.hash, last.seq
        else:
            begin, link, end = first.op_seq, first.op_hash, last.op_seq
        if not begin <= after <= end:
            raise NotInJournal(f"{self._path}: has {table} {begin + 1} to {end}, not after {after}")
        if after == end:
            return []
        rows = self._rows(table, after, end)
        if rows and rows[0][0] == after:
            link, rows = rows[0][2], rows[1:]
        elif after > begin:
            rows = []
        if not self.fault and (not rows or rows[0][0] != after + 1):
            raise NotInJournal(f"{self._path}: {table} after {after} were archived meanwhile")
        return self._checked(table, after, link, rows)

    def _rows(self, table: str, after: int, end: int) -> list[_Row]:
        self.fault = ""
        try:
            with database_errors(self._path):
                values = (after, end)
                return self._now_open().connection.execute(_PAGES[table], values).fetchall()
        except JournalIOError as error:
            self.fault = str(error)
            self._version = _NOT_READ  # or the next look would find nothing new
            return []

    def _checked(self, table: str, after: int, link: bytes, rows: list[_Row]) -> list[_Row]:
        what, page = table.removesuffix("s"), list[_Row]()
        for expected, (number, body, stored) in enumerate(rows, after + 1):
            link = next_link(self._path, what, expected, number, link, body, stored)
            page.append((number, body, link))
        return page


def _data_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return a number that changes with every commit of another connection."""
    with database_errors(path):
        (version,) = connection.execute("PRAGMA data_version").fetchone()
    if not isinstance(version, int):
        raise JournalCorrupt(f"{path}: has no data version; {ADVICE}")
    return version
