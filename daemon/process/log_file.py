"""Choose a daemon's log file: its own one, even if several are configured with the same.

Two daemons that write one file would tear it at its rotation.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

_PRIVATE: Final = 0o600
ACCOUNT: Final = "{account}"
"""What stands for the account's name in `log.file`."""


def with_account(file: str, account: str) -> str:
    """Return `log.file` with the account's name where `{account}` stands."""
    return file.replace(ACCOUNT, account)


def log_path(file: str, account: str) -> str:
    """Return where the daemon of `account` logs to if `file` is configured.

    Where another process writes that file already, the account's name is put into it:
    `run.log` becomes `run-paper.log`.
    """
    if not account or not _is_taken(file):
        return file
    path = Path(file)
    return str(path.with_name(f"{path.stem}-{account}{path.suffix}"))


def open_log(path: str, flags: int) -> int:
    """Open a log file for this user alone and hold it, as an opener for `open`. Raises OSError."""
    handle = os.open(path, flags | os.O_CLOEXEC, _PRIVATE)
    # Held by whoever was first; a second one was given another name, or is no daemon.
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _is_taken(path: str) -> bool:
    """Return whether another process holds the file; one that is missing or closed to us is not."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False
