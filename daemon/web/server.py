"""The process of the page: its listeners, the follower, and an end at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import anyio
from loguru import logger
from starlette.routing import WebSocketRoute

from daemon.process.signals import watch_signals
from daemon.settings.config import Config
from daemon.web.access.guard import allowed_hosts
from daemon.web.access.sessions import (
    TOKEN_FILE,
    ApiKeys,
    Sessions,
    put_api_keys,
    read_or_make_token,
)
from daemon.web.kite.api import KiteApi
from daemon.web.kite.app import KiteApp
from daemon.web.kite.keys import KEYS_FILE, Keys
from daemon.web.kite.login import Login
from daemon.web.kite.rates import Rates
from daemon.web.kite.routes import table_of as kite_table_of
from daemon.web.kite.ticker import PATHS
from daemon.web.kite.ticker_protocol import TickerProtocol
from daemon.web.kite_market import recorded_of
from daemon.web.listener import Listener, cut
from daemon.web.serving.routes import App
from daemon.web.site import Site, table_of
from daemon.web.sources.watched import Watched

SWITCH_S: Final = 0.0005
"""How long a thread that folds keeps the interpreter from one that answers. An answer takes it back
some ten times, and Python's own 5 ms made 50 of them."""


class Address(NamedTuple):
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int


class KiteServer:
    """The paper API of an account, on a listener of its own."""

    def __init__(self, site: Site, address: Address) -> None:
        """Listen first. Raises UsageError."""
        watched = site.watched
        self.listener: Final = Listener(*address, option="--kite-port")
        try:
            credentials = watched.directory / TOKEN_FILE

            def tell(keys: Keys) -> None:
                copy = {name: getattr(keys, name) for name in ApiKeys._fields}
                put_api_keys(credentials, ApiKeys(**copy))

            login = Login(watched.directory / KEYS_FILE, watched.name, tell)
            config = watched.given or watched.setup().config or Config()
            self.api: Final = KiteApi(watched, login, recorded_of(site, config))
            rates = Rates(is_on=config.api.rates == "kite")
            sockets = [WebSocketRoute(path, self.api.ticker.serve) for path in PATHS]
            self.app: Final = KiteApp(kite_table_of(self.api), login, rates, sockets)
        except BaseException:
            self.listener.close()
            raise

    async def serve(self) -> None:
        """Answer until the listener is stopped."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.api.ticker.follow)
            await self.listener.serve(self.app, sockets=TickerProtocol)
            tasks.cancel_scope.cancel()


class PageServer:
    """A page that listens already; `run` answers until a signal."""

    def __init__(
        self,
        watched: Watched,
        *,
        host: str,
        port: int,
        hosts: Sequence[str] = (),
        kite: Address | None = None,
    ) -> None:
        """Listen first: a port that is taken ends the start. Raises UsageError, ConfigError."""
        self._listener = Listener(host, port)
        try:
            self.port: Final = self._listener.port
            self.credentials: Final = watched.directory / TOKEN_FILE
            sessions = Sessions(read_or_make_token(self.credentials))
            cookie = f"fno_session_{self.port}"
            self.site: Final = Site(watched, sessions, cookie=cookie, cut=cut)
            allowed = allowed_hosts(host, self.port, hosts)
            self.app: Final = App(table_of(self.site), sessions, allowed, cookie=cookie)
            self.kite: Final = None if kite is None else KiteServer(self.site, kite)
        except BaseException:
            self._listener.close()
            raise
        self.url: Final = self._listener.url

    def run(self, on_ready: Callable[[], None]) -> None:
        """Answer until SIGINT, SIGTERM or SIGHUP; `on_ready` is called when it does."""
        sys.setswitchinterval(SWITCH_S)
        anyio.run(self._run, on_ready, backend_options={"use_uvloop": True})

    async def _run(self, on_ready: Callable[[], None]) -> None:
        async with anyio.create_task_group() as tasks:

            def stop(name: str) -> None:
                logger.info("{}: the page ends", name)
                self.site.clients.end("the page's server ends")
                self._listener.stop()
                if self.kite is not None:
                    self.kite.listener.stop()

            await tasks.start(watch_signals, stop)
            await self.site.look()  # a short journal is read before anyone asks
            tasks.start_soon(self.site.follow)
            if self.kite is not None:
                tasks.start_soon(self.kite.serve)
            on_ready()
            logger.info("answers on {}", self.url)
            await self._listener.serve(self.app)
            tasks.cancel_scope.cancel()
