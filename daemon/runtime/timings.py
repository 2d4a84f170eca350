"""What a live run measures of itself, in the shell alone: nothing of it is looked at per tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import anyio

from daemon.domain.booked_fills import fill_of, untraded_fill
from daemon.domain.dates import SECOND_NS
from daemon.domain.events import TradingEvent
from daemon.metrics.histogram import Histogram, HistogramRow

LOOK_S: Final = 0.25
"""Between two looks at how late the event loop is."""


class Timings:
    """How late the event loop is, how long a fill takes to be on disk, and the disk itself.

    `loop_lag`: how much later than asked for a timer of the loop came, every `LOOK_S`.
    `tick_to_fill`: from the arrival of the tick (or the moment) that a fill was decided at, until
    the fill is on disk. `journal_fsync`: what one commit waited for the disk, journal and head
    file together.
    """

    def __init__(self, now_ns: Callable[[], int] | None) -> None:
        """`now_ns` is the clock of the inputs, None where that is not this machine's."""
        self.journal_fsync: Final = Histogram()
        self._loop_lag: Final = Histogram()
        self._tick_to_fill: Final = Histogram()
        self._now_ns = now_ns

    async def watch_loop(self) -> None:
        """Look until cancelled."""
        while True:
            due = anyio.current_time() + LOOK_S
            await anyio.sleep_until(due)
            self._loop_lag.observe(anyio.current_time() - due)

    def saw_committed(self, events: Sequence[TradingEvent]) -> None:
        """Take events that have just come to the disk."""
        if self._now_ns is None or not events:
            return
        now = self._now_ns()
        for event in events:
            if fill_of(event) is not None or untraded_fill(event) is not None:
                self._tick_to_fill.observe((now - event.ts) / SECOND_NS)

    def rows(self) -> dict[str, HistogramRow]:
        """Return the histograms by name; what is not measured is left out."""
        filled = {} if self._now_ns is None else {"tick_to_fill": self._tick_to_fill.row()}
        return {
            "loop_lag": self._loop_lag.row(),
            "journal_fsync": self.journal_fsync.row(),
            **filled,
        }
