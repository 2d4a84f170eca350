"""People's requests to a running daemon, handled between two inputs of the feed."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import anyio

from daemon.domain.inputs import BrokerMargin, Command, ConfigChange
from daemon.domain.order_results import OrderResult

WAITING_MAX: Final = 256
PATIENCE_S: Final = 5.0
_STOPPING: Final = "the daemon is stopping; nothing was changed"

Requested = Command | ConfigChange | BrokerMargin


class Admitted(NamedTuple):
    """The number of a requested input, and that of the journal's last event after it.

    `result` is what a request for an order did, None for any other.
    """

    input_no: int
    seq: int
    result: OrderResult | None = None


class RequestDropped(Exception):
    """The input was not handled and will not be; the text says why."""


class _Request:
    def __init__(self, make: Callable[[int], Requested]) -> None:
        self.make = make
        self.is_taken = False
        self.outcome: Admitted | None = None
        self.done = anyio.Event()


class RequestQueue:
    """A queue that the task of the feed empties after each of its inputs.

    So inputs have one order and one task publishes them, and a request happens at the engine's own
    time: a recording that is served has a time of its own. `wake` asks the feed for its next input
    now, so that a silent market lets no one wait.
    """

    def __init__(self, wake: Callable[[], None], *, patience_s: float = PATIENCE_S) -> None:
        self._wake = wake
        self._patience_s = patience_s
        self._waiting: deque[_Request] = deque()
        self._is_closed = False

    @property
    def is_waiting(self) -> bool:
        """Return whether a request waits."""
        return bool(self._waiting)

    async def ask(self, make: Callable[[int], Requested]) -> Admitted:
        """Wait until the input that `make(ts)` gives was handled, and return what it became.

        Raises RequestDropped if no turn came in time; then it is never handled.
        """
        if self._is_closed:
            raise RequestDropped(_STOPPING)
        if len(self._waiting) >= WAITING_MAX:
            raise RequestDropped(f"{WAITING_MAX} others wait already; nothing was changed")
        request = _Request(make)
        self._waiting.append(request)
        self._wake()
        try:
            with anyio.move_on_after(self._patience_s):
                await request.done.wait()
            if request.is_taken:
                await request.done.wait()
        finally:
            if request in self._waiting:
                self._waiting.remove(request)
        if request.outcome is not None:
            return request.outcome
        if self._is_closed or request.is_taken:
            raise RequestDropped(_STOPPING)
        raise RequestDropped(
            f"the feed has given no input for {self._patience_s:g} s; nothing was changed"
        )

    async def admit(self, ts: int, publish: Callable[[Requested], Awaitable[Admitted]]) -> None:
        """Handle what waits, in order: `publish` takes an input and returns what it became."""
        while self._waiting:
            request = self._waiting.popleft()
            request.is_taken = True
            try:
                request.outcome = await publish(request.make(ts))
            finally:
                request.done.set()

    def close(self) -> None:
        """Take no more requests, and answer those that wait."""
        self._is_closed = True
        while self._waiting:
            self._waiting.popleft().done.set()
