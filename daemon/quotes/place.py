"""The places of quotes maps: that of an account in memory, that of a run next to its journal."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from daemon.quotes.layout import QUOTES_FILE

# `make_private` refuses a directory there that is not this user's alone.
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # nosec B108
_PREFIX: Final = "run_fno_paper"
_PRIVATE: Final = 0o700
_NAME_DIGITS: Final = 32


def memory_map(directory: Path) -> Path:
    """Return where the map of an account is: in memory, under a name made from the account's.

    A store into a mapped page of a disk waits while that disk hangs or writes the page, and the
    engine with it; memory never makes it wait.
    """
    owner = directory.stat().st_uid
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:_NAME_DIGITS]
    return MEMORY / f"{_PREFIX}-{owner}" / f"{digest}.{QUOTES_FILE}"


def make_private(place: Path) -> None:
    """Make a directory for this user alone. Raises OSError where somebody has taken its name."""
    try:
        place.mkdir(_PRIVATE)
    except FileExistsError:
        found = place.lstat()
        is_open = found.st_mode & 0o077
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or is_open:
            raise PermissionError(1, "not a directory for this user alone", str(place)) from None


def find_map(directory: Path) -> Path:
    """Return where the map of an account or of a run's directory is read."""
    try:
        in_memory = memory_map(directory)
        return in_memory if in_memory.exists() else directory / QUOTES_FILE
    except OSError:
        return directory / QUOTES_FILE
