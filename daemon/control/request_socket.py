"""`requests.sock`: requests of programs, many on one connection, each answered by its id."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio.abc import SocketStream, TaskStatus

from daemon.control.frames import FrameRefused, frame, frames
from daemon.control.listener import is_owner, listen
from daemon.control.request_messages import Answer, Asked, Outcome

REQUESTS_FILE: Final = "requests.sock"
IN_FLIGHT_MAX: Final = 256
"""Requests of all connections that are not answered yet."""
UNANSWERED_MAX: Final = IN_FLIGHT_MAX + 64
"""Requests of one connection whose answers it has not read: then nothing more is read of it."""
CONNECTIONS_MAX: Final = 32
SEND_WITHIN_S: Final = 5.0
"""A client that does not read its answers for so long loses its connection."""

Give = Callable[[Asked], Awaitable[Answer]]
"""Carry out a request; a fault of the world is an answer, never an exception."""


class RequestSocket:
    """Serves the connections of an account; one that is flooded or hangs delays no other."""

    def __init__(self, give: Give) -> None:
        self._give = give
        self._in_flight = 0
        self._connections = 0

    async def serve(
        self, directory: Path, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve `directory`/requests.sock until cancelled; the journal must be locked."""
        await listen(directory, REQUESTS_FILE, self._attend, task_status=task_status)

    async def _attend(self, client: SocketStream) -> None:
        self._connections += 1
        try:
            await _Connection(client).serve(self._admit, refuse=self._first_fault(client))
        finally:
            self._connections -= 1

    def _first_fault(self, client: SocketStream) -> str:
        """Return why a connection is not served, empty if it is."""
        if not is_owner(client):
            return "only the daemon's own user may ask"
        if self._connections > CONNECTIONS_MAX:
            return f"{CONNECTIONS_MAX} others are connected"
        return ""

    async def _admit(self, body: bytes) -> Answer:
        """Answer one message. Garbage is refused and named, never obeyed in part."""
        try:
            asked = msgspec.json.decode(body, type=Asked)
        except (ValueError, RecursionError) as error:  # msgspec raises UnicodeDecodeError too
            return _refused(_id_of(body), f"not a request: {error}")
        if self._in_flight >= IN_FLIGHT_MAX:
            text = f"{IN_FLIGHT_MAX} requests are in flight; nothing was changed"
            return Answer(id=asked.id, outcome=Outcome.BUSY, text=text)
        self._in_flight += 1
        try:
            return await self._give(asked)
        finally:
            self._in_flight -= 1


class _Connection:
    """One client: its messages start at once, its answers go out one at a time."""

    def __init__(self, client: SocketStream) -> None:
        self._client = client
        self._one_writer = anyio.Lock()
        self._unanswered = anyio.Semaphore(UNANSWERED_MAX)
        self._is_gone = False

    async def serve(self, admit: Callable[[bytes], Awaitable[Answer]], *, refuse: str) -> None:
        """Answer until the client closes; with `refuse` say that once, and close."""
        if refuse:
            await self._say(_refused(0, refuse))
            return

        async def answer(body: bytes) -> None:
            try:
                await self._say(await admit(body))
            finally:
                self._unanswered.release()

        async with anyio.create_task_group() as tasks:
            try:
                async for body in frames(self._client):
                    await self._unanswered.acquire()
                    tasks.start_soon(answer, body)
            except FrameRefused as error:
                await self._say(_refused(0, str(error)))
            except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                self._is_gone = True

    async def _say(self, answer: Answer) -> None:
        """Send an answer; a client that is gone or does not read ends no request of its own."""
        async with self._one_writer:
            if self._is_gone:
                return
            self._is_gone = True  # also if this is cancelled half-way
            with anyio.move_on_after(SEND_WITHIN_S):
                with contextlib.suppress(OSError, anyio.BrokenResourceError):
                    await self._client.send(frame(msgspec.json.encode(answer)))
                    self._is_gone = False
            if self._is_gone:
                await anyio.aclose_forcefully(self._client)


class _Id(msgspec.Struct, frozen=True):
    id: int = 0


def _id_of(body: bytes) -> int:
    """Return the id of a message that is no request, 0 if it has none."""
    try:
        return msgspec.json.decode(body, type=_Id).id
    except (ValueError, RecursionError):
        return 0


def _refused(number: int, text: str) -> Answer:
    return Answer(id=number, outcome=Outcome.REFUSED, text=text)
