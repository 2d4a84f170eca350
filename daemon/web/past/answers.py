"""What the page tells of the past: charts of a day, days, runs, pages of history, comparisons."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from loguru import logger
from starlette.responses import Response

from daemon.errors import DaemonError, UsageError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.report.model import Point
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
from daemon.web.fold.rows import Row
from daemon.web.fold.whole import OtherBooks
from daemon.web.past.compare import compare
from daemon.web.past.history import day_rows, history_page
from daemon.web.past.runs import directory_of, run_rows
from daemon.web.serving.requests import Asked, Refused, json
from daemon.web.serving.threads import Threads
from daemon.web.sources.marks import series_of
from daemon.web.stream.follower import Follower

OWN: Final = "account"
_FOREVER: Final = 1 << 62


class Past:
    """Answers from files; only the fold of the page's own journal is shared."""

    def __init__(self, follower: Follower, threads: Threads) -> None:
        self._follower = follower
        self._watched = follower.watched
        self._threads = threads
        self._bars = Bars(self._watched.directory, is_account=self._watched.is_account)
        self._days = Days(self._watched.directory)
        self._books = OtherBooks()

    async def candles(self, asked: Asked) -> Response:
        """Return a day's candles of a symbol, with fills and levels."""
        symbol, day = asked.name("symbol"), _date(asked)
        if not symbol:
            raise Refused(400, "symbol: expected a name")

        def work() -> Row:
            bars, missing, _ = self._day_bars(day)
            quote = self._follower.market.quote(symbol)
            return candles_data(symbol, bars, self._days.of(day), quote, missing)

        return json(await self._threads.read(work))

    async def curves(self, asked: Asked) -> Response:
        """Return a day's P&L and drawdown."""
        day = _date(asked)
        return json(await self._threads.read(lambda: self._curves(day)))

    async def days(self, asked: Asked) -> Response:
        """Return the dates of the journal."""
        follower = self._follower

        def work() -> list[Row]:
            return day_rows(follower.book, self._watched.name, follower.day_low)

        return json(await self._threads.with_fold(work))

    async def runs(self, asked: Asked) -> Response:
        """Return all runs and accounts of the output directory."""
        now = MACHINE_CLOCKS.wall_ns()
        return json(await self._threads.read(lambda: run_rows(self._watched.out, now)))

    async def history(self, asked: Asked) -> Response:
        """Return a page of closed trades, of this journal or of another run."""
        run, day, after = asked.name("run"), asked.day(), asked.number("after")
        if run in ("", OWN, self._watched.name):
            work = lambda: history_page(self._follower.book, day, after)  # noqa: E731
            return json(await self._threads.with_fold(work))
        directory = self._directory(run)
        return json(
            await self._threads.read(lambda: history_page(self._books.of(directory), day, after))
        )

    async def compare(self, asked: Asked) -> Response:
        """Return two runs held against each other."""
        a, b = asked.name("a"), asked.name("b")
        at_a, at_b = self._directory(a), self._directory(b)

        def work() -> Row:
            return compare(self._books.of(at_a), a, self._books.of(at_b), b)

        return json(await self._threads.read(work))

    async def find_day_low(self) -> None:
        """Find the lowest P&L of the day before this process began to look."""
        day = self._follower.view(MACHINE_CLOCKS.wall_ns()).day
        try:
            if day:
                await self._threads.read(lambda: self._net(day))
        except DaemonError as error:  # the low is then what was seen from here on
            logger.warning("the day's lowest P&L is not known: {}", error)

    def _curves(self, day: str) -> Row:
        net, missing = self._net(day)
        facts = self._days.of(day)
        return curves_data(day, net, closed_curve(facts), missing or facts.problem)

    def _net(self, day: str) -> tuple[list[Point], str]:
        """Return the day's P&L at market minute by minute, and why it is missing."""
        net, missing = self._kept_net(day), ""
        if not net:
            bars, missing, until = self._day_bars(day)
            net = [] if missing else day_curve(bars, self._days.of(day), until)
        self._follower.saw_low(day, [paise for _, paise in net])
        return net, missing

    def _kept_net(self, day: str) -> list[Point]:
        kept = series_of(self._watched.directory)
        if kept is None:
            return []
        base = booked_before(self._days.of(day).ledger)
        return kept_curve(kept, dt.date.fromisoformat(day), base)

    def _day_bars(self, day: str) -> tuple[DayBars, str, int]:
        follower = self._follower
        view = follower.view(MACHINE_CLOCKS.wall_ns())
        until = view.clock if view.is_alive else _FOREVER
        config, rules = follower.setup.config, follower.rules
        bars, missing = self._bars.of(day, config, rules, until)
        return bars, missing, until

    def _directory(self, name: str) -> Path:
        if not name:
            raise Refused(400, "expected the name of a run or an account")
        try:
            return directory_of(name, self._watched.out)
        except UsageError as error:
            raise Refused(404, str(error)) from error


def _date(asked: Asked) -> str:
    """Return the query's day. Raises Refused for anything else."""
    day = asked.day()
    try:
        dt.date.fromisoformat(day)
    except ValueError as error:
        raise Refused(400, "day: expected a date such as 2026-11-23") from error
    return day
