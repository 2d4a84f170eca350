"""One connection of the ticker: what waits for it, and the two loops that serve it."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from daemon.web.kite.ticker_requests import NotUnderstood, Subscription
from feeds.kite.wire import Mode

HEARTBEAT_EVERY_S: Final = 1.0
HEARTBEAT: Final = b"\0"
TEXTS_MAX: Final = 1_000
"""Text messages that wait for a client; with more it has lost its connection."""
SEND_WITHIN_S: Final = 10.0
"""A client that takes nothing for so long loses its connection."""
_OVER: Final = 1008

FrameOf = Callable[[dict[int, Mode]], bytes]
"""Return the newest quotes of tokens, each with its mode, as one frame; empty without any."""


class TickerClient:
    """A connection that was let in. Ticks that wait are replaced by newer ones, texts queue."""

    def __init__(self, socket: WebSocket, frame_of: FrameOf) -> None:
        self.subscription: Final = Subscription()
        self._socket = socket
        self._frame_of = frame_of
        self._texts: deque[str] = deque()
        self._moved: set[int] = set()
        self._wake = anyio.Event()
        self._over = ""

    def tell_moved(self, tokens: set[int]) -> None:
        """Send the quotes of these tokens, as far as they are subscribed."""
        wanted = tokens & self.subscription.modes.keys()
        if wanted:
            self._moved |= wanted
            self._wake.set()

    def tell(self, text: str) -> None:
        """Send a text message."""
        if len(self._texts) >= TEXTS_MAX:
            self.end("too slow")
        self._texts.append(text)
        self._wake.set()

    def end(self, why: str) -> None:
        """End the connection."""
        self._over = why
        self._texts.clear()
        self._wake.set()

    async def serve(self) -> None:
        """Read and write until the client leaves or is too slow. Raises nothing of its making."""
        async with anyio.create_task_group() as tasks:

            async def read() -> None:
                await self._read()
                tasks.cancel_scope.cancel()

            tasks.start_soon(read)
            await self._write()
            tasks.cancel_scope.cancel()

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self.tell(error_text("expected a message of text"))
                continue
            try:
                self.tell_moved(self.subscription.obey(text))
            except NotUnderstood as error:
                self.tell(error_text(str(error)))

    async def _write(self) -> None:
        beat_at = time.monotonic()
        while not self._over:
            with anyio.move_on_after(beat_at - time.monotonic()):
                await self._wake.wait()
            self._wake = anyio.Event()
            with anyio.move_on_after(SEND_WITHIN_S) as deadline:
                try:
                    await self._send_what_waits()
                    if time.monotonic() >= beat_at:
                        await self._socket.send_bytes(HEARTBEAT)
                        beat_at = time.monotonic() + HEARTBEAT_EVERY_S
                except (WebSocketDisconnect, RuntimeError, OSError):
                    return
            if deadline.cancelled_caught:
                return
        with anyio.move_on_after(HEARTBEAT_EVERY_S):
            await self._socket.close(_OVER, self._over)

    async def _send_what_waits(self) -> None:
        while self._texts:
            await self._socket.send_text(self._texts.popleft())
        modes = self.subscription.modes
        moved, self._moved = self._moved, set()
        frame = self._frame_of({token: modes[token] for token in moved if token in modes})
        if frame:
            await self._socket.send_bytes(frame)


def error_text(why: str) -> str:
    """Return the message that tells a client what was wrong with its own."""
    return json.dumps({"type": "error", "data": why})
