"""Hold signals that would end the process in the middle of what must not be cut.

A signal with Python's own handling kills wherever the process is: in a commit, in a summary that
is half written. So a run holds them first, watches them while it runs (`signals`), and holds them
again.
"""

from __future__ import annotations

import signal
from types import FrameType


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
    for number in wanted():
        signal.signal(number, held)
    return held


def ignore_held_signals() -> None:
    """Ignore signals from here to the end of the process.

    The interpreter's own end takes every handler away, and a signal would be the exit code.
    """
    for number in wanted():
        if isinstance(signal.getsignal(number), Held):
            signal.signal(number, signal.SIG_IGN)


def wanted() -> list[signal.Signals]:
    """Return the signals that stop a run; one that the starter ignores stays ignored."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
