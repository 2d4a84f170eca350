"""Asks the broker what the account's positions block, and hands the answer in as an input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from loguru import logger

from daemon.control.requests import RequestDropped, RequestQueue
from daemon.domain.held_rows import HeldRow, held_rows
from daemon.domain.inputs import BrokerMargin
from daemon.domain.ledger import Ledger
from daemon.errors import DaemonError

AskMargin = Callable[[tuple[HeldRow, ...]], int]
"""Return whole rupees for what is held; it blocks, and raises DaemonError."""
LOOK_S: Final = 1.0
AGAIN_S: Final = 60.0


class BrokerMargins:
    """Ask when what is held has changed, and once a minute; a failure is logged once a cause."""

    def __init__(self, ask: AskMargin, requests: RequestQueue, ledger: Ledger) -> None:
        self._ask = ask
        self._requests = requests
        self._ledger = ledger
        self._asked: tuple[HeldRow, ...] = ()
        self._again_at = 0.0
        self._told = ""

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self.look()
            await anyio.sleep(LOOK_S)

    async def look(self) -> None:
        """Ask if it is time to."""
        held = held_rows(self._ledger)
        now = anyio.current_time()
        if not held or (held == self._asked and now < self._again_at):
            return
        self._asked, self._again_at = held, now + AGAIN_S
        try:
            blocked = await anyio.to_thread.run_sync(self._ask, held, abandon_on_cancel=True)
            await self._requests.ask(partial(_answer, held, blocked))
        except RequestDropped:
            pass  # no input of the feed came in time: asked again in a minute
        except DaemonError as error:
            self._tell(str(error))
        else:
            self._told = ""

    def _tell(self, problem: str) -> None:
        if problem != self._told:
            self._told = problem
            logger.warning(
                "the broker's margin is not known, the scenario model counts alone: {}", problem
            )


def _answer(held: tuple[HeldRow, ...], blocked: int, ts: int) -> BrokerMargin:
    return BrokerMargin(ts=ts, held=held, blocked_rupees=blocked)
