"""SIGINT, SIGTERM and SIGHUP, from the process's start to its end, without a gap.

A signal with Python's own handling kills wherever the process is: in a commit, in a summary that
is half written. So a run holds them first, watches them while it runs, and holds them again.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import anyio
from anyio.abc import TaskStatus


class Held:
    """A handler that only remembers signals for `watch_signals`."""

    def __init__(self) -> None:
        self._numbers: list[int] = []

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Keep the signal: the handler of the signal module."""
        self._numbers.append(number)

    def take(self) -> list[int]:
        """Return what came since the last call, in order."""
        taken, self._numbers = self._numbers, []
        return taken


def hold_signals() -> Held:
    """Keep signals for `watch_signals` from now on; after that they do nothing.

    Called again it keeps what waits already.
    """
    before = signal.getsignal(signal.SIGTERM)
    held = before if isinstance(before, Held) else Held()
    for number in _wanted():
        signal.signal(number, held)
    return held


def ignore_held_signals() -> None:
    """Ignore signals from here to the end of the process.

    The interpreter's own end takes every handler away, and a signal would be the exit code.
    """
    for number in _wanted():
        if isinstance(signal.getsignal(number), Held):
            signal.signal(number, signal.SIG_IGN)


async def watch_signals(
    on_stop: Callable[[str], None],
    on_reload: Callable[[], Coroutine[Any, Any, object]] | None = None,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Call `on_stop` with the signal's name each time one comes, until cancelled.

    With `on_reload` SIGHUP calls that instead; without it a lost terminal is a stop too. A SIGHUP
    that the starter ignores, as nohup does, stays ignored. What was held before comes first.
    """
    loop = asyncio.get_running_loop()
    arrived: list[int] = []
    more = anyio.Event()

    def tell() -> None:
        more.set()

    def handle(number: int, _: FrameType | None) -> None:
        arrived.append(number)
        loop.call_soon_threadsafe(tell)

    before = {number: signal.signal(number, handle) for number in _wanted()}
    try:
        held = {handler for handler in before.values() if isinstance(handler, Held)}
        arrived[:0] = [number for handler in held for number in handler.take()]
        async with anyio.create_task_group() as tasks:
            task_status.started()
            while True:
                while arrived:
                    number = arrived.pop(0)
                    if number == signal.SIGHUP and on_reload is not None:
                        tasks.start_soon(on_reload)
                    else:
                        on_stop(signal.Signals(number).name)
                await more.wait()
                more = anyio.Event()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wanted() -> list[signal.Signals]:
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    return wanted
