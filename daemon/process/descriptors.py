"""Open files are bounded: make sure of enough at the start, and keep some for the end."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from daemon.errors import JournalIOError

NEEDED: Final = 64
"""A live run has some twenty open, and one more for each of its connections and threads."""
WANTED: Final = 1024
SPARE: Final = 16


def allow_descriptors() -> None:
    """Raise the limit of open files as far as needed. Raises JournalIOError if that is refused.

    Without that the event loop or the journal would fail in the middle of its start.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < NEEDED:
        raise JournalIOError(
            f"only {most} open files are allowed, expected at least {NEEDED}; raise the limit "
            "(ulimit -n, or LimitNOFILE of the service)"
        )


@contextmanager
def spare_descriptors() -> Iterator[None]:
    """Keep some descriptors until the end of the block, for what is opened after it.

    A run whose descriptors have run out trades on, for its journal is open; but it ends in order
    only if the loop can be closed and the summary written.
    """
    spare: list[int] = []
    try:
        spare += [os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(SPARE)]
        yield
    finally:
        for descriptor in spare:
            os.close(descriptor)
