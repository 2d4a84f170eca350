"""Reading ahead: a thread prepares the next items while the present one is worked on."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

AHEAD: Final = 2
"""Items that may wait: one is taken while the next is made; more would only cost memory."""


def has_second_core() -> bool:
    """Whether a thread of this process can work beside another; if not, ahead is only overhead."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1


class _End:
    """The source is exhausted, or it raised `error`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(
    source: Generator[Item, None, None], ahead: int = AHEAD
) -> Generator[Item, None, None]:
    """The items of `source` in its order, made in a thread, at most `ahead` of them waiting.

    What `source` raises is raised after the items before it. Closing stops the thread at its
    next item, closes `source` there and waits for that: nothing is read afterwards. Worth it
    where `source` works without the interpreter's lock, as decoding does; otherwise the two
    threads take turns, and taking turns costs more than it gains.
    """
    maker = _Maker(source, ahead)
    maker.thread.start()
    try:
        while not isinstance(item := maker.items.get(), _End):
            maker.room.put(None)
            yield item
        if item.error is not None:
            raise item.error
    finally:
        maker.is_left = True
        maker.room.put(None)
        maker.thread.join()


class _Maker(Generic[Item]):
    """The thread and its two queues: what was made, and one entry in `room` for each to make."""

    def __init__(self, source: Generator[Item, None, None], ahead: int) -> None:
        self._source = source
        self.items: SimpleQueue[Item | _End] = SimpleQueue()
        self.room: SimpleQueue[None] = SimpleQueue()
        self.is_left = False
        self.thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
        for _ in range(ahead):
            self.room.put(None)

    def _run(self) -> None:
        end = _End()
        try:
            self._make_all()
        except BaseException as error:  # noqa: BLE001 - the boundary: the other side raises it
            end = _End(error)
        self.items.put(end)

    def _make_all(self) -> None:
        try:
            while True:
                self.room.get()
                item = None if self.is_left else next(self._source, None)
                if item is None:
                    return
                self.items.put(item)
        finally:
            self._source.close()
