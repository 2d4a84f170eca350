"""`run_fno_paper follow`: alerts in a process of their own, where there is no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
import anyio.to_thread
from loguru import logger

from daemon.alerts.service import Alerts
from daemon.process.clock import MACHINE_CLOCKS
from daemon.process.memory import steady_collector
from daemon.process.signals import watch_signals
from daemon.web.panels.view import View
from daemon.web.sources.watched import Watched
from daemon.web.stream.follower import Follower


class FollowProcess:
    """Follows one account for its alerts alone."""

    def __init__(self, watched: Watched, alerts: Alerts) -> None:
        self._alerts = alerts
        self._follower: Final = Follower(watched)

    def run(self, on_ready: Callable[[], None]) -> None:
        """Send until SIGINT, SIGTERM or SIGHUP; `on_ready` is called when it does."""
        steady_collector()
        anyio.run(self._run, on_ready, backend_options={"use_uvloop": True})

    async def _run(self, on_ready: Callable[[], None]) -> None:
        limiter = anyio.CapacityLimiter(1)

        async def look(work: Callable[[View], None]) -> None:
            await anyio.to_thread.run_sync(self._look, work, limiter=limiter)

        async with anyio.create_task_group() as tasks:

            def stop(name: str) -> None:
                logger.info("{}: the alerts end", name)
                tasks.cancel_scope.cancel()

            await tasks.start(watch_signals, stop)
            on_ready()
            await self._alerts.run(look)

    def _look(self, work: Callable[[View], None]) -> None:
        now = MACHINE_CLOCKS.wall_ns()
        shown = self._follower.step(now)
        if shown.panels and not shown.fault:
            work(self._follower.view(now))
