"""The threads of the page: one for the fold, a few for files. The event loop never waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import anyio
import anyio.to_thread

READERS: Final = 4
"""Requests that may read files at one time; the others wait."""
T = TypeVar("T")


class Threads:
    """Where work runs that takes time."""

    def __init__(self) -> None:
        self._fold = anyio.CapacityLimiter(1)
        self._readers = anyio.CapacityLimiter(READERS)

    async def with_fold(self, work: Callable[[], T]) -> T:
        """Run `work` while nothing else touches the fold."""
        return await anyio.to_thread.run_sync(work, limiter=self._fold)

    async def read(self, work: Callable[[], T]) -> T:
        """Run work that reads files."""
        return await anyio.to_thread.run_sync(work, limiter=self._readers)
