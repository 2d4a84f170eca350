"""SIGINT, SIGTERM and a lost terminal (SIGHUP) ask for a clean end."""

from __future__ import annotations

import signal
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus


async def watch_signals(
    on_stop: Callable[[str], None],
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Call `on_stop` with the signal's name each time one comes, until cancelled.

    A SIGHUP that the starter ignores, as nohup does, stays ignored.
    """
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*wanted) as signals:
        task_status.started()
        async for number in signals:
            on_stop(signal.Signals(number).name)
