"""Who waits in the trigger books besides positions, which count from 1 and wake first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from daemon.execution.exits.runner import FIRST_OTHER_WAITER
from daemon.market.book import Book

FIRST_GTT: Final = FIRST_OTHER_WAITER
FIRST_WATCH: Final = 2 * FIRST_OTHER_WAITER

Fire = Callable[[int, Book], None]
"""Wake a waiter by the price that a book has just taken."""


class Waiters:
    """Each kind has a range of its own: from its first number on, up to the next kind's."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._fires: list[Fire] = []

    def add(self, first: int, fire: Fire) -> None:
        """Add a kind whose waiters are numbered from `first` on."""
        at = bisect_right(self._firsts, first)
        self._firsts.insert(at, first)
        self._fires.insert(at, fire)

    def fire(self, waiter: int, book: Book) -> None:
        """Wake a waiter that is no position."""
        self._fires[bisect_right(self._firsts, waiter) - 1](waiter, book)
