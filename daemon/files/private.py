"""Who may read what is written: an account's directory is closed to other users, and its files are.

What is written into a directory is as private as the directory itself, so that a replay's run can
still be shared, and an account cannot be by accident, whatever the umask is.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600
_SHARED_FILE: Final = 0o666  # less the umask
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Closed(NamedTuple):
    """What `close_to_others` came to: entries that it changed, and those it may not change."""

    changed: int
    left: list[Path]


def file_mode(directory: Path) -> int:
    """Return the mode that a new file in `directory` is created with. Raises OSError."""
    return _SHARED_FILE if directory.stat().st_mode & _OTHERS else PRIVATE_FILE


def opener_in(directory: Path) -> Callable[[str, int], int]:
    """Return an opener for `open` that creates files as private as `directory`. Raises OSError."""
    mode = file_mode(directory)
    return lambda path, flags: os.open(path, flags | os.O_CLOEXEC, mode)


def create_in(path: Path) -> None:
    """Make a new empty file, for a library that fills it and keeps its mode. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    os.close(os.open(path, flags, file_mode(path.parent)))


def make_private_directory(path: Path) -> None:
    """Make `path` and close it to others, what is above it as the umask says. Raises OSError."""
    path.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if path.stat().st_mode & _OTHERS:
        path.chmod(PRIVATE_DIRECTORY)


def close_to_others(directory: Path) -> Closed:
    """Take the rights of group and others from all that is under `directory`. Raises OSError.

    Links are left as they are, and so is what belongs to another user.
    """
    changed, left = 0, []
    for path in _below(directory):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & _OTHERS:
            continue
        try:
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
        except PermissionError:
            left.append(path)
        else:
            changed += 1
    return Closed(changed, left)


def foreign_owner(path: Path) -> str:
    """Return the name of the other user that `path` belongs to, empty if it is ours or not there.

    Raises OSError.
    """
    try:
        owner = path.stat().st_uid
    except FileNotFoundError:
        return ""
    return "" if owner == os.geteuid() else user_name(owner)


def user_name(number: int) -> str:
    """Return a user's name, or the number where no user has it."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"number {number}"


def _below(directory: Path) -> Iterator[Path]:
    yield directory
    for parent, directories, files in os.walk(directory):
        for name in (*directories, *files):
            yield Path(parent, name)
