"""The pulse: the service manager hears of progress only when an input has come all the way round.

An input that went over the bus, through the engine and into the journal comes back as a committed
fact with a higher input number. Nothing else feeds the watchdog, and no timer does: whatever
stands still, the event loop, the engine, the disk or the feed, the pulse stops with it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable
from typing import Final, Protocol

from daemon.process.notify import Notifier

STATUS_EVERY_S: Final = 5.0
BEATS_PER_WATCHDOG: Final = 4


class Progress(Protocol):
    """What is on disk."""

    @property
    def input_no(self) -> int:
        """Return the number of the last input that is in it."""


class Pulse:
    """Passes progress on to the service manager, a few times in each of its periods."""

    def __init__(
        self,
        notifier: Notifier,
        status: Callable[[], str],
        *,
        after: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin after the inputs up to `after`, which were on disk before this process began."""
        self._notifier = notifier
        self._status = status
        self._input_no = after
        self._monotonic = monotonic
        watchdog_s = notifier.watchdog_s
        self._every_s = (
            min(watchdog_s / BEATS_PER_WATCHDOG, STATUS_EVERY_S) if watchdog_s else STATUS_EVERY_S
        )
        self._last = -self._every_s

    async def follow(self, facts: AsyncIterable[Progress]) -> None:
        """Follow the facts to their end."""
        async for fact in facts:
            self.saw(fact.input_no)

    def saw(self, input_no: int) -> None:
        """Note that inputs up to `input_no` are on disk; the same number again is no progress."""
        if input_no <= self._input_no:
            return
        self._input_no = input_no
        now = self._monotonic()
        if now - self._last < self._every_s:
            return
        self._last = now
        if self._notifier.watchdog_s:
            self._notifier.send(WATCHDOG=1, STATUS=self._status())
        else:
            self._notifier.send(STATUS=self._status())
