"""Faults of a disk, told apart from faults of what lies on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.errors import FeedError, JournalIOError


@contextmanager
def disk_errors_as_journal_errors(path: Path) -> Iterator[None]:
    """Raise JournalIOError where the disk under `path` is at fault, and not what is on it.

    What cannot be read now may be whole: it is no reason to continue without it.
    """
    try:
        yield
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be read or written: {error}") from error
    except FeedError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno:  # pyarrow's own have none
            raise JournalIOError(str(error)) from error
        raise
