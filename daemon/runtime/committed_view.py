"""The view of what is on disk: numbers, log, and those who wait for an input's commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import anyio

from daemon.domain.events import TradingEvent
from daemon.journal.store import JournalStore
from daemon.journal.writer import Committed
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.writer import MetricsWriter
from daemon.process.facts import FactLog
from daemon.process.pulse import Pulse
from daemon.runtime.bus import Lane
from daemon.runtime.timings import Timings

SHOWN_AT_ONCE: Final = 64
"""Committed events that are folded and logged in one turn, a millisecond or two."""


class CommittedView:
    """Folds committed events into the numbers that are shown, a few in each turn of the loop.

    `breath_s` lies between two turns, so that the thread which commits an exit goes first.
    """

    def __init__(
        self,
        store: JournalStore,
        facts: FactLog,
        collector: MetricsCollector,
        metrics: MetricsWriter,
        pulse: Pulse,
        timings: Timings | None,
        *,
        breath_s: float,
    ) -> None:
        self._store = store
        self._facts = facts
        self._collector = collector
        self._metrics = metrics
        self._pulse = pulse
        self._timings = timings
        self._breath_s = breath_s
        self._awaited: list[tuple[int, anyio.Event]] = []
        self._all_shown = anyio.Event()

    async def run(self, lane: Lane[Committed]) -> None:
        """Show what comes until the lane is closed."""
        try:
            async for fact in lane:
                await self._show_in_turns(fact)
        finally:
            self._all_shown.set()

    async def wait_all_shown(self) -> None:
        """Return when the lane is closed and everything in it was shown."""
        await self._all_shown.wait()

    async def on_disk(self, input_no: int) -> None:
        """Wait until the journal has an input that was handled."""
        waiting = (input_no, anyio.Event())
        self._awaited.append(waiting)
        try:
            if self._store.last_input_no < input_no:
                await waiting[1].wait()
        finally:
            self._awaited.remove(waiting)

    async def _show_in_turns(self, fact: Committed) -> None:
        events, start = fact.events, 0
        if self._timings is not None:
            self._timings.saw_committed(events)
        while len(events) - start > SHOWN_AT_ONCE:
            end = start + SHOWN_AT_ONCE
            while end < len(events) and events[end].order_id == events[end - 1].order_id:
                end += 1  # an exit that fills at once is one line of the log
            self._show(events[start:end], events[end - 1].seq)
            start = end
            await anyio.sleep(self._breath_s)
        self._show(events[start:], fact.seq)
        self._collector.refresh(marks=fact.marks, statistics=fact.statistics)
        self._pulse.saw(fact.input_no)
        for input_no, is_there in self._awaited:
            if input_no <= fact.input_no:
                is_there.set()

    def _show(self, events: Sequence[TradingEvent], seq: int) -> None:
        """Take events up to `seq` into the numbers and the log."""
        if self._collector.on_committed(events, seq=seq):
            self._metrics.position_changed()
        self._facts.log(events)
