"""A program that asks on `requests.sock`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.abc import ByteStream

from daemon.control.frames import frame, frames
from daemon.control.request_messages import Answer, Asked
from daemon.control.socket import Request
from daemon.domain.order_requests import OrderRequest


class Program:
    """One connection: what it sends, and the answers in the order in which they come."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self._answers = frames(stream)

    async def send(
        self, number: int, command: Any, target: str = "", *, client_id: str = ""
    ) -> None:
        asked = Asked(id=number, client_id=client_id, command=Request(command, target))
        await self.stream.send(frame(msgspec.json.encode(asked)))

    async def order(self, order: OrderRequest, *, client_id: str = "") -> Answer:
        """A request for an order, a position or a GTT, and its answer."""
        asked = Asked(id=2, client_id=client_id, order=order)
        await self.stream.send(frame(msgspec.json.encode(asked)))
        return await self.answer()

    async def answer(self) -> Answer:
        """The next answer."""
        with anyio.fail_after(30):
            return msgspec.json.decode(await anext(self._answers), type=Answer)

    async def ask(self, command: Any, target: str = "", *, client_id: str = "") -> Answer:
        """One request and its answer."""
        await self.send(1, command, target, client_id=client_id)
        return await self.answer()


@contextlib.asynccontextmanager
async def program(directory: Path) -> AsyncIterator[Program]:
    """A connection to the daemon of an account."""
    with anyio.fail_after(60):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:  # a socket's address holds 107 bytes
            stream = await anyio.connect_unix(f"/proc/self/fd/{handle}/requests.sock")
        finally:
            os.close(handle)
        async with stream:
            yield Program(stream)
