"""The bus: inputs are handled inline and in order, facts wait in bounded lanes."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Generic, TypeVar

import anyio
import msgspec

from daemon.domain.inputs import Input

Fact = TypeVar("Fact")
Handler = Callable[[Input], Awaitable[None] | None]


class Overflow(Enum):
    """What a full lane does with one more fact."""

    WAIT = "wait"
    """The publisher waits: nothing is lost."""
    KEEP_LATEST = "keep_latest"
    """The oldest waiting fact is dropped and counted: the publisher never waits."""


class LaneStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """At every moment published = delivered + dropped + queued."""

    published: int
    delivered: int
    dropped: int
    queued: int


class Lane(Generic[Fact]):
    """One consumer's bounded queue; read it with `async for` or `receive`, by one task."""

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        if capacity < 1:
            raise ValueError(f"expected a capacity of at least 1, was {capacity}")
        self.capacity = capacity
        self.overflow = overflow
        self._facts: deque[Fact] = deque()
        self._published = 0
        self._delivered = 0
        self._dropped = 0
        self._ended = False
        self._left = False
        self._changed = anyio.Event()

    @property
    def statistics(self) -> LaneStatistics:
        """The lane's counters."""
        return LaneStatistics(
            published=self._published,
            delivered=self._delivered,
            dropped=self._dropped,
            queued=len(self._facts),
        )

    async def receive(self) -> Fact:
        """Return the oldest waiting fact.

        Raises anyio.EndOfStream when the bus is closed and all is read, and
        anyio.ClosedResourceError after `leave`.
        """
        while not self._facts:
            if self._left:
                raise anyio.ClosedResourceError
            if self._ended:
                raise anyio.EndOfStream
            await self._changed.wait()
        return self._take()

    def receive_nowait(self) -> Fact | None:
        """Return the oldest waiting fact, or None."""
        return self._take() if self._facts else None

    def leave(self) -> None:
        """Drop what waits: the consumer goes away, and no publisher waits for it again."""
        self._left = True
        self._dropped += len(self._facts)
        self._facts.clear()
        self._notify()

    def __aiter__(self) -> Lane[Fact]:
        return self

    async def __anext__(self) -> Fact:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    def _take(self) -> Fact:
        fact = self._facts.popleft()
        self._delivered += 1
        self._notify()
        return fact

    async def _put(self, fact: Fact) -> None:
        while self._is_full and self.overflow is Overflow.WAIT:
            await self._changed.wait()
        self._published += 1
        if self._left:
            self._dropped += 1
            return
        if self._is_full:
            self._facts.popleft()
            self._dropped += 1
        self._facts.append(fact)
        self._notify()

    @property
    def _is_full(self) -> bool:
        return len(self._facts) >= self.capacity

    def _end(self) -> None:
        self._ended = True
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


class Bus(Generic[Fact]):
    """Carries inputs to those who drive the day and committed facts to those who watch it."""

    def __init__(self) -> None:
        self.inputs_published = 0
        self.facts_published = 0
        self._handlers: list[Handler] = []
        self._lanes: list[Lane[Fact]] = []
        self._closed = False

    def drive(self, handler: Handler) -> None:
        """Call `handler` for every input, inline, in the order in which handlers were added.

        What it raises goes to the publisher: an input is never lost quietly.
        """
        self._handlers.append(handler)

    def consume(self, capacity: int, overflow: Overflow) -> Lane[Fact]:
        """Return a lane with every fact from now on. Raises ValueError for a capacity below 1."""
        lane: Lane[Fact] = Lane(capacity, overflow)
        # A lane that never waits comes first, so that a slow one does not make it late.
        at = len(self._lanes) if overflow is Overflow.WAIT else 0
        self._lanes.insert(at, lane)
        if self._closed:
            lane._end()
        return lane

    async def publish_input(self, message: Input) -> None:
        """Give an input to every handler; return when all of them are done with it."""
        self.inputs_published += 1
        for handler in self._handlers:
            waiting = handler(message)
            if waiting is not None:
                await waiting

    async def publish_fact(self, fact: Fact) -> None:
        """Put a fact in every lane; waits for room where the lane's rule is to wait."""
        assert not self._closed, "the bus is closed"
        self.facts_published += 1
        for lane in tuple(self._lanes):
            await lane._put(fact)

    def close(self) -> None:
        """End all lanes: each when its consumer has read what waits."""
        self._closed = True
        for lane in self._lanes:
            lane._end()
