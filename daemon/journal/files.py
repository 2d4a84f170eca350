"""The journal's files: connections to the database, and files that are complete or absent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from daemon.errors import JournalCorrupt, JournalIOError
from daemon.files.private import create_in
from daemon.files.replace import rename_durably

DATABASE: Final = "journal.db"
HEAD: Final = "head"
_FULL: Final = 2
_TEXT_MAX: Final = 120
_BUSY_TIMEOUT_S: Final = 5.0
_CHECKPOINT_PAGES: Final = 4000
"""16 MiB of WAL: fewer checkpoints than by default, and still bounded."""
_WORLD_FAULTS: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
    }
)


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    """Connect in autocommit with the promised durability (mode: `ro`, `rw`, `rwc`).

    Mode `frozen` is for a database without a WAL that no process writes: SQLite then makes no other
    files. Raises JournalCorrupt or JournalIOError; `synchronous=FULL` is read back, not assumed.
    """
    with database_errors(path):
        frozen = mode == "frozen"
        uri = f"{path.absolute().as_uri()}?mode={'ro&immutable=1' if frozen else mode}"
        connection = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_TIMEOUT_S,
        )
        try:
            if not frozen:
                _configure(connection, create=mode == "rwc")
        except BaseException:
            connection.close()
            raise
        return connection


def has_wal(path: Path) -> bool:
    """Return whether the WAL of the database at `path` holds anything."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _configure(connection: sqlite3.Connection, *, create: bool) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    wal = connection.execute("PRAGMA journal_mode" + (" = WAL" if create else "")).fetchone()
    if wal != ("wal",):
        raise JournalCorrupt(f"the journal is not in WAL mode (expected wal, was {wal[0]})")
    synchronous = connection.execute("PRAGMA synchronous").fetchone()
    if synchronous != (_FULL,):
        raise JournalIOError(f"expected synchronous FULL ({_FULL}), was {synchronous[0]}")


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Translate SQLite's errors: the journal is damaged, or cannot be read at the moment."""
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite's message would quote a damaged schema
        raise _damaged(path, error) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _WORLD_FAULTS:
            raise JournalIOError(f"{path}: cannot be read or written: {error}") from error
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> JournalCorrupt:
    text = " ".join(str(error).split())[:_TEXT_MAX]  # its message may quote a damaged schema
    return JournalCorrupt(
        f"{path}: is damaged ({text}); restore the directory from a backup, or start a new run"
    )


def build_database(path: Path, statements: list[tuple[str, tuple[object, ...]]]) -> None:
    """Make a database complete or not at all: built next to `path`, then renamed.

    Raises JournalIOError, or OSError if it cannot be made or renamed.
    """
    building = path.with_name(path.name + ".new")
    for suffix in ("", "-wal", "-shm"):
        building.with_name(building.name + suffix).unlink(missing_ok=True)
    create_in(building)  # SQLite gives its other files the mode of this one
    with closing(connect(building, mode="rwc")) as connection, database_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            connection.execute(statement, values)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rename_durably(building, path)
