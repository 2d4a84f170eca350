"""Notice that another process cut, removed or replaced the files of a journal in use.

SQLite does not: it writes on after the frames that it remembers and leaves a hole where the cut
ones were. A later start would not find what is committed after that.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from daemon.journal.files import DATABASE, HEAD
from daemon.journal.head import SLOT_BYTES

_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24


class OwnFiles:
    """Inodes and sizes of the database, its WAL and the head file as their only writer left them.

    Database and WAL only grow, the head file has a fixed size. A commit costs two calls of stat a
    file and one short read for each frame by which the WAL has grown.
    """

    def __init__(self, directory: Path, page_size: int) -> None:
        """Remember the files that exist now; `page_size` is SQLite's, in bytes."""
        database = directory / DATABASE
        self._head = str(directory / HEAD)
        self._wal = f"{database}-wal"
        self._frame = _FRAME_HEADER + page_size
        self._known: dict[str, os.stat_result] = {}
        for path in (str(database), self._wal, self._head):
            if os.path.exists(path):
                self._known[path] = os.stat(path)
        self._paths = (str(database), self._wal, self._head)
        self._wal_file = -1

    def check(self) -> None:
        """Raise OSError if a file is not as it was left. Call it between commits."""
        for path in self._known:
            self._look(path)

    def took_commit(self) -> None:
        """Raise OSError if a file was changed from outside during a commit; remember the sizes."""
        for path in self._paths:
            now = self._look(path)
            before = self._known.get(path)
            if path == self._wal and before is not None and now.st_size > before.st_size:
                self._check_frames(before.st_size, now.st_size)
            self._known[path] = now

    def forget_sizes(self) -> None:
        """Accept the files as they are: the writer itself made them smaller."""
        self._known.clear()

    def close(self) -> None:
        """Close what is open; harmless twice."""
        if self._wal_file >= 0:
            os.close(self._wal_file)
            self._wal_file = -1

    def _look(self, path: str) -> os.stat_result:
        now = os.stat(path)
        known = self._known.get(path, now)
        if (now.st_ino, now.st_dev) != (known.st_ino, known.st_dev):
            raise FileNotFoundError(errno.ENOENT, "another file is in its place", path)
        least = 2 * SLOT_BYTES if path == self._head else known.st_size
        if now.st_size < least:
            raise _cut(path, f"it was cut from outside to {now.st_size} of {least} bytes")
        return now

    def _check_frames(self, before: int, now: int) -> None:
        """Refuse zeros in place of a frame of a WAL that grew: it was cut there.

        From the last whole frame that was there `before` on, as a cut in mid-commit leaves that one
        and takes those that follow. After the last whole one `now` there may be a partial frame
        that a write to a full disk left; SQLite overwrites it.
        """
        first = max((before - _WAL_HEADER) // self._frame - 1, 0)
        end = (now - _WAL_HEADER) // self._frame
        if self._wal_file < 0:
            self._wal_file = os.open(self._wal, os.O_RDONLY | os.O_CLOEXEC)
        for number in range(first, end):
            header = os.pread(self._wal_file, _FRAME_HEADER, _WAL_HEADER + number * self._frame)
            if not any(header):
                raise _cut(self._wal, "it was cut from outside, and has a hole now")


def _cut(path: str, text: str) -> OSError:
    return OSError(errno.EIO, text, path)
