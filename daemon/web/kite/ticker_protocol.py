"""uvicorn's WebSocket of the ticker: bounded messages, and an end that does not wait."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from daemon.web.kite.ticker_requests import MESSAGE_MAX

FAREWELL_S: Final = 2.0
UVICORN: Final[dict[str, Any]] = {
    "ws_max_size": MESSAGE_MAX,
    "ws_ping_interval": None,  # heartbeats say that it lives, and a write finds a dead client
    "ws_per_message_deflate": False,
}
"""Settings of uvicorn that the ticker needs. A client that once sees a pong that it did not ask
for drops its link 5 s later, so none is ever sent."""


class TickerProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, whose connection ends for good soon after it was served."""

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give a client that reads the time to see why it ends, and one that does not, no more."""
        super().on_task_complete(task)
        self.loop.call_later(FAREWELL_S, self.transport.abort)
