"""When the recorder takes snapshots: every N events, alongside its commits, and at its end."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Final

import anyio
from loguru import logger

from daemon.errors import JournalIOError
from daemon.journal.recovery import take_snapshot
from daemon.journal.snapshots import newest_seq

LAST_SNAPSHOT_S: Final = 1.5


class SnapshotTask:
    """Take snapshots in a thread with its own reader, so that commits continue.

    One that cannot be written is logged and tried again `every` events later: without it only the
    next start takes longer. A journal that cannot be folded ends the recorder.
    """

    def __init__(self, directory: Path, every: int) -> None:
        self._directory = directory
        self._every = every
        self._taken_at = newest_seq(directory) if every else 0
        self._one_at_a_time = anyio.Lock()
        self._deadline = math.inf

    def is_due(self, seq: int) -> bool:
        """Return whether to start `take` now that `seq` is on disk; True once for each snapshot."""
        if not self._every or seq < self._taken_at + self._every:
            return False
        self._taken_at = seq
        return True

    async def take(self) -> None:
        """Write a snapshot of what is on disk. Raises JournalCorrupt."""
        async with self._one_at_a_time:
            try:
                # Abandoned when cancelled: it may hang on the disk that the recorder gave up on.
                await anyio.to_thread.run_sync(
                    take_snapshot, self._directory, self._is_late, abandon_on_cancel=True
                )
            except (OSError, JournalIOError) as error:
                logger.bind(journal=str(self._directory), error=str(error)).warning(
                    "no snapshot was written; the next start takes longer"
                )

    async def take_last(self, seq: int) -> None:
        """Write the snapshot that the next start begins from, if that is quick.

        The process is asked to end within seconds. Raises JournalCorrupt.
        """
        if self._every and seq > 0:
            self._deadline = time.monotonic() + LAST_SNAPSHOT_S
            await self.take()

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline
