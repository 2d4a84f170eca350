"""Orders on their way: sent, not filled yet, to be filled by a tick after their latency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

from daemon.market.agenda import Agenda, Phase
from daemon.market.book import Book


class WaitingFill(NamedTuple):
    """An entry or an exit that fills at the first tick at or after `due` (UTC ns)."""

    order_id: str
    due: int
    is_exit: bool


class WaitingFills:
    """Keep what waits at each book, in the order of filling.

    A book is armed from the due time on and not before, so that a tick during the latency costs
    nothing. Every order has the same latency and time never goes back: the first is due first.
    """

    def __init__(self, books: Sequence[Book], agenda: Agenda) -> None:
        self._books = books
        self._agenda = agenda
        self._queues: list[dict[str, WaitingFill]] = [{} for _ in books]
        self._at_exchange: list[dict[str, None]] = [{} for _ in books]
        self._entries: dict[str, None] = {}

    @property
    def entries(self) -> Iterable[str]:
        """Return the order ids of the waiting entries."""
        return self._entries.keys()

    def count_entries(self) -> int:
        """Return how many entries wait."""
        return len(self._entries)

    def entries_at(self, index: int) -> list[str]:
        """Return the order ids of the entries that wait at an instrument."""
        own = [order_id for order_id, fill in self._queues[index].items() if not fill.is_exit]
        return own + list(self._at_exchange[index])

    def hold(self, book: Book, order_id: str) -> None:
        """Count an entry that waits at the exchange, where ticks reach it by themselves."""
        self._at_exchange[book.index][order_id] = None
        self._entries[order_id] = None

    def add(self, book: Book, fill: WaitingFill, now: int) -> None:
        """Let an entry or an exit wait."""
        self._queues[book.index][fill.order_id] = fill
        if not fill.is_exit:
            self._entries[fill.order_id] = None
        if now < fill.due:
            self._agenda.add(fill.due, Phase.ARRIVAL, book.index, book.index)
        self._arm(book, now)

    def drop(self, book: Book, order_id: str, now: int) -> None:
        """Remove an order if it waits."""
        self._entries.pop(order_id, None)
        self._at_exchange[book.index].pop(order_id, None)
        if self._queues[book.index].pop(order_id, None) is not None:
            self._arm(book, now)

    def arrive(self, index: int, now: int) -> None:
        """Expect the next tick of an instrument: the latency of something there is over."""
        self._arm(self._books[index], now)

    def take_due(self, book: Book, now: int) -> Sequence[WaitingFill]:
        """Remove and return what fills at a tick of `now`, in order."""
        queue = self._queues[book.index]
        if not queue:
            return ()
        due = list(takewhile(lambda fill: fill.due <= now, queue.values()))
        for fill in due:
            del queue[fill.order_id]
            self._entries.pop(fill.order_id, None)
        self._arm(book, now)
        return due

    def _arm(self, book: Book, now: int) -> None:
        queue = self._queues[book.index]
        book.expect_tick(bool(queue) and next(iter(queue.values())).due <= now)
