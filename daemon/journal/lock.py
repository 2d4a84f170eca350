"""The lock that the one writer of a journal holds."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from loguru import logger

from daemon.errors import AlreadyRunning, JournalIOError
from daemon.files.private import PRIVATE_FILE, foreign_owner, user_name

LOCK: Final = "lock"
_LOCK_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
_LOCKS: Final = Path("/proc/locks")
_STRANGER: Final = "{}: a process of another user holds its lock; it is passed over"


class DirectoryLock:
    """Kernel locks on a journal's directory and its lock file, freed however the process ends.

    The directory's lock is the one that counts: a directory with files in it cannot be removed or
    replaced unnoticed, but a lock file can. The file's lock keeps out version 0.2.0, which knows no
    other.
    """

    def __init__(self, directory: Path) -> None:
        """Take both. Raises AlreadyRunning if one is held, JournalIOError if one cannot be taken.

        A directory or lock file of another user is refused: that user could not continue with what
        this one wrote there.
        """
        self._handles: list[int] = []
        path = directory / LOCK
        try:
            refuse_foreign(directory)
            if not self._take(directory, os.O_RDONLY | os.O_DIRECTORY):
                logger.warning(_STRANGER, directory)
            if not os.path.samestat(os.fstat(self._handles[0]), directory.stat()):
                raise AlreadyRunning(f"{directory} was replaced while it was opened; try again")
            if not self._take(path, _LOCK_FLAGS):
                logger.warning(_STRANGER, path)
                path.unlink()  # the new one is closed to them
                self._take(path, _LOCK_FLAGS)
        except BlockingIOError as error:
            self.release()
            raise AlreadyRunning(
                f"{directory} is in use by another process; stop that one first"
            ) from error
        except OSError as error:
            self.release()
            raise JournalIOError(f"{path}: cannot be opened: {error.strerror}") from error
        except BaseException:
            self.release()
            raise

    def _take(self, path: Path, flags: int) -> bool:
        """Lock `path`; return False if another user holds it. Raises OSError if this one does."""
        handle = os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)
        self._handles.append(handle)
        owner = os.fstat(handle).st_uid
        if owner != os.geteuid():
            raise _foreign(path, user_name(owner))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if is_held_by_strangers(handle):
                return False
            raise
        return True

    def release(self) -> None:
        """Free the locks; harmless twice."""
        while self._handles:
            os.close(self._handles.pop())


def is_held_by_strangers(handle: int) -> bool:
    """Return whether other users' processes alone hold the lock of an open file.

    They may have opened it before its mode excluded them. False where the kernel does not say who
    holds it: in a container, on some file systems.
    """
    found = os.fstat(handle)
    file = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        rows = [line.split() for line in _LOCKS.read_text().splitlines()]
        holders = [row[4] for row in rows if row[1] == "FLOCK" and row[5] == file]
        owners = {_LOCKS.with_name(process).stat().st_uid for process in holders}
    except (OSError, IndexError):
        return False
    return bool(owners) and not owners & {0, os.geteuid()}


def refuse_foreign(directory: Path) -> None:
    """Refuse a directory of another user, also an unreadable one. Raises JournalIOError."""
    owner = foreign_owner(directory)
    if owner:
        raise _foreign(directory, owner)


def _foreign(path: Path, owner: str) -> JournalIOError:
    return JournalIOError(
        f"{path}: belongs to another user ({owner}); start as that user, or give the whole "
        f"directory to {user_name(os.geteuid())} (chown -R)"
    )
