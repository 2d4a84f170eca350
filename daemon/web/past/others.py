"""Other accounts and runs than the page's own: their books and charts, as they are when asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config
from daemon.web.day_charts.charts import DayCharts, Moment
from daemon.web.sources.market import Market
from daemon.web.sources.watched import Watched

KEPT: Final = 2
ALL: Final = 1 << 62
"""Later than anything: of a run that is over everything may be shown."""


class OtherCharts:
    """The charts of the accounts and runs that were asked for last. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._charts: OrderedDict[Path, DayCharts] = OrderedDict()

    def of(self, watched: Watched) -> DayCharts:
        """Return the charts of an account or a run."""
        with self._lock:
            found = self._charts.pop(watched.directory, None)
            if found is None:
                found = DayCharts(watched.directory, is_account=watched.is_account)
            self._charts[watched.directory] = found
            while len(self._charts) > KEPT:
                self._charts.popitem(last=False)
            return found


@contextmanager
def moment_of(watched: Watched, now: int) -> Iterator[Moment]:
    """Look at an account or a run at `now` (UTC ns of the wall clock)."""
    config = watched.setup().config
    market = Market(watched.directory)
    try:
        market.look(now)
        until = market.clock_ns if market.is_alive(now) else ALL
        yield Moment(config, load_rules(config or Config()), until, market.quote)
    finally:
        market.close()
