"""The listener of hooks put together: their file, the contracts, and the way to the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import anyio

from daemon.domain.instrument import Instrument
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.daemon_requests import DaemonRequests
from daemon.web.hooks.app import Hooks
from daemon.web.hooks.store import HOOKS_FILE, HookBook
from daemon.web.listener import Listener
from daemon.web.sources.market import Market
from daemon.web.sources.watched import Watched


class HookAddress(NamedTuple):
    """Where hooks listen; port 0 is any that is free."""

    host: str
    port: int


class HookServer:
    """The hooks of an account. A tunnel that points at this port reaches nothing else."""

    def __init__(self, watched: Watched, address: HookAddress) -> None:
        """Listen first: a port that is taken ends the start. Raises UsageError."""
        self.listener: Final = Listener(*address, option="--hooks-port")
        self._market = Market(watched.directory)
        self._requests = DaemonRequests(watched.directory)
        book = HookBook(watched.directory / HOOKS_FILE)
        self.hooks: Final = Hooks(book, self._instruments, self._requests.signal)

    async def serve(self) -> None:
        """Answer until the listener is stopped."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._requests.run)
                await self.listener.serve(self.hooks.app)
                tasks.cancel_scope.cancel()
        finally:
            self._market.close()

    def _instruments(self) -> Mapping[str, Instrument]:
        now = MACHINE_CLOCKS.wall_ns()
        self._market.look(now)
        return self._market.instruments if self._market.is_alive(now) else {}
