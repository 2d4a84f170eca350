"""What of a journal was not folded yet: events and operations, put back into one order."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from daemon.domain.events import TradingEvent
from daemon.journal.schema import Operation
from daemon.web.sources.facts import Facts


class Fold(Protocol):
    """What a journal is folded into."""

    def take(self, event: TradingEvent) -> None:
        """Fold one more event."""

    def take_operation(self, number: int, operation: Operation) -> None:
        """Fold one more operation."""


class Unread:
    """The pages between a fold and the journal's end.

    The journal has two tables. Times put an operation between two events; one without a time comes
    at once.
    """

    def __init__(self, facts: Facts, *, seq: int, op_seq: int) -> None:
        """Begin after event `seq` and operation `op_seq`."""
        self._facts = facts
        self._seq = seq
        self._op_seq = op_seq
        self._events: Final[deque[TradingEvent]] = deque()
        self._operations: Final[deque[tuple[int, Operation]]] = deque()

    def fold_into(self, fold: Fold, pages: int) -> bool:
        """Fold at most `pages` pages; return whether the end was reached.

        Raises as `Facts.events` does.
        """
        for _ in range(pages):
            if not self._fetch() or self._facts.fault:  # busy: the rest at the next look
                return True
            while self._events and (self._operations or not self._has_operations()):
                self._take_one(fold)
            if not self._events:
                self._take_last(fold)
        return False

    def _fetch(self) -> bool:
        """Read a page of each table that was used up; return whether anything is unread."""
        if not self._events and (events := self._facts.events(self._seq)):
            self._events.extend(events)
            self._seq = events[-1].seq
        if not self._operations and (operations := self._facts.operations(self._op_seq)):
            self._operations.extend(operations)
            self._op_seq = operations[-1][0]
        return bool(self._events or self._operations)

    def _has_operations(self) -> bool:
        return self._op_seq < self._facts.last_op_seq

    def _take_one(self, fold: Fold) -> None:
        if self._operations and self._operations[0][1].ts <= self._events[0].ts:
            fold.take_operation(*self._operations.popleft())
        else:
            fold.take(self._events.popleft())

    def _take_last(self, fold: Fold) -> None:
        """Take operations behind the last event, unless more events are to come."""
        while self._operations and self._seq >= self._facts.last_seq:
            fold.take_operation(*self._operations.popleft())
