"""`alerts.db`: what is still to be told, how far the journal was read, and how far each channel is.

A message and the place in the journal that it came from are committed together, so that a fact
becomes one message whatever is killed. A channel's place is committed after its service has taken
the message, so that it gets every message at least once, in order.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from daemon.alerts.message import Message
from daemon.domain.dates import DAY_NS
from daemon.errors import AlreadyRunning, JournalCorrupt, JournalIOError
from daemon.files.private import PRIVATE_FILE

OUTBOX_FILE: Final = "alerts.db"
OUTBOX_VERSION: Final = 1
CONDITIONS_KEPT_NS: Final = 30 * DAY_NS
"""How long it is remembered that a day's condition was told."""
_BUSY_S: Final = 5.0
_TABLES: Final = (
    "CREATE TABLE place (id INTEGER PRIMARY KEY CHECK (id = 1), journal TEXT NOT NULL, "
    "seq INTEGER NOT NULL, op_seq INTEGER NOT NULL) STRICT",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, made_ns INTEGER NOT NULL, "
    "seq INTEGER NOT NULL, ts INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT",
    "CREATE TABLE channels (name TEXT PRIMARY KEY, done INTEGER NOT NULL, seq INTEGER NOT NULL, "
    "failing_since INTEGER NOT NULL, not_before INTEGER NOT NULL, wait_ns INTEGER NOT NULL) "
    "STRICT",
    "CREATE TABLE conditions (name TEXT PRIMARY KEY, told_ns INTEGER NOT NULL) STRICT",
)


class Place(NamedTuple):
    """Keep how far a journal was turned into messages."""

    journal: str
    seq: int
    op_seq: int


class Waiting(NamedTuple):
    """A message that a channel has not had, and when it was made (UTC ns of the wall clock)."""

    id: int
    made_ns: int
    message: Message


class ChannelState(NamedTuple):
    """Keep how far a channel is: its last message done and the event behind it; and its failures.

    Times in UTC ns of the wall clock, 0 where it does not fail.
    """

    done: int = 0
    seq: int = 0
    failing_since: int = 0
    not_before: int = 0
    wait_ns: int = 0


