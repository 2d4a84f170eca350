"""A stream of server-sent events to one client, which may hang, vanish or never read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from daemon.web.serving.pieces import Cut
from daemon.web.stream import messages
from daemon.web.stream.clients import Client, Clients

BEAT_S: Final = 10.0
SEND_WITHIN_S: Final = 10.0
"""How long a client may take no byte; then its connection is cut."""


class EventStream(Response):
    """The answer that does not end before its client leaves, its session ends, or it is cut."""

    def __init__(
        self, clients: Clients, client: Client, *, cut: Cut, is_over: Callable[[str, float], bool]
    ) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self._clients = clients
        self._client = client
        self._cut = cut
        self._is_over = is_over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it is over."""
        try:
            async with anyio.create_task_group() as tasks:

                async def watch() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    tasks.cancel_scope.cancel()

                tasks.start_soon(watch)
                with anyio.move_on_after(SEND_WITHIN_S) as start:
                    await send(
                        {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                    )
                if start.cancelled_caught or not await self._send_all(send):
                    self._cut(scope)
                tasks.cancel_scope.cancel()
        finally:
            self._clients.leave(self._client)

    async def _send_all(self, send: Send) -> bool:
        """Send what comes; return False where the client took none of it in time."""
        client = self._client
        while True:
            chunk = await self._next()
            with anyio.move_on_after(SEND_WITHIN_S) as deadline:
                await send({"type": "http.response.body", "body": chunk, "more_body": bool(chunk)})
            if deadline.cancelled_caught:
                return False
            if not chunk:
                return True
            if client.is_slow:
                self._clients.begin_again(client)

    async def _next(self) -> bytes:
        """Return the next message, a beat where none comes, nothing where it is over."""
        client = self._client
        with anyio.move_on_after(BEAT_S):
            while not client.is_over:
                if chunk := client.take():
                    return chunk
                await client.wait()
        if self._is_over(client.session, time.monotonic()):
            client.end("session over")
        return client.take() or (b"" if client.is_over else messages.BEAT)
