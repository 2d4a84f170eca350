"""What is done once a step of an input, after all that happens in it."""

from __future__ import annotations

from collections.abc import Callable


class Step:
    """The step in work. Steps nest: a fill may begin an exit, whose fill is a step within.

    The work at its end is done when the outermost ends, so it sees every fill of the step, and no
    exit coroutine runs at that moment.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._at_end: list[Callable[[], None]] = []

    def do_at_end(self, work: Callable[[], None]) -> None:
        """Do this at the end of every outermost step, after what was given before."""
        self._at_end.append(work)

    def begin(self) -> None:
        """Begin a step, or one within."""
        self._depth += 1

    def end(self) -> None:
        """End it; the outermost does the work at the end, which may itself take steps."""
        if self._depth == 1:
            for work in self._at_end:
                work()
        self._depth -= 1
