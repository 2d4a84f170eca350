"""The charts of one account or run, day by day: candles with what was traded, P&L and drawdown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from daemon.quotes.reader import SharedQuote
from daemon.report.model import Point
from daemon.rules import Rulebook
from daemon.settings.config import Config
from daemon.web.day_charts.bar_sources import Bars
from daemon.web.day_charts.bars import DayBars
from daemon.web.day_charts.candles import candles_data
from daemon.web.day_charts.curves import (
    booked_before,
    closed_curve,
    curves_data,
    day_curve,
    kept_curve,
)
from daemon.web.day_charts.day_facts import Days
from daemon.web.sources.marks import series_of


class Moment(NamedTuple):
    """What an account or run was started with, and how far it is."""

    config: Config | None
    rules: Rulebook
    until: int
    """UTC ns; nothing later is shown."""
    quote: Callable[[str], SharedQuote | None]
    """The last quote of a symbol, which has the minute in work."""


class DayCharts:
    """Keeps the candles and events of the days that were asked for last. Safe from any thread."""

    def __init__(self, directory: Path, *, is_account: bool) -> None:
        self._directory: Final = directory
        self._bars = Bars(directory, is_account=is_account)
        self._days = Days(directory)

    def candles(self, symbol: str, day: str, at: Moment) -> dict[str, Any]:
        """Return a day's candles of a symbol, with fills and levels.

        Raises JournalCorrupt, JournalIOError, UsageError.
        """
        bars, missing = self._bars.of(day, at.config, at.rules, at.until)
        return candles_data(symbol, bars, self._days.of(day), at.quote(symbol), missing)

    def bars(self, day: str, at: Moment) -> DayBars:
        """Return a day's candles of all symbols. Raises as `candles` does."""
        return self._bars.of(day, at.config, at.rules, at.until)[0]

    def curves(self, day: str, at: Moment) -> dict[str, Any]:
        """Return a day's P&L and drawdown. Raises as `candles` does."""
        net, missing = self.net(day, at)
        facts = self._days.of(day)
        return curves_data(
            day, net, closed_curve(facts), "; ".join(filter(None, (missing, facts.problem)))
        )

    def net(self, day: str, at: Moment) -> tuple[list[Point], str]:
        """Return a day's net P&L at market minute by minute, and why it is missing.

        Raises as `candles` does.
        """
        net = self._kept_net(day)
        if net:
            return net, ""
        bars, missing = self._bars.of(day, at.config, at.rules, at.until)
        return ([], missing) if missing else (day_curve(bars, self._days.of(day), at.until), "")

    def _kept_net(self, day: str) -> list[Point]:
        kept = series_of(self._directory)
        if kept is None:
            return []
        base = booked_before(self._days.of(day).ledger)
        return kept_curve(kept, dt.date.fromisoformat(day), base)
