"""An answer in pieces: a long one holds up no other, and a client that hangs holds no memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE_WITHIN_S: Final = 10.0
"""How long a client may take no byte; then its connection is cut."""
Cut = Callable[[Scope], None]
"""Drop a connection with all that waits to be sent on it."""


class Pieces(Response):
    """An answer whose pieces are sent one by one, each once the client has room for it.

    Answers may share their pieces. What is not taken yet waits here and in no buffer, so that a
    hundred clients that do not read weigh no more than one.
    """

    def __init__(self, pieces: Sequence[bytes], *, media_type: str, cut: Cut) -> None:
        super().__init__(media_type=media_type)
        self.headers["content-length"] = str(sum(map(len, pieces)))
        self._pieces = pieces
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces; cut the connection of a client that hangs."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for piece in self._pieces:
            with anyio.move_on_after(PIECE_WITHIN_S) as deadline:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if deadline.cancelled_caught:
                self._cut(scope)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
