"""The tasks that send an account's alerts, in the page's process or in one of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import anyio.to_thread
from loguru import logger

from daemon.alerts.channels import Channel
from daemon.alerts.conditions import Conditions
from daemon.alerts.delivery import Delivery, Send
from daemon.alerts.journal import JournalMessages
from daemon.alerts.outbox import Outbox
from daemon.domain.dates import SECOND_NS
from daemon.errors import DaemonError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.panels.view import View
from daemon.web.sources.watched import Watched

LOOK_EVERY_S: Final = 0.25
CONDITIONS_EVERY_S: Final = 1.0
AFTER_A_FAULT_S: Final = 5.0
Look = Callable[[Callable[[View], None]], Awaitable[None]]
"""Call a function with a view of the account, where it may be used."""


class Alerts:
    """One account's outbox, the journal that fills it, and the channels that empty it."""

    def __init__(
        self, watched: Watched, channels: list[Channel], send_to: Callable[[Channel], Send]
    ) -> None:
        """Open the outbox. Raises ConfigError, AlreadyRunning, JournalIOError, JournalCorrupt."""
        senders = [send_to(channel) for channel in channels]
        self._outbox = Outbox(watched.directory)
        self._outbox.keep_channels(channel.name for channel in channels)
        self._journal = JournalMessages(watched.directory, self._outbox)
        self._conditions = Conditions()
        self._problem = ""
        self.deliveries: Final = [
            Delivery(watched.name, channel, self._outbox, send)
            for channel, send in zip(channels, senders, strict=True)
        ]

    async def run(self, look: Look) -> None:
        """Read, look and send until cancelled; no fault of the world ends it."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._read)
                tasks.start_soon(self._look_around, look)
                for delivery in self.deliveries:
                    tasks.start_soon(self._deliver, delivery)
        finally:
            self.close()

    def close(self) -> None:
        """Close the journal and the outbox."""
        self._journal.close()
        self._outbox.close()

    async def _read(self) -> None:
        limiter = anyio.CapacityLimiter(1)
        while True:
            is_behind = False
            pause_s = LOOK_EVERY_S
            try:
                now = MACHINE_CLOCKS.wall_ns()
                is_behind = await anyio.to_thread.run_sync(self._journal.step, now, limiter=limiter)
            except DaemonError as fault:
                pause_s = self._wait_after(fault)
            await anyio.sleep(0 if is_behind else pause_s)

    async def _look_around(self, look: Look) -> None:
        while True:
            try:
                await look(self._tell)
            except DaemonError as fault:
                self._wait_after(fault)
            await anyio.sleep(CONDITIONS_EVERY_S)

    def _tell(self, view: View) -> None:
        self._outbox.tell(self._conditions.of(view), now=view.now)

    async def _deliver(self, delivery: Delivery) -> None:
        limiter = anyio.CapacityLimiter(1)
        while True:
            now = MACHINE_CLOCKS.wall_ns()
            pause_s = LOOK_EVERY_S
            try:
                at = await anyio.to_thread.run_sync(
                    delivery.step, now, limiter=limiter, abandon_on_cancel=True
                )
                # Not until `at`: an urgent message may come before.
                pause_s = min(max(0.0, (at - now) / SECOND_NS), LOOK_EVERY_S)
            except DaemonError as fault:
                pause_s = self._wait_after(fault)
            await anyio.sleep(pause_s)

    def _wait_after(self, fault: DaemonError) -> float:
        if str(fault) != self._problem:
            self._problem = str(fault)
            logger.error("alerts: {}", fault)
        return AFTER_A_FAULT_S
