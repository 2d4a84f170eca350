"""What a simulated run came to: tables, summary, explanations, a report."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.export.columns import Column, Kind, Rows
from daemon.export.parquet_file import arrow_table
from daemon.export.tables import table
from daemon.journal.history import History
from daemon.lab.events_hash import events_hash
from daemon.lab.journal_copy import explained, write_journal
from daemon.lab.numbers.days import Days, session_days, session_hours
from daemon.lab.numbers.periods import Period, by_period, exposure
from daemon.lab.numbers.ratios import Ratios, ratios_of
from daemon.lab.numbers.trades import (
    ClosedTrade,
    TradeFigures,
    closed_trades,
    trade_figures,
)
from daemon.lab.tearsheet import write_tearsheet
from daemon.report.html import write_report
from daemon.report.reader import report_data_from_journal
from daemon.report.summary import summary_dict
from daemon.runtime.series import Series, prices_of
from daemon.runtime.simulate import Simulated
from daemon.settings.config import Config

Table = Any
"""A pyarrow table."""
REPORT: Final = "report.html"
TEARSHEET: Final = "tearsheet.html"
_BY_PERIOD: Final = (
    Column("period"), Column("trades", Kind.WHOLE), Column("wins", Kind.WHOLE),
    Column("net", Kind.MONEY),
)  # fmt: skip


class Result:
    """The outcome of a simulated run. Tables are made when they are first asked for.

    A pyarrow table becomes one of pandas by `.to_pandas()`, one of polars by
    `polars.from_arrow(...)`. Money is in paise; the columns are those of `export`.
    """

    def __init__(self, simulated: Simulated) -> None:
        self._simulated = simulated

    def __repr__(self) -> str:
        """Return what a notebook shows: trades and net P&L."""
        told = self.summary
        return f"Result({told['trades']} trades, net P&L {told['net_pnl']} rupees)"

    @property
    def config(self) -> Config:
        """Return the configuration as it ran."""
        return self._simulated.config

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Return what `summary.json` of a run has, without notes and files: rupees, by its keys."""
        return summary_dict(self._simulated.summary)

    @property
    def events(self) -> Sequence[TradingEvent]:
        """Return the trading events that a run would have journalled."""
        return self._simulated.events

    @property
    def closes(self) -> Mapping[dt.date, int]:
        """Return net P&L (paise, open positions at market) at the end of each date with data."""
        return self._simulated.closes

    @property
    def series(self) -> Series:
        """Return prices and equity of the run, thinned, and the drawdown of every minute."""
        return self._simulated.series

    @cached_property
    def events_hash(self) -> str:
        """Return the hash of the lines of `journal export`: equal for runs that decided alike."""
        return events_hash(self._simulated.events)

    @cached_property
    def trades(self) -> Table:
        """Return one row for each closed trade."""
        return self._table("trades")

    @cached_property
    def orders(self) -> Table:
        """Return one row for each order."""
        return self._table("orders")

    @cached_property
    def fills(self) -> Table:
        """Return one row for each fill."""
        return self._table("fills")

    @cached_property
    def equity(self) -> Table:
        """Return closed net P&L after each fill, and with what was open at minutes (thinned)."""
        return self._table("equity")

    @cached_property
    def daily(self) -> Table:
        """Return one row for each day with an order or a fill."""
        return self._table("daily")

    @cached_property
    def rounds(self) -> Table:
        """Return one row for each round of a plan."""
        return self._table("rounds")

    def explain(self, order_id: str) -> str:
        """Return the story of an order, a plan's round, a GTT or `risk` in plain words.

        Raises UsageError naming similar ids.
        """
        return explained(self._simulated, order_id)

    def report(self, to: str | os.PathLike[str] = REPORT) -> Path:
        """Write the self-contained page of `run_fno_paper report`; return where it is."""
        series = self._simulated.series
        data = report_data_from_journal(
            self._simulated.events, self._simulated.facts, prices=prices_of(series),
            equity=series.equity, drawdown=series.drawdown,
        )  # fmt: skip
        return write_report(Path(to), data)

    def tearsheet(self, to: str | os.PathLike[str] = TEARSHEET) -> Path:
        """Write a tear sheet of the days by quantstats (extra `tearsheet`); return where it is.

        Raises UsageError without the extra or without `capital_rupees`.
        """
        return write_tearsheet(Path(to), self.config.account, self.days, self.config.capital_rupees)

    def write_journal(self, directory: str | os.PathLike[str]) -> Path:
        """Write a journal for `run_fno_paper journal` into a new directory; return it."""
        return write_journal(self._simulated, Path(directory))

    @cached_property
    def days(self) -> Days:
        """Return net P&L by session, and the sessions that no data was there for."""
        return session_days(self.closes, self._simulated.rules)

    @cached_property
    def ratios(self) -> Ratios:
        """Return Sharpe, Sortino, drawdown and the rest by `capital_rupees`."""
        drawdown = self._simulated.series.drawdown
        return ratios_of(self.days.changes_paise, self.config.capital_rupees, drawdown)

    @cached_property
    def trade_figures(self) -> TradeFigures:
        """Return win rate, payoff and expectancy of closed trades; a plan's round is one."""
        return trade_figures(self._closed)

    @cached_property
    def exposure(self) -> float | None:
        """Return the share of the sessions' minutes with a position, None without a session."""
        return exposure(self._closed, session_hours(self.days.dates, self._simulated.rules))

    @property
    def return_on_peak_margin(self) -> float | None:
        """Return net P&L by the most that was blocked, None if no margin was computed.

        Margins are computed where `capital_rupees` is written.
        """
        return self._simulated.summary.return_on_peak_margin

    def by(self, period: Period) -> Table:
        """Return trades, wins and net (paise) of what was closed, by period of the last exit.

        Periods are `day`, `week`, `month`, `weekday` (1 is Monday), `hour`, and `days_to_expiry`
        (at the entry). A plan's round is one trade.
        """
        rows = by_period(self._closed, period, self._simulated.rules.expiries.of_symbol)
        return arrow_table(Rows(_BY_PERIOD, (msgspec.structs.astuple(row) for row in rows)))

    @cached_property
    def _closed(self) -> list[ClosedTrade]:
        return closed_trades(self._simulated.events)

    def _table(self, name: str) -> Any:
        events = iter(self._simulated.events)
        history = History(Ledger(), events, is_whole=True)
        return arrow_table(table(name, history, self._simulated.series.equity))
