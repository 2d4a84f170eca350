"""Replace a file in one step: a reader finds the old one or the new one, never a part.

The new file is built in the directory of the old one under another name, then renamed. A killed
process leaves at most that other name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from daemon.files.private import opener_in


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when it is complete and on disk.

    Whatever fails before leaves the old file, or none. Raises OSError.
    """
    building = path.with_name(f"{path.name}.new")
    with _unless_it_fails(building):
        with open(building, "wb", opener=opener_in(path.parent)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        building.rename(path)
    sync_to_disk(path.parent)


def replace_file(path: Path, data: bytes, writer: str = "") -> None:
    """Put `data` at `path`, as private as its directory is, without waiting for the disk.

    Each of several processes that write one file gives a `writer` of its own. Raises OSError,
    leaving the old file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_name(f".{path.name}{writer}.tmp")
    with _unless_it_fails(building):
        with open(building, "wb", opener=opener_in(path.parent)) as file:
            file.write(data)
        building.rename(path)


def replace_private(path: Path, data: bytes) -> None:
    """Put `data` at `path`, on disk and for its owner's eyes only. Raises OSError.

    It is built under a name that was never there: mode 0600 from the first byte, and any number
    of processes may write the same file.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    building = Path(name)
    with _unless_it_fails(building):
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        building.rename(path)
    sync_to_disk(path.parent)


def rename_durably(building: Path, path: Path) -> None:
    """Give a file or directory that is complete and on disk its name. Raises OSError."""
    building.rename(path)
    sync_to_disk(path.parent)


def sync_to_disk(path: Path) -> None:
    """Wait until a file's bytes, or the names in a directory, are on disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _unless_it_fails(building: Path) -> Iterator[None]:
    """Remove what was being built if it does not get its name."""
    try:
        yield
    except BaseException:
        building.unlink(missing_ok=True)
        raise
