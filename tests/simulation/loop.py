"""A stock asyncio loop on a virtual clock: with nothing to do it jumps to the next timer.

Threads have no place in it: what the program runs in a worker thread is run in the loop itself,
after a time that the simulation draws. So one seed is one run, to the byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, TypeVar
from unittest import mock

import anyio
import anyio.lowlevel
import anyio.to_thread

from daemon.process.clock import MachineClocks

SECOND_NS: Final = 1_000_000_000
Result = TypeVar("Result")


class Deadlock(Exception):
    """Nothing can run any more: every task waits for another."""


class _Jump(selectors.SelectSelector):
    """Instead of waiting it lets the loop's time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise Deadlock
        if not ready and timeout:
            self.passed(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0 and costs nothing. `at_turn` is called once, at a turn of the loop."""

    def __init__(self) -> None:
        selector = _Jump()
        super().__init__(selector)
        self.turns = 0
        self.turn_wanted = -1
        self.at_turn: Callable[[], object] = lambda: None
        self._now = 0.0
        selector.passed = self.pass_time

    def time(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._now += seconds

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns == self.turn_wanted:
            self.at_turn()
        super()._run_once()  # type: ignore[misc]


class SimClocks(MachineClocks):
    """The machine's clocks on a loop's time, `start_ns` (UTC ns) at its beginning.

    A simulation sets the wall's alone by `wall_ahead`; `suspended` is time in which the loop stood.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self.wall_ahead = 0
        self.suspended = 0
        self.boot_ns = lambda: self.awake_ns() + self.suspended

    def wall_ns(self) -> int:
        return self._start_ns + self.boot_ns() + self.wall_ahead

    def awake_ns(self) -> int:
        return round(asyncio.get_running_loop().time() * SECOND_NS)

    def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.pass_time(seconds)


class Threads:
    """Stands for worker threads: `before` says how long (seconds) each piece of work waits.

    `after` is told of each piece of work that was done. A negative wait is a thread that never
    comes back: its caller is let go if it may abandon it, as with a real one.
    """

    def __init__(self) -> None:
        self.before: Callable[[Callable[..., Any]], float] = lambda _: 0.0
        self.after: Callable[[Callable[..., Any], tuple[Any, ...]], None] = lambda *_: None

    async def run_sync(
        self,
        work: Callable[..., Result],
        *arguments: Any,
        abandon_on_cancel: bool = False,
        **_: Any,
    ) -> Result:
        wait = self.before(work)
        await anyio.lowlevel.checkpoint()
        with anyio.CancelScope(shield=not abandon_on_cancel):
            await (anyio.sleep_forever() if wait < 0 else anyio.sleep(wait))
        done = work(*arguments)
        self.after(work, arguments)
        with anyio.CancelScope(shield=not abandon_on_cancel):
            await anyio.lowlevel.checkpoint()
        return done


class LoopTime:
    """`time` for a module that measures with it."""

    @staticmethod
    def monotonic() -> float:
        return asyncio.get_running_loop().time()

    @staticmethod
    def time_ns() -> int:
        return round(asyncio.get_running_loop().time() * SECOND_NS)


@contextlib.contextmanager
def virtual_threads(threads: Threads) -> Iterator[None]:
    """Within it no work leaves the loop, and the journal measures the loop's time."""
    with (
        mock.patch("anyio.to_thread.run_sync", threads.run_sync),
        mock.patch("daemon.journal.writer.time", LoopTime),
        mock.patch("daemon.journal.appender.time", LoopTime),
    ):
        yield


def run_virtual(
    work: Callable[..., Awaitable[Result]], *arguments: Any, loop: VirtualLoop | None = None
) -> Result:
    """Run on a virtual loop from its time 0."""
    used = VirtualLoop() if loop is None else loop
    return anyio.run(work, *arguments, backend_options={"loop_factory": lambda: used})
