"""The process of the page: its listeners, the follower, and an end at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import anyio
from loguru import logger

from daemon.process.signals import watch_signals
from daemon.web.access.guard import allowed_hosts
from daemon.web.access.sessions import TOKEN_FILE, Sessions, read_or_make_token
from daemon.web.hook_server import HookAddress, HookServer
from daemon.web.kite_server import KiteAddress, KiteServer
from daemon.web.listener import Listener, cut
from daemon.web.serving.routes import App
from daemon.web.site import Site, table_of
from daemon.web.sources.watched import Watched

SWITCH_S: Final = 0.0005
"""How long a thread that folds keeps the interpreter from one that answers. An answer takes it back
some ten times, and Python's own 5 ms made 50 of them."""


class Protocol(H11Protocol):
    """uvicorn's own, which drops connections that send no whole request in time."""

    open_ones: Final[dict[tuple[str, int], Protocol]] = {}
    """By the address of the client."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection and give it a deadline."""
        super().connection_made(transport)
        if self.client is not None:
            self.open_ones[self.client] = self
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a request that is not whole do not move the deadline."""
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
            self.open_ones.pop(self.client, None)
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_WITHIN_S, self._cut_if_idle)

    def _cut_if_idle(self) -> None:
        self._deadline = None
        if self._is_idle():
            self.transport.abort()


def cut(scope: Scope) -> None:
    """Drop the connection of a request with all that waits to be sent on it."""
    client = scope.get("client")
    found = Protocol.open_ones.get(tuple(client)) if client else None
    if found is not None:
        found.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without its handlers of signals: the process has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def listen_on(host: str, port: int) -> socket.socket:
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
            "another with --port"
        ) from error
    return listening


Task = Callable[[Site], Coroutine[Any, Any, None]]
"""What runs next to the page, with its site."""


class PageServer:
    """A page that listens already; `run` answers until a signal."""

    def __init__(
        self,
        watched: Watched,
        *,
        host: str,
        port: int,
        hosts: Sequence[str] = (),
        metrics_token: str = "",
    ) -> None:
        """Listen first: a port that is taken ends the start. Raises UsageError, ConfigError."""
        self._listener = Listener(host, port)
        try:
            self.port: Final = self._listener.port
            self.credentials: Final = watched.directory / TOKEN_FILE
            sessions = Sessions(read_or_make_token(self.credentials))
            cookie = f"fno_session_{self.port}"
            self.site: Final = Site(
                watched, sessions, cookie=cookie, cut=cut, metrics_token=metrics_token
            )
            allowed = allowed_hosts(host, self.port, hosts)
            self.app: Final = App(table_of(self.site), sessions, allowed, cookie=cookie)
            self.kite: Final = None if kite is None else KiteServer(self.site, kite)
            self.hooks: Final = None if hooks is None else HookServer(watched, hooks)
        except BaseException:
            self._listener.close()
            raise
        self.url: Final = self._listener.url

    def run(self, on_ready: Callable[[], None], also: Sequence[Task] = ()) -> None:
        """Answer until SIGINT, SIGTERM or SIGHUP; `on_ready` is called when it does.

        `also` are tasks that run as long, each with the site.
        """
        sys.setswitchinterval(SWITCH_S)
        anyio.run(self._run, on_ready, also, backend_options={"use_uvloop": True})

    async def _run(self, on_ready: Callable[[], None], also: Sequence[Task]) -> None:
        server = _Server(_config(self.app))
        async with anyio.create_task_group() as tasks:

            def stop(name: str) -> None:
                logger.info("{}: the page ends", name)
                self.site.clients.end("the page's server ends")
                self._listener.stop()
                for other in (self.kite, self.hooks):
                    if other is not None:
                        other.listener.stop()

            await tasks.start(watch_signals, stop)
            await self.site.look()  # a short journal is read before anyone asks
            tasks.start_soon(self.site.follow)
            for other in (self.kite, self.hooks):
                if other is not None:
                    tasks.start_soon(other.serve)
            on_ready()
            logger.info("answers on {}", self.url)
            await self._listener.serve(self.app)
            tasks.cancel_scope.cancel()