class Outbox:
    """The one writer of an account's `alerts.db`; several threads may use it."""

    def __init__(self, directory: Path) -> None:
        """Open or make it. Raises AlreadyRunning, JournalIOError, JournalCorrupt."""
        self._path = directory / OUTBOX_FILE
        self._handle = _locked(self._path)
        self._lock = threading.RLock()
        try:
            with self._errors():
                self._db = sqlite3.connect(
                    self._path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
                )
                self._open()
        except BaseException:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Close it and let go of it."""
        self._db.close()
        os.close(self._handle)

    # the journal's side

    def place(self) -> Place | None:
        """Return how far the journal was read, None before the first time."""
        with self._errors():
            row = self._db.execute("SELECT journal, seq, op_seq FROM place").fetchone()
        return None if row is None else Place(*row)

    def put(self, messages: Iterable[Message], *, now: int, place: Place | None = None) -> None:
        """Commit messages made at `now` (UTC ns), and the place that they came from."""
        with self._transaction():
            self._insert(messages, now)
            if place is not None:
                self._db.execute(
                    "INSERT INTO place VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                    "journal = excluded.journal, seq = excluded.seq, op_seq = excluded.op_seq",
                    place,
                )

    def tell(self, conditions: Mapping[str, Message], *, now: int) -> int:
        """Commit a message for each condition that was not told yet; return their number.

        A condition that is over is forgotten, so that it makes a message when it comes again. One
        of a day (`DATE/...`) makes one message.
        """
        with self._errors():
            known = {name for (name,) in self._db.execute("SELECT name FROM conditions")}
        fresh = [name for name in conditions if name not in known]
        over = [name for name in known if name not in conditions and "/" not in name]
        if not fresh and not over:
            return 0
        with self._transaction():
            self._insert((conditions[name] for name in fresh), now)
            rows = [(name, now) for name in fresh]
            self._db.executemany("INSERT INTO conditions VALUES (?, ?)", rows)
            self._db.executemany("DELETE FROM conditions WHERE name = ?", [(n,) for n in over])
            oldest = now - CONDITIONS_KEPT_NS
            self._db.execute(
                "DELETE FROM conditions WHERE told_ns < ? AND name LIKE '%/%'", (oldest,)
            )
        return len(fresh)

    # the channels' side

    def keep_channels(self, names: Iterable[str]) -> None:
        """Know these channels and no others; a new one begins with the next message."""
        wanted = set(names)
        with self._transaction():
            known = {name for (name,) in self._db.execute("SELECT name FROM channels")}
            (last,) = self._db.execute(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'"
            ).fetchone()
            (seq,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM place").fetchone()
            for name in sorted(wanted - known):
                row = (name, last, seq, 0, 0, 0)
                self._db.execute("INSERT INTO channels VALUES (?, ?, ?, ?, ?, ?)", row)
            for name in known - wanted:
                self._db.execute("DELETE FROM channels WHERE name = ?", (name,))
            self._forget_done()

    def state(self, channel: str) -> ChannelState:
        """Return how far a channel is."""
        query = "SELECT done, seq, failing_since, not_before, wait_ns FROM channels WHERE name = ?"
        with self._errors():
            row = self._db.execute(query, (channel,)).fetchone()
        return ChannelState(*row)

    def waiting(self, channel: str, limit: int) -> list[Waiting]:
        """Return the next messages that a channel has not had, at most `limit`, oldest first."""
        query = (
            "SELECT id, made_ns, kind, text, seq, ts FROM messages "
            "WHERE id > (SELECT done FROM channels WHERE name = ?) ORDER BY id LIMIT ?"
        )
        with self._errors():
            rows = self._db.execute(query, (channel, limit)).fetchall()
        return [
            Waiting(number, made, Message(kind=kind, text=text, seq=seq, ts=ts))
            for number, made, kind, text, seq, ts in rows
        ]

    def has_any(self, channel: str, kinds: Iterable[str]) -> bool:
        """Return whether a message of some kinds waits for a channel."""
        query = (
            "SELECT count(*) FROM messages WHERE kind = ? "
            "AND id > (SELECT done FROM channels WHERE name = ?)"
        )
        with self._errors():
            return any(self._db.execute(query, (kind, channel)).fetchone()[0] for kind in kinds)

    def save(self, channel: str, state: ChannelState) -> None:
        """Commit how far a channel is; what every channel has had is removed."""
        with self._transaction():
            self._db.execute(
                "UPDATE channels SET done = ?, seq = ?, failing_since = ?, not_before = ?, "
                "wait_ns = ? WHERE name = ?",
                (*state, channel),
            )
            self._forget_done()

    # inside

    def _open(self) -> None:
        # Not synced at each commit: a power cut takes back the last ones as a whole, and what they
        # said is read from the journal, or sent, again.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            with self._transaction():
                for table in _TABLES:
                    self._db.execute(table)
                self._db.execute(f"PRAGMA user_version = {OUTBOX_VERSION}")
        elif version != OUTBOX_VERSION:
            raise JournalCorrupt(
                f"{self._path}: is of version {version}, this program reads {OUTBOX_VERSION}; "
                "move it away to begin again at the journal's end"
            )

    def _insert(self, messages: Iterable[Message], now: int) -> None:
        self._db.executemany(
            "INSERT INTO messages (made_ns, seq, ts, kind, text) VALUES (?, ?, ?, ?, ?)",
            [(now, each.seq, each.ts, each.kind, each.text) for each in messages],
        )

    def _forget_done(self) -> None:
        self._db.execute(
            "DELETE FROM messages WHERE id <= (SELECT coalesce(min(done), 0) FROM channels)"
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise JournalIOError(f"{self._path}: cannot be used now: {error}") from error
            raise JournalCorrupt(
                f"{self._path}: is damaged ({error}); move it away to begin again at the "
                "journal's end"
            ) from error


def _locked(path: Path) -> int:
    """Make the file as private as it must be, and hold the kernel's lock on a handle to it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        # SQLite's own locks are of another kind, and closing any handle of the file would drop
        # them: so the lock is on a file of its own.
        handle = os.open(path.with_name(f"{path.name}.lock"), flags, PRIVATE_FILE)
        os.close(os.open(path, flags, PRIVATE_FILE))
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be opened ({error.strerror})") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise AlreadyRunning(f"{path}: another process sends these alerts already") from error
    return handle
