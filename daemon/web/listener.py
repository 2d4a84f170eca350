"""A port of this process: a socket that listens, uvicorn, and connections that are cut in time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, Literal

import h11
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.errors import UsageError

BACKLOG: Final = 128
CONNECTIONS_MAX: Final = 256
"""Connections at one time; a request on one more is answered 503 at once."""
REQUEST_WITHIN_S: Final = 10.0
"""How long a connection may be open, or idle within a request's head, before it is cut."""
MESSAGE_MAX: Final = 65_536
"""Bytes of a message to a WebSocket; a longer one ends its connection."""
_FAREWELL_S: Final = 1

CROWDED: Final = PlainTextResponse(
    "too many connections are open; close some and try again", 503, {"connection": "close"}
)

Address = tuple[str, int | None]
Ends = tuple[tuple[str, int], Address | None]


class Protocol(H11Protocol):
    """uvicorn's own, which drops connections that send no whole request in time."""

    open_ones: Final[dict[Ends, Protocol]] = {}
    """By both ends: a client may use one port of its own for several ports here."""

    _deadline: asyncio.TimerHandle | None = None
    _is_handed_over = False

    def __init__(self, *given: Any, crowded: ASGIApp, **named: Any) -> None:
        """`crowded` answers while more connections are open than there may be."""
        super().__init__(*given, **named)
        self._apps = (self.app, crowded)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection and give it a deadline."""
        super().connection_made(transport)
        if self.client is not None:
            self.open_ones[self.client, self.server] = self
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a request that is not whole do not move the deadline."""
        self.app = self._apps[len(self.connections) > CONNECTIONS_MAX]
        super().data_received(data)
        if self._is_idle():
            self._expect_request()
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self.client is not None:
            self.open_ones.pop((self.client, self.server), None)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection to its WebSocket, and forget it."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self.client is not None:
            self.open_ones.pop((self.client, self.server), None)
        self._is_handed_over = True
        super().handle_websocket_upgrade(event)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_request(self) -> None:
        if self._deadline is None and not self._is_handed_over:
            self._deadline = self.loop.call_later(REQUEST_WITHIN_S, self._cut_if_idle)

    def _cut_if_idle(self) -> None:
        self._deadline = None
        if self._is_idle():
            self.transport.abort()


def cut(scope: Scope) -> None:
    """Drop the connection of a request with all that waits to be sent on it."""
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None:
        return
    found = Protocol.open_ones.get((tuple(client), tuple(server)))
    if found is not None:
        found.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without its handlers of signals: the process has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def listen_on(host: str, port: int, option: str = "--port") -> socket.socket:
    """Return a socket that listens. Raises UsageError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"{host}:{port}: {error.strerror}; stop what listens there (another page?), or choose "
            f"another with {option}"
        ) from error
    return listening


class Listener:
    """One application on a port of its own. It listens from the start and answers in `serve`."""

    def __init__(self, host: str, port: int, option: str = "--port") -> None:
        """`option` names what chooses the port. Raises UsageError where it is taken."""
        self._socket = listen_on(host, port, option)
        self._server: _Server | None = None
        self.port: Final[int] = self._socket.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url: Final = f"http://{shown}:{self.port}/"

    def close(self) -> None:
        """Listen no more; harmless twice."""
        self._socket.close()

    async def serve(
        self,
        app: Any,
        *,
        sockets: type[asyncio.Protocol] | Literal["none"] = "none",
        crowded: ASGIApp = CROWDED,
    ) -> None:
        """Answer until `stop`; `sockets` is what speaks to WebSockets, none by default.

        `crowded` answers requests while too many connections are open; it should close its own.
        """
        self._server = _Server(_config(app, sockets, crowded))
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Let `serve` end."""
        if self._server is not None:
            self._server.should_exit = True


def _config(
    app: Any, sockets: type[asyncio.Protocol] | Literal["none"], crowded: ASGIApp
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=partial(Protocol, crowded=crowded),  # type: ignore[arg-type]  # it is only called
        ws=sockets,
        ws_max_size=MESSAGE_MAX,
        ws_ping_interval=None,  # the ticker's heartbeats say that it lives
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_FAREWELL_S,
    )
