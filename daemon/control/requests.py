"""Inputs that people ask for: they take their turn between two inputs of the feed."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from daemon.domain.inputs import Command, ConfigChange

WAITING_MAX: Final = 16
PATIENCE_S: Final = 5.0
_STOPPING: Final = "the daemon is stopping; nothing was changed"

Asked = Command | ConfigChange


class NotTaken(Exception):
    """The input was not handled and will not be; the text says why."""


class _Request:
    def __init__(self, make: Callable[[int], Asked]) -> None:
        self.make = make
        self.is_taken = False
        self.input_no = 0
        self.done = anyio.Event()


class AskedInputs:
    """A short queue that the task of the feed empties after each of its inputs.

    So there is one order of inputs and one task that publishes them, and what a person asked
    for is at the engine's own time: a recording that is served has a time of its own.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Request] = deque()
        self._is_closed = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody asks for something."""
        return bool(self._waiting)

    async def ask(self, make: Callable[[int], Asked], *, patience_s: float = PATIENCE_S) -> int:
        """Wait until the input that `make(ts)` gives was handled; its number.

        Raises NotTaken if no turn came in time: then it is withdrawn and never handled.
        """
        if self._is_closed:
            raise NotTaken(_STOPPING)
        if len(self._waiting) >= WAITING_MAX:
            raise NotTaken(f"{WAITING_MAX} others wait already; nothing was changed")
        request = _Request(make)
        self._waiting.append(request)
        try:
            with anyio.move_on_after(patience_s):
                await request.done.wait()
            if request.is_taken:
                await request.done.wait()
        finally:
            if request in self._waiting:
                self._waiting.remove(request)
        if request.input_no:
            return request.input_no
        if self._is_closed or request.is_taken:
            raise NotTaken(_STOPPING)
        raise NotTaken(f"the feed has given no input for {patience_s:g} s; nothing was changed")

    async def let_in(self, ts: int, publish: Callable[[Asked], Awaitable[int]]) -> None:
        """The turn of those who wait: `publish` handles an input and returns its number."""
        while self._waiting:
            request = self._waiting.popleft()
            request.is_taken = True
            try:
                request.input_no = await publish(request.make(ts))
            finally:
                request.done.set()

    def close(self) -> None:
        """Nothing more is taken; those who wait are told."""
        self._is_closed = True
        while self._waiting:
            self._waiting.popleft().done.set()
