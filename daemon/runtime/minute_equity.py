"""Equity at every minute of a run, from its events and the prices that they were decided at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, MINUTE_NS, ist_date
from daemon.domain.drawdown import Drawdown, EquityState
from daemon.domain.events import TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Int64s
from daemon.metrics.equity import EquityFold, Point


class PricedMinute(NamedTuple):
    """Rows of one minute: the minute's number, the time of its last row, all prices after it."""

    minute: int
    ts: int
    prices: Int64s
    """Paise by instrument, 0 before the first tick."""


class MinuteEquity:
    """Folds the equity of each minute when it is over. The arguments are those of `EquityFold`."""

    def __init__(
        self,
        universe: Universe,
        ledger: Ledger | None = None,
        before: EquityState | None = None,
        *,
        keeps_points: bool = True,
    ) -> None:
        self.fold = EquityFold(ledger, before, keeps_points=keeps_points)
        self._universe = universe
        self._prices: Int64s = np.zeros(len(universe), dtype=np.int64)
        self._minute = -1
        """The minute of the last tick or event; its equity is folded when it is over."""
        self._ts = 0
        """The time of the last tick or event."""

    def take(self, events: Iterable[TradingEvent], minutes: Iterable[PricedMinute]) -> None:
        """Take minutes of rows, and the events that were decided at them."""
        waiting = iter(events)
        event = next(waiting, None)
        for minute, ts, prices in minutes:
            while event is not None and event.ts // MINUTE_NS < minute:
                self._book(event)
                event = next(waiting, None)
            self._begin(minute)
            self._prices = prices
            self._ts = max(self._ts, ts)
        while event is not None:
            self._book(event)
            event = next(waiting, None)

    def reach(self, ts: int) -> None:
        """Take the time (UTC ns) of a tick in the present minute."""
        self._ts = ts

    def _book(self, event: TradingEvent) -> None:
        self._begin(event.ts // MINUTE_NS)
        self._ts = max(self._ts, event.ts)
        self.fold.book(event)

    def _begin(self, minute: int) -> None:
        """Begin a minute: the one before is over."""
        if minute > self._minute:
            if self._minute >= 0:
                self.fold.close_minute(self._ts, self._price_of)
            self._minute = minute

    def _price_of(self, symbol: str) -> int:
        index = self._universe.index_of(symbol)
        return 0 if index is None else int(self._prices[index])

    # what came out, with the minute that is not over

    def points(self) -> list[Point]:
        """Return the thinned curve."""
        return self.fold.points_at(self._ts, self._price_of)

    def drawdown(self) -> Drawdown:
        """Return the drawdown."""
        return self.fold.drawdown_at(self._ts, self._price_of)

    def closes(self) -> dict[dt.date, int]:
        """Return net P&L (paise, open positions at market) at the end of each date with data."""
        closes = self.fold.closes_at(self._ts, self._price_of)
        return {ist_date(day * DAY_NS - IST_OFFSET_NS): paise for day, paise in closes.items()}

    def state(self) -> EquityState:
        """Return what the account's equity on a later day continues from."""
        return self.fold.state_at(self._ts, self._price_of)
