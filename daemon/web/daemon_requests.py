"""Requests of this process to its daemon: one connection to `requests.sock`, answers by id."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio.abc import SocketStream, TaskGroup

from daemon.control.frames import FrameRefused, frame, frames
from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.request_socket import REQUESTS_FILE
from daemon.domain.external_signal import ExternalSignal
from daemon.domain.order_requests import OrderRequest
from daemon.errors import DaemonError, ExitCode
from daemon.web.sources.pending_changes import PendingChanges

ANSWER_WITHIN_S: Final = 15.0
"""Longer than the daemon takes to give a request up by itself."""
_IDS: Final = 2**53
_GONE: Final = (anyio.BrokenResourceError, anyio.ClosedResourceError)


class DaemonAway(DaemonError):
    """No daemon took the request, or none has answered; the text says which."""

    exit_code = ExitCode.USAGE


class DaemonRequests:
    """The way to one daemon; it connects at the first request, and again after a restart."""

    def __init__(self, directory: Path, changes: PendingChanges | None = None) -> None:
        """`changes` are told of modifications and cancels that were taken."""
        self._directory = directory
        self._changes = changes
        self._one_writer = anyio.Lock()
        self._number = 0
        self._line: _Line | None = None
        self._tasks: TaskGroup | None = None

    async def run(self) -> None:
        """Read answers until cancelled; requests need it to run."""
        try:
            async with anyio.create_task_group() as self._tasks:
                await anyio.sleep_forever()
        finally:
            self._tasks = None

    async def ask(self, order: OrderRequest, *, client_id: str = "") -> Answer:
        """Hand in what is asked of an order and wait for the answer. Raises DaemonAway."""
        asked = Asked(id=self._next(), client_id=client_id, order=order)
        answer = await self._exchange(asked)
        if self._changes is not None:
            self._changes.took(order, answer.input_no, is_sent=answer.outcome is Outcome.DONE)
        return answer

    async def signal(self, signal: ExternalSignal, client_id: str) -> Answer:
        """Hand in intents for a strategy and wait for the answer. Raises DaemonAway."""
        return await self._exchange(Asked(id=self._next(), client_id=client_id, signal=signal))

    def _next(self) -> int:
        self._number = (self._number + 1) % _IDS
        return self._number

    async def _exchange(self, asked: Asked) -> Answer:
        body = frame(msgspec.json.encode(asked))
        async with self._one_writer:
            line = await self._send(asked.id, body)
        return await line.answer(asked.id)

    async def _send(self, number: int, body: bytes) -> _Line:
        """Send on the open line, or on a new one where the daemon was restarted since."""
        if self._line is not None and not self._line.is_over:
            try:
                return await self._line.send(number, body)
            except _GONE:
                pass  # nothing whole went out: the daemon drops what was cut
        self._line = await self._connect()
        try:
            return await self._line.send(number, body)
        except _GONE as error:
            raise _nobody() from error

    async def _connect(self) -> _Line:
        assert self._tasks is not None, "run first"
        try:
            handle = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:  # a socket's address holds 107 bytes
                stream = await anyio.connect_unix(f"/proc/self/fd/{handle}/{REQUESTS_FILE}")
            finally:
                os.close(handle)
        except OSError as error:
            raise _nobody() from error
        line = _Line(stream)
        self._tasks.start_soon(line.read)
        return line


class _Line:
    """One connection, and the requests on it that wait for their answers."""

    def __init__(self, stream: SocketStream) -> None:
        self.is_over = False
        self._stream = stream
        self._waiting: dict[int, anyio.Event] = {}
        self._answers: dict[int, Answer] = {}
        self._problem = ""

    async def send(self, number: int, body: bytes) -> _Line:
        """Send a request. Raises one of _GONE."""
        self._waiting[number] = anyio.Event()
        try:
            await self._stream.send(body)
        except BaseException:
            del self._waiting[number]
            raise
        return self

    async def answer(self, number: int) -> Answer:
        """Wait for the answer to a request. Raises DaemonAway."""
        try:
            with anyio.move_on_after(ANSWER_WITHIN_S):
                await self._waiting[number].wait()
        finally:
            del self._waiting[number]
        answer = self._answers.pop(number, None)
        if answer is None:
            raise DaemonAway(
                self._problem
                or "the daemon took the request and has not answered: look at the orders before "
                "you repeat it"
            )
        return answer

    async def read(self) -> None:
        """Hand out answers until the daemon closes the connection."""
        try:
            async with self._stream:
                async for body in frames(self._stream):
                    self._take(msgspec.json.decode(body, type=Answer))
        except (OSError, FrameRefused, ValueError, *_GONE):
            pass  # a daemon that was killed: those who wait hear of it below
        finally:
            self.is_over = True
            for event in self._waiting.values():
                event.set()

    def _take(self, answer: Answer) -> None:
        if answer.id in self._waiting:
            self._answers[answer.id] = answer
            self._waiting[answer.id].set()
        elif not answer.id:  # about the connection
            self._problem = f"the daemon takes no requests: {answer.text}"


def _nobody() -> DaemonAway:
    return DaemonAway(
        "the daemon is away and nothing was asked of it: start it, then send the request again"
    )
