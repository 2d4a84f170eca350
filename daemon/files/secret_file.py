"""Read a file that holds a secret: one that only its owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from daemon.errors import ConfigError

SECRET_MAX: Final = 1 << 16
"""Bytes of a file of secrets."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_secret(path: Path, what: str) -> bytes:
    """Return a file's bytes; `what` says in a message what the file holds.

    Raises ConfigError where it cannot be read, others may read it, or it is too long. A message
    never quotes the contents.
    """
    try:
        # Non-blocking: a pipe in its place would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{path}: {what} cannot be read ({error.strerror})") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path}: expected a file with {what}")
        if status.st_mode & _OTHERS and not _is_handed_over(path):
            raise ConfigError(
                f"{path}: others can read it (mode {stat.S_IMODE(status.st_mode):04o}) and it "
                f"holds {what}; run: chmod 600 {path}"
            )
        data = os.read(handle, SECRET_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {what} cannot be read ({error.strerror})") from error
    finally:
        os.close(handle)
    if len(data) > SECRET_MAX:
        raise ConfigError(f"{path}: expected {what} of at most {SECRET_MAX >> 10} KiB")
    return data


def _is_handed_over(path: Path) -> bool:
    """Return whether the service manager made the file for this process: its mode is its own."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(directory) and path.parent == Path(str(directory))


def read_secret_line(path: Path, what: str) -> str:
    """Return a file of one line without its end. Raises ConfigError."""
    try:
        text = read_secret(path, what).decode().strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected {what} as one line of text") from error
    if not text or "\n" in text:
        raise ConfigError(f"{path}: expected {what} as one line of text")
    return text
