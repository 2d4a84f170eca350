"""What falls due at the exchange: one heap, by due time, then by what it is, then by turn."""

from __future__ import annotations

import heapq
from enum import IntEnum
from typing import Final

NEVER: Final = 1 << 62


class Due(IntEnum):
    """The order of things that are due at the same time."""

    DAY_OVER = 0
    EXPIRY = 1
    SLICE = 2
    REQUEST = 3
    ESCALATION = 4


class Timers:
    """A heap of (due, what, key, item); items of one time, kind and key come in the order added."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Due, int, int, object]] = []
        self._count = 0
        self.next_due = NEVER

    def add(self, due: int, what: Due, item: object, key: int = 0) -> None:
        """Let an item fall due at a time (UTC ns); keys order items of one time and kind."""
        self._count += 1
        heapq.heappush(self._heap, (due, what, key, self._count, item))
        self.next_due = self._heap[0][0]

    def pop(self, until: int) -> tuple[int, Due, object] | None:
        """Remove and return (due, what, item) of what is next at or before `until`, else None."""
        if self.next_due > until:
            return None
        due, what, _, _, item = heapq.heappop(self._heap)
        self.next_due = self._heap[0][0] if self._heap else NEVER
        return due, what, item
