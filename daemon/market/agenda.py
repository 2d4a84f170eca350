"""The agenda of what falls due: one heap, ordered by due time and then by phase."""

from __future__ import annotations

import heapq
from enum import IntEnum
from typing import Final

NEVER: Final = 1 << 62


class Phase(IntEnum):
    """The order of things that are due at the same time."""

    TIMESTAMP_END = -1  # of the timestamp before: nothing of a later one may come first
    DAY = 0
    ARRIVAL = 1
    ENTRY_LIMIT = 2
    EXCHANGE = 3
    TIME_STOP = 4
    PLAN_LIMIT = 5
    SQUARE_OFF = 6
    RISK = 7
    COMMAND = 8
    PLAN = 9
    TIMED_INTENT = 10
    TIMED_GTT = 11
    CANDLES = 12
    AFTER_CANDLES = 13
    SESSION_END = 14
    MARGIN = 15


class Agenda:
    """A heap of (due, phase, key, item). Keys order items of one time and phase.

    `next_due` (UTC ns, NEVER if empty) is what a tick is compared with.
    """

    __slots__ = ("_count", "_heap", "next_due")

    def __init__(self) -> None:
        self._heap: list[tuple[int, Phase, int, int, object]] = []
        self._count = 0
        self.next_due = NEVER

    def add(self, due: int, phase: Phase, key: int, item: object) -> None:
        """Put something on the agenda."""
        self._count += 1
        heapq.heappush(self._heap, (due, phase, key, self._count, item))
        self.next_due = self._heap[0][0]

    def pop_time(self, until: int) -> tuple[int, list[tuple[Phase, object]]] | None:
        """Return the earliest time at or before `until` with its items in order, else None."""
        heap = self._heap
        if not heap or heap[0][0] > until:
            return None
        due = heap[0][0]
        items: list[tuple[Phase, object]] = []
        while heap and heap[0][0] == due:
            _, phase, _, _, item = heapq.heappop(heap)
            items.append((phase, item))
        self.next_due = heap[0][0] if heap else NEVER
        return due, items
