"""The process of the page: its listeners, the follower, and an end at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import anyio
from loguru import logger

from daemon.process.memory import steady_collector
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
        kite: KiteAddress | None = None,
        hooks: HookAddress | None = None,
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
        steady_collector()
        anyio.run(self._run, on_ready, also, backend_options={"use_uvloop": True})

    async def _run(self, on_ready: Callable[[], None], also: Sequence[Task]) -> None:
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
            for task in also:
                tasks.start_soon(task, self.site)
            for other in (self.kite, self.hooks):
                if other is not None:
                    tasks.start_soon(other.serve)
            on_ready()
            logger.info("answers on {}", self.url)
            await self._listener.serve(self.app)
            tasks.cancel_scope.cancel()
