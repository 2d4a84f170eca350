"""Read ahead: a thread prepares the next items while the current one is processed."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

AHEAD: Final = 2
"""Items that may wait. One is in use while the next is made; more would only cost memory."""


def has_second_core() -> bool:
    """Return whether two threads of this process can run at once; if not, reading ahead is
    overhead.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1


class _End:
    """The end of the source, with the `error` it raised if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(
    source: Generator[Item, None, None], ahead: int = AHEAD
) -> Generator[Item, None, None]:
    """Yield the items of `source` in order, produced in a thread, with at most `ahead` waiting.

    An error of `source` is raised after the items before it. Closing stops the thread at its next
    item, closes `source` in that thread and waits for it; nothing is read afterwards. This pays off
    where `source` releases the interpreter lock, as decoding does; otherwise the threads only
    alternate, at a loss.
    """
    producer = _Producer(source, ahead)
    producer.thread.start()
    try:
        while not isinstance(item := producer.items.get(), _End):
            producer.room.put(None)
            yield item
        if item.error is not None:
            raise item.error
    finally:
        producer.is_abandoned = True
        producer.room.put(None)
        producer.thread.join()


class _Producer(Generic[Item]):
    """The thread and its queues: finished items, and one entry in `room` per item it may make."""

    def __init__(self, source: Generator[Item, None, None], ahead: int) -> None:
        self._source = source
        self.items: SimpleQueue[Item | _End] = SimpleQueue()
        self.room: SimpleQueue[None] = SimpleQueue()
        self.is_abandoned = False
        self.thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
        for _ in range(ahead):
            self.room.put(None)

    def _run(self) -> None:
        end = _End()
        try:
            self._produce()
        except BaseException as error:  # noqa: BLE001 - the reading thread raises it
            end = _End(error)
        self.items.put(end)

    def _produce(self) -> None:
        try:
            while True:
                self.room.get()
                item = None if self.is_abandoned else next(self._source, None)
                if item is None:
                    return
                self.items.put(item)
        finally:
            self._source.close()
