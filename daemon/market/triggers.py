"""The trigger book of one instrument: which level is nearest, and who waits there (design D4)."""

from __future__ import annotations

import heapq
from typing import Final

NO_LEVEL_BELOW: Final = -1
NO_LEVEL_ABOVE: Final = 1 << 62
_SLACK: Final = 64


class TriggerBook:
    """Two heaps of levels with lazy deletion; a position waits with at most two levels.

    Levels in paise. `set` replaces what the position waited for; a level fires when the price
    is at it or beyond. Cost: O(log levels) to set and to fire, nothing per tick.
    """

    __slots__ = ("_above", "_below", "_turn", "_turns")

    def __init__(self) -> None:
        self._below: list[tuple[int, int, int]] = []
        self._above: list[tuple[int, int, int]] = []
        self._turns: dict[int, int] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._turns)

    def set(self, number: int, *, below: int | None, above: int | None) -> None:
        """Position `number` waits for a price <= below or >= above (None: not on that side)."""
        self._turn += 1
        self._turns[number] = self._turn
        if below is not None:
            heapq.heappush(self._below, (-below, number, self._turn))
        if above is not None:
            heapq.heappush(self._above, (above, number, self._turn))
        if len(self._below) + len(self._above) > 4 * len(self._turns) + _SLACK:
            self._compact()

    def clear(self, number: int) -> None:
        """Position `number` waits for no level."""
        self._turns.pop(number, None)

    def nearest_below(self) -> int:
        """The highest level that waits below, NO_LEVEL_BELOW if there is none."""
        heap = self._below
        while heap and self._turns.get(heap[0][1]) != heap[0][2]:
            heapq.heappop(heap)
        return -heap[0][0] if heap else NO_LEVEL_BELOW

    def nearest_above(self) -> int:
        """The lowest level that waits above, NO_LEVEL_ABOVE if there is none."""
        heap = self._above
        while heap and self._turns.get(heap[0][1]) != heap[0][2]:
            heapq.heappop(heap)
        return heap[0][0] if heap else NO_LEVEL_ABOVE

    def fire(self, price: int) -> list[int]:
        """The positions whose level `price` has reached, by number; they wait no longer."""
        fired: list[int] = []
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
        self._below = [each for each in self._below if turns.get(each[1]) == each[2]]
        self._above = [each for each in self._above if turns.get(each[1]) == each[2]]
        heapq.heapify(self._below)
        heapq.heapify(self._above)
