"""Keeps the metrics file: at an interval, and at once when a position changes.

The file is replaced as a whole, so a reader sees the old one or the new one and never a part.
It is not fsynced: everything in it follows from the journal, which is, and every start writes it
again, so after a power cut an old file is soon replaced, and no write waits for the disk.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskStatus
from loguru import logger

from daemon.files.replace import replace_file

GAP_S: Final = 0.1
"""Between the beginnings of two writes: at most ten a second."""
FINAL_WRITE_S: Final = 5.0


class MetricsWriter:
    """One task that writes snapshots; it can be late, but it never misses the last change.

    `snapshot` gives the numbers; `save` puts bytes in place and may raise OSError, `copy` puts
    them in a second place after that, in a thread. Time is the
    event loop's own, so that a loop with a simulated clock drives it.
    """

    def __init__(
        self,
        path: Path,
        snapshot: Callable[[], Mapping[str, Any]],
        *,
        interval_s: float,
        save: Callable[[bytes], Awaitable[None]] | None = None,
        copy: Callable[[bytes], None] | None = None,
    ) -> None:
        self.path: Final = path
        self.writes = 0
        self.failures: dict[str, int] = {}
        """Writes that failed, by cause as the system words it."""
        self._snapshot = snapshot
        self._interval_s = max(interval_s, GAP_S)
        self._copy = copy
        self._save = save if save is not None else self._save_in_thread
        self._changed = anyio.Event()
        self._last_s = float("-inf")

    def position_changed(self) -> None:
        """Ask for a write as soon as the rate allows one."""
        self._changed.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write now, then until cancelled, then once more; a failing disk never ends it."""
        try:
            await self.write_now()
            task_status.started()
            while True:
                await self._wait_for_next()
                await self.write_now()
        finally:
            with anyio.move_on_after(FINAL_WRITE_S, shield=True):
                await self.write_now()

    async def write_now(self) -> None:
        """Write the present numbers. A failure is counted, and logged once per cause."""
        self._changed = anyio.Event()  # before the snapshot: a change from here on writes again
        self._last_s = anyio.current_time()
        data = msgspec.json.format(msgspec.json.encode(self._snapshot()), indent=2)
        try:
            await self._save(data + b"\n")
        except OSError as error:
            self._count_failure(error)
        else:
            self.writes += 1

    async def _wait_for_next(self) -> None:
        with anyio.move_on_after(self._last_s + self._interval_s - anyio.current_time()):
            await self._changed.wait()
        await anyio.sleep_until(self._last_s + GAP_S)

    async def _save_in_thread(self, data: bytes) -> None:
        # In a thread because a slow disk must not delay an exit. Never abandoned: an older write
        # that came late would replace a newer one.
        try:
            await anyio.to_thread.run_sync(replace_file, self.path, data)
        finally:
            if self._copy is not None:
                await anyio.to_thread.run_sync(self._copy, data)

    def _count_failure(self, error: OSError) -> None:
        cause = os.strerror(error.errno) if error.errno else type(error).__name__
        seen = self.failures.get(cause, 0)
        self.failures[cause] = seen + 1
        if not seen:
            logger.bind(path=str(error.filename or self.path), cause=cause).error(
                "metrics file not written; trading continues, further failures are only counted"
            )
