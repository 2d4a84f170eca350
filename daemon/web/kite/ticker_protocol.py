"""uvicorn's WebSocket of the ticker, with an end that does not wait."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

FAREWELL_S: Final = 2.0


class TickerProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, whose connection ends for good soon after it was served."""

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give a client that reads the time to see why it ends, and one that does not, no more."""
        super().on_task_complete(task)
        self.loop.call_later(FAREWELL_S, self.transport.abort)
