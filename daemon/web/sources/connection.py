"""A journal that another process writes, opened so that this one is never in its way."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final, NamedTuple

from daemon.errors import JournalIOError
from daemon.journal.ends import read_meta
from daemon.journal.files import database_errors, has_wal
from daemon.journal.schema import JournalMeta

BUSY_TIMEOUT_S: Final = 0.2
"""Whoever finds the journal busy for this long tries again at the next tick."""


class FileId(NamedTuple):
    """Which file a path names: after an archive, a takeover or a new account it is another one."""

    device: int
    inode: int


class Opened(NamedTuple):
    """A journal that is open for reading."""

    connection: sqlite3.Connection
    file: FileId
    meta: JournalMeta


def file_id(path: Path) -> FileId:
    """Return which file `path` names now. Raises JournalIOError where no file has it."""
    try:
        found = path.stat()
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be read ({error.strerror})") from error
    return FileId(found.st_dev, found.st_ino)


def open_journal(path: Path, *, is_finished: bool) -> Opened:
    """Open a journal that may be written meanwhile: read-only, without a transaction of its own.

    `is_finished` is the caller's word that it is never written again. Raises JournalIOError where
    it cannot be read now, JournalCorrupt where it is damaged or of another version.
    """
    before = file_id(path)
    with database_errors(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{_mode(path, is_finished=is_finished)}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_S,
        )
    try:
        with database_errors(path):
            connection.execute("PRAGMA query_only = 1")
        meta = read_meta(connection, path)
        if file_id(path) != before:  # the WAL that was read may be of the other file
            raise JournalIOError(f"{path}: was replaced while it was opened")
    except BaseException:
        connection.close()
        raise
    return Opened(connection, before, meta)


def _mode(path: Path, *, is_finished: bool) -> str:
    """Return how SQLite opens the file.

    With `immutable` it looks neither for locks nor for a WAL, so a journal that is written after
    all would be shown as it was. A read-only medium alone is no proof: it may be a view of a
    directory that is written elsewhere.
    """
    if is_finished and _is_read_only(path) and not has_wal(path):
        return "mode=ro&immutable=1"
    return "mode=ro"


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
