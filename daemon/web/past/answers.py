"""What the page tells of the past: charts of a day, days, runs, pages of history, comparisons."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Final

from loguru import logger
from starlette.responses import Response

from daemon.errors import DaemonError, UsageError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.day_charts.bars import DayBars
from daemon.web.day_charts.charts import DayCharts, Moment
from daemon.web.fold.rows import Row
from daemon.web.fold.whole import OtherBooks
from daemon.web.past.compare import compare
from daemon.web.past.history import day_rows, history_page
from daemon.web.past.others import ALL, OtherCharts, moment_of
from daemon.web.past.runs import directory_of, run_rows
from daemon.web.past.trades import round_lines_of, trade_story
from daemon.web.serving.requests import Asked, Refused, json
from daemon.web.serving.threads import Threads
from daemon.web.sources.watched import Watched
from daemon.web.stream.follower import Follower

OWN: Final = "account"
_TRADE: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_ROUND: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}-\d{8}-\d{1,6}")


class Past:
    """Answers from files; only the fold of the page's own journal is shared.

    `run` in a query names another account or run of the same output directory.
    """

    def __init__(self, follower: Follower, threads: Threads) -> None:
        self._follower = follower
        self._watched = follower.watched
        self._threads = threads
        self._books = OtherBooks()
        self._charts = DayCharts(self._watched.directory, is_account=self._watched.is_account)
        self._others = OtherCharts()

    async def candles(self, asked: Asked) -> Response:
        """Return a day's candles of a symbol, with fills and levels."""
        symbol, day = asked.name("symbol"), _date(asked)
        if not symbol:
            raise Refused(400, "symbol: expected a name")
        return await self._charted(asked, lambda charts, at: charts.candles(symbol, day, at))

    async def curves(self, asked: Asked) -> Response:
        """Return a day's P&L and drawdown."""
        day = _date(asked)
        return await self._charted(asked, lambda charts, at: charts.curves(day, at))

    async def days(self, asked: Asked) -> Response:
        """Return the dates of the journal, or of another run's."""
        other, follower = self._other(asked.name("run")), self._follower
        if other is None:
            name, lows = self._watched.name, follower.day_low
            work = lambda: day_rows(follower.book, name, lows)  # noqa: E731
            return json(await self._threads.with_fold(work))
        return json(
            await self._threads.read(
                lambda: day_rows(self._books.of(other.directory), other.name, {})
            )
        )

    async def runs(self, asked: Asked) -> Response:
        """Return all runs and accounts of the output directory."""
        now = MACHINE_CLOCKS.wall_ns()
        return json(await self._threads.read(lambda: run_rows(self._watched.out, now)))

    async def history(self, asked: Asked) -> Response:
        """Return a page of closed trades, of this journal or of another run."""
        day, after, other = asked.day(), asked.number("after"), self._other(asked.name("run"))
        if other is None:
            work = lambda: history_page(self._follower.book, day, after)  # noqa: E731
            return json(await self._threads.with_fold(work))
        return json(
            await self._threads.read(
                lambda: history_page(self._books.of(other.directory), day, after)
            )
        )

    async def trade(self, asked: Asked) -> Response:
        """Return one trade and its story."""
        trade = str(asked.request.path_params["trade"])
        if not _TRADE.fullmatch(trade):
            raise Refused(404, "there is no such trade")
        directory = (self._other(asked.name("run")) or self._watched).directory
        try:
            return json(await self._threads.read(lambda: trade_story(directory, trade)))
        except UsageError as error:
            raise Refused(404, str(error)) from error

    async def round(self, asked: Asked) -> Response:
        """Return the story of a plan's round."""
        name = str(asked.request.path_params["round"])
        if not _ROUND.fullmatch(name):
            raise Refused(404, "there is no such round")
        directory = (self._other(asked.name("run")) or self._watched).directory
        try:
            return json(await self._threads.read(lambda: round_lines_of(directory, name)))
        except UsageError as error:
            raise Refused(404, str(error)) from error

    async def compare(self, asked: Asked) -> Response:
        """Return two runs held against each other."""
        a, b = asked.name("a"), asked.name("b")
        at_a, at_b = self._named(a).directory, self._named(b).directory

        def work() -> Row:
            return compare(self._books.of(at_a), a, self._books.of(at_b), b)

        return json(await self._threads.read(work))

    def bars(self, day: str) -> DayBars:
        """Return a day's candles of all symbols, read in the calling thread. Raises DaemonError."""
        return self._charts.bars(day, self._moment())

    async def find_day_low(self) -> None:
        """Find the lowest P&L of the day before this process began to look."""
        day = self._follower.view(MACHINE_CLOCKS.wall_ns()).day

        def work() -> None:
            net, _ = self._charts.net(day, self._moment())
            self._follower.saw_low(day, [paise for _, paise in net])

        try:
            if day:
                await self._threads.read(work)
        except DaemonError as error:  # the low is then what was seen from here on
            logger.warning("the day's lowest P&L is not known: {}", error)

    async def _charted(self, asked: Asked, chart: Callable[[DayCharts, Moment], Row]) -> Response:
        """Return what `chart` makes of the page's own day, or of another run's."""
        other = self._other(asked.name("run"))

        def work() -> Row:
            if other is None:
                return chart(self._charts, self._moment())
            with moment_of(other, MACHINE_CLOCKS.wall_ns()) as moment:
                return chart(self._others.of(other), moment)

        return json(await self._threads.read(work))

    def _moment(self) -> Moment:
        follower = self._follower
        view = follower.view(MACHINE_CLOCKS.wall_ns())
        until = view.clock if view.is_alive else ALL
        return Moment(follower.setup.config, follower.rules, until, follower.market.quote)

    def _other(self, name: str) -> Watched | None:
        """Return the account or run of a name, None for the page's own. Raises Refused."""
        return None if name in ("", OWN, self._watched.name) else self._named(name)

    def _named(self, name: str) -> Watched:
        if not name:
            raise Refused(400, "expected the name of a run or an account")
        try:
            directory = directory_of(name, self._watched.out)
        except UsageError as error:
            raise Refused(404, str(error)) from error
        return Watched(directory=directory, out=self._watched.out)


def _date(asked: Asked) -> str:
    """Return the query's day. Raises Refused for anything else."""
    day = asked.day()
    try:
        dt.date.fromisoformat(day)
    except ValueError as error:
        raise Refused(400, "day: expected a date such as 2026-11-23") from error
    return day
