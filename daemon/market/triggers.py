"""The trigger book of one instrument: which level is nearest, and which waiters it wakes.

See ARCHITECTURE, "Trigger book and exit coroutines".
"""

from __future__ import annotations

import heapq
from typing import Final

FIRST_PLAN_WAITER: Final = 1 << 42
"""Waiters from here on are of plans; positions, GTTs and watches lie below."""
NO_LEVEL_BELOW: Final = -1
NO_LEVEL_ABOVE: Final = 1 << 62
_SLACK: Final = 64

Waiter = int
"""A waiter for a level: a key chosen by the caller. Waiters of one price wake in key order."""


class TriggerBook:
    """Two heaps of levels with lazy deletion; a waiter waits for at most two levels.

    Levels in paise. `set` replaces what the waiter waited for; a level fires when the price
    is at it or beyond. Cost: O(log levels) to set and to fire, nothing per tick.
    """

    __slots__ = ("_above", "_below", "_turn", "_turns")

    def __init__(self) -> None:
        self._below: list[tuple[int, Waiter, int]] = []
        self._above: list[tuple[int, Waiter, int]] = []
        self._turns: dict[Waiter, int] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._turns)

    def set(self, waiter: Waiter, *, below: int | None, above: int | None) -> None:
        """Let a waiter wait for a price <= below or >= above (None: not on that side)."""
        self._turn += 1
        self._turns[waiter] = self._turn
        if below is not None:
            heapq.heappush(self._below, (-below, waiter, self._turn))
        if above is not None:
            heapq.heappush(self._above, (above, waiter, self._turn))
        if len(self._below) + len(self._above) > 4 * len(self._turns) + _SLACK:
            self._compact()

    def clear(self, waiter: Waiter) -> None:
        """Let a waiter wait for no level."""
        self._turns.pop(waiter, None)

    def nearest_below(self) -> int:
        """Return the highest level waited for below, else NO_LEVEL_BELOW."""
        heap = self._below
        while heap and self._turns.get(heap[0][1]) != heap[0][2]:
            heapq.heappop(heap)
        return -heap[0][0] if heap else NO_LEVEL_BELOW

    def nearest_above(self) -> int:
        """Return the lowest level waited for above, else NO_LEVEL_ABOVE."""
        heap = self._above
        while heap and self._turns.get(heap[0][1]) != heap[0][2]:
            heapq.heappop(heap)
        return heap[0][0] if heap else NO_LEVEL_ABOVE

    def fire(self, price: int) -> list[Waiter]:
        """Remove and return the waiters whose level `price` has reached, in their order."""
        fired: list[Waiter] = []
        while self.nearest_below() >= price:
            fired.append(heapq.heappop(self._below)[1])
            self._turns.pop(fired[-1])
        while self.nearest_above() <= price:
            fired.append(heapq.heappop(self._above)[1])
            self._turns.pop(fired[-1])
        fired.sort()
        return fired

    def _compact(self) -> None:
        turns = self._turns
        self._below = [level for level in self._below if turns.get(level[1]) == level[2]]
        self._above = [level for level in self._above if turns.get(level[1]) == level[2]]
        heapq.heapify(self._below)
        heapq.heapify(self._above)
