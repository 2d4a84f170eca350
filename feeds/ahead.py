"""Reading ahead: a thread prepares the next items while the event loop works on the present one."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Generator
from types import TracebackType
from typing import Final, Generic, TypeVar

import anyio

Item = TypeVar("Item")

AHEAD: Final = 2
"""Blocks that may wait: one is taken while the next is made; more would only cost memory."""


class _End:
    """The source is exhausted, or it raised `error`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class ReadAhead(Generic[Item]):
    """The items of a generator in its order, made in a thread, at most `ahead` of them waiting.

    Use it as a context manager on the event loop and iterate once. What the generator raises is
    raised after the items before it. Leaving early stops the thread at its next item and closes
    the generator there; leaving waits for that, so nothing is read after it.
    """

    def __init__(self, source: Generator[Item, None, None], ahead: int = AHEAD) -> None:
        self._source = source
        self._items: deque[Item | _End] = deque()
        self._room = threading.Semaphore(ahead)
        self._left = False
        self._waiting: anyio.Event | None = None
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._make, name="read-ahead", daemon=True)

    def __enter__(self) -> ReadAhead[Item]:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._left = True
        self._room.release()
        self._thread.join()

    def __aiter__(self) -> ReadAhead[Item]:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            self._waiting = waiting = anyio.Event()
            if not self._items:  # it may have come before the thread could see who waits
                await waiting.wait()
        item = self._items.popleft()
        if not isinstance(item, _End):
            self._room.release()
            return item
        self._items.append(item)  # asked again, the answer is the same
        if item.error is not None:
            raise item.error
        raise StopAsyncIteration

    # the thread

    def _make(self) -> None:
        end = _End()
        try:
            self._make_all()
        except BaseException as error:  # noqa: BLE001 - the boundary: the other side raises it
            end = _End(error)
        self._put(end)

    def _make_all(self) -> None:
        try:
            while True:
                self._room.acquire()
                if self._left:
                    return
                self._put(next(self._source))
        except StopIteration:
            return
        finally:
            self._source.close()

    def _put(self, item: Item | _End) -> None:
        self._items.append(item)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not self._left:
            self._loop.call_soon_threadsafe(waiting.set)
