"""Hold the frames of all connections until the decoding task takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

LIMIT_BYTES: Final = 64 * 1024 * 1024
FRAME_COST_BYTES: Final = 150
"""Memory of a waiting frame besides its data (tuple, int, bytes header, list slot)."""


class Frame(NamedTuple):
    """One binary message of market data, and its time of arrival (UTC ns)."""

    ts: int
    data: bytes


class FrameInbox:
    """Frames in order of arrival, drained by one task.

    Frames that arrive together are taken and decoded together. Nothing is ever dropped: above
    `limit_bytes` the inbox is full and its connections stop reading (TCP then holds the sender
    back) until it has been taken, which always empties it.
    """

    def __init__(self, now_ns: Callable[[], int], limit_bytes: int = LIMIT_BYTES):
        self._now_ns = now_ns
        self._limit_bytes = limit_bytes
        self._frames: list[Frame] = []
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._watchers: list[Callable[[bool], None]] = []
        self.is_full = False
        self.times_full = 0

    @property
    def waiting_bytes(self) -> int:
        """Return the memory that the waiting frames take, in bytes."""
        return self._bytes

    def put(self, data: bytes) -> None:
        """Add a binary message, stamped with the time of arrival; called by the connections."""
        self._frames.append(Frame(self._now_ns(), data))
        self._bytes += len(data) + FRAME_COST_BYTES
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        if self._bytes > self._limit_bytes and not self.is_full:
            self.times_full += 1
            self._turn(is_full=True)

    async def take(self, timeout_s: float) -> list[Frame]:
        """Return all frames that have arrived, waiting up to `timeout_s` for the first; [] if none
        came, or if `wake` was called.

        Only one task may wait. Cancelling it loses no frame.
        """
        if not self._frames:
            await self._wait(timeout_s)
        return self.take_waiting()

    def take_waiting(self) -> list[Frame]:
        """Return all frames that have arrived, without waiting."""
        frames, self._frames = self._frames, []
        self._bytes = 0
        if self.is_full:
            self._turn(is_full=False)
        return frames

    def wake(self) -> None:
        """Let whoever waits go on without a frame."""
        if self._waiter is not None:
            _end(self._waiter)

    def watch(self, watcher: Callable[[bool], None]) -> None:
        """Call `watcher(is_full)` whenever that changes."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[bool], None]) -> None:
        """Stop calling `watcher`."""
        self._watchers.remove(watcher)

    async def _wait(self, timeout_s: float) -> None:
        if self._waiter is not None:
            raise RuntimeError("two tasks take from one inbox")
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, _end, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _turn(self, *, is_full: bool) -> None:
        self.is_full = is_full
        for watcher in tuple(self._watchers):
            watcher(is_full)


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
