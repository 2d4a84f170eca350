"""The numbers of a run at this moment: for metrics, the service manager and the summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import anyio

from daemon.domain.inputs import Input
from daemon.domain.statistics import FeedStatus, RunStatistics
from daemon.domain.ticks import Ticks
from daemon.metrics.collector import MetricsCollector
from daemon.process.clock import Clock
from daemon.runtime.build import Parts
from daemon.runtime.late_decisions import LateDecisions
from daemon.runtime.timings import Timings
from feeds.stream.feed import Feed, OfflineFeed

CONNECTING: Final = "connecting"


class RunStatus:
    """Counts, the state of the feed and the age of its last tick.

    `late` is None where the time of inputs is not that of this machine, `timings` where the run is
    not live.
    """

    def __init__(
        self,
        parts: Parts,
        run_id: str,
        clock: Clock,
        collector: MetricsCollector,
        late: LateDecisions | None,
        timings: Timings | None,
    ) -> None:
        self.first_ts = -1
        """The time of the first input of this process, UTC ns; -1 before it."""
        self.first_tick_ts = 0
        """UTC ns of the first tick that the feed gave; 0 before it."""
        self._parts = parts
        self._names = {"run_id": run_id, "account": parts.config.account}
        self._clock = clock
        self._collector = collector
        self._late = late
        self._timings = timings
        self._feed_state = CONNECTING
        self._last_tick_real = 0.0

    # what happens

    @property
    def has_begun(self) -> bool:
        """True once the feed has given an input."""
        return self._feed_state != CONNECTING

    def begin(self, item: Input) -> None:
        """Take note of the first input."""
        self._feed_state = "live"
        self.first_ts = int(item.ts[0]) if isinstance(item, Ticks) else item.ts  # never empty

    def saw_ticks(self, block: Ticks, now: float) -> None:
        """Take note of ticks that were handled at `now`, the loop's time."""
        if not self._last_tick_real and len(block):
            self.first_tick_ts = int(block.ts[0])
        self._last_tick_real = now

    def end(self, *, is_lost: bool) -> None:
        """Take note that the feed gives no more."""
        self._feed_state = "lost" if is_lost else "closed"

    # what is shown

    def statistics(self) -> RunStatistics:
        """Return all counters of the run at the last input."""
        return statistics_of(self._parts, {} if self._late is None else self._late.counters())

    def snapshot(self) -> dict[str, Any]:
        """Return the metrics of this moment, of what is on disk."""
        decided = self._parts.engine.ledger.seq
        numbers = self._collector.snapshot(
            now_ts=self._clock.now_ns(), decided_seq=decided, feed=self._feed_now()
        )
        timings = {} if self._timings is None else self._timings.rows()
        return numbers | {"timings": timings} | self._names

    def _feed_now(self) -> FeedStatus:
        """Return the feed's state and age now, whether or not an input came."""
        feed, state = self._parts.feed, self._feed_state
        if not self._last_tick_real:
            is_over = state in ("lost", "closed")
            return FeedStatus(state=state if is_over else feed.state() or state)
        age = max(0.0, anyio.current_time() - self._last_tick_real)
        if state == "live":
            is_stale = age > self._parts.config.execution.stale_after_s and not is_paused(feed)
            state = feed.state() or ("stale" if is_stale else state)
        return FeedStatus(state=state, age_s=age)


def is_paused(feed: Feed) -> bool:
    """Return whether a feed stands still because a person said so."""
    return isinstance(feed, OfflineFeed) and feed.pace is not None and feed.pace.is_paused


def statistics_of(parts: Parts, timing: Mapping[str, int]) -> RunStatistics:
    """Return the counters of a run's parts; `timing` are those of late decisions."""
    return RunStatistics(
        engine=parts.engine.stats(),
        session_ts=max(parts.engine.at.now, 0),
        feed=parts.feed.quality(),
        timing=timing,
        strategies=parts.strategies.status(),
    )
