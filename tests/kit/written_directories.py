"""Copy and remove directories in which a daemon writes at the same time."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Final

from tests.kit.cli import wait_for

_NOT_OF_THE_DISK: Final = ("lock", "journal.db-shm", "*.sock")


def copy_as_killed(place: Path, copy: Path) -> None:
    """Copy what a kill would leave: a file that was renamed since it was listed has its own copy.

    Locks, sockets and what SQLite keeps in memory are not left.
    """

    def file(source: str, target: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(source, target)

    ignored = shutil.ignore_patterns(*_NOT_OF_THE_DISK)
    shutil.copytree(place, copy, ignore=ignored, copy_function=file)


def remove_written(place: Path) -> None:
    """Remove a directory whole: what is written while it goes would leave it there, half empty."""

    def is_gone() -> bool:
        shutil.rmtree(place, ignore_errors=True)
        return not place.exists()

    wait_for(is_gone)
