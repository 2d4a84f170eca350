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

from daemon.process.held_signals import Held, wanted


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

    before = {number: signal.signal(number, handle) for number in wanted()}
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
