"""A variant's events as they come, folded into its numbers and trades: no event is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from array import array
from collections.abc import Container, Mapping
from typing import Final

from daemon.domain.account_totals import net_paise, return_on_peak_margin
from daemon.domain.booked_fills import BookedFills
from daemon.domain.drawdown import Drawdown
from daemon.domain.events import OrderMoved, TradingEvent, encode_event
from daemon.domain.ledger import Ledger
from daemon.domain.statistics import MarginStatus
from daemon.export.columns import RunningPaise
from daemon.export.parquet_file import ArrowRows
from daemon.export.trades import COLUMNS, exit_row
from daemon.lab.events_hash import HASH_BYTES
from daemon.lab.numbers.days import Calendar, session_days, session_hours
from daemon.lab.numbers.periods import exposure
from daemon.lab.numbers.ratios import ratios_of
from daemon.lab.numbers.trades import ClosedTrade, closed_trade, trade_figures
from daemon.lab.outcome import Doubt, Told
from daemon.report.exit_fold import ExitFold
from daemon.report.fold import DEAD_ENTRY
from daemon.report.model import ExitRow

_NOT_SEEN: Final = -(1 << 63)


class VariantFold:
    """The trades, hash and figures of a variant, whose events `ledger` has taken before."""

    def __init__(self, capital_rupees: float | None, ledger: Ledger) -> None:
        self.capital_rupees = capital_rupees
        self._ledger = ledger
        self._hash = hashlib.blake2b(digest_size=HASH_BYTES)
        self._fills = BookedFills.after(ledger)
        self._exits = ExitFold(ledger)
        self._charges = RunningPaise()
        self._trades = ArrowRows(COLUMNS)
        self._closed = ClosedColumns()
        self._gross = 0
        self._doubt = DoubtFold()

    def add(self, event: TradingEvent) -> None:
        """Take an event that the ledger has just taken."""
        self._hash.update(encode_event(event) + b"\n")
        booked = self._fills.take(event)
        if booked is None:
            self._exits.begin(event)
            if isinstance(event, OrderMoved) and event.to_state in DEAD_ENTRY:
                self._exits.forget(event.order_id)
            return
        position, row = self._exits.take(booked)
        if row is not None:
            self._trades.add(exit_row(row, self._charges.take(row.charges)))
            self._gross += row.gross_paise
            self._doubt.take(row)
            if row.is_last:
                self._closed.add(closed_trade(position, row))

    def told(
        self,
        closes: Mapping[dt.date, int],
        drawdown: Drawdown,
        calendar: Calendar,
        margin: MarginStatus | None,
    ) -> Told:
        """Return what the variant came to, with net P&L at the end of each date (paise)."""
        days = session_days(closes, calendar)
        closed = self._closed.trades(self._ledger.rounds)
        return Told(
            events_hash=self._hash.hexdigest(),
            trades=self._trades.table(),
            net_paise=closes[max(closes)] if closes else 0,
            gross_paise=self._gross,
            days=days,
            drawdown=drawdown,
            ratios=ratios_of(days.changes_paise, self.capital_rupees, drawdown),
            figures=trade_figures(closed),
            exposure=exposure(closed, session_hours(days.dates, calendar)),
            return_on_peak_margin=return_on_peak_margin(net_paise(self._ledger), margin),
            doubt=self._doubt.told(),
        )


class StrategyErrors:
    """Errors of strategies, which end no run and must not go unheard."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}
        """How many a strategy had, and the first."""

    def add(self, strategy_id: str, error: str) -> None:
        """Count an error."""
        count, first = self._found.get(strategy_id, (0, error))
        self._found[strategy_id] = count + 1, first

    def line(self) -> str:
        """Return them as one line, empty without any."""
        return "; ".join(
            f"strategy {strategy_id}: {_errors(count)}, the first {' '.join(first.split())}"
            for strategy_id, (count, first) in self._found.items()
        )


def _errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


class DoubtFold:
    """Sums over trades that have a stale or optimistic fill, all exits of such a trade together."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[bool, int, int]] = {}
        """Of trades that are not closed: in doubt yet, gross and net of their exits (paise)."""
        self._trades = self._gross = self._net = 0

    def take(self, row: ExitRow) -> None:
        """Take an exit in its order."""
        before, gross, net = self._open.pop(row.order_id, (False, 0, 0))
        is_doubtful = before or row.evidence.stale or row.evidence.optimistic
        so_far = is_doubtful, gross + row.gross_paise, net + row.net_paise
        if row.is_last:
            self._count(*so_far)
        else:
            self._open[row.order_id] = so_far

    def _count(self, is_doubtful: bool, gross: int, net: int) -> None:
        if is_doubtful:
            self._trades += 1
            self._gross += gross
            self._net += net

    def told(self) -> Doubt:
        """Return the sums, trades that have left in part included."""
        for so_far in self._open.values():
            self._count(*so_far)
        self._open.clear()
        return Doubt(trades=self._trades, gross_paise=self._gross, net_paise=self._net)


class ClosedColumns:
    """Closed trades as columns of numbers, which take far less memory than objects."""

    def __init__(self) -> None:
        self._columns = tuple(array("q") for _ in range(6))
        self._rounds: list[str] = []

    def add(self, trade: ClosedTrade) -> None:
        """Keep the times and the money of a closed trade, and the round that it belongs to."""
        self._rounds.append(sys.intern(trade.round_id))
        values = (
            trade.entry_ts, trade.closed_ts, trade.net_paise, trade.risk_paise,
            trade.adverse_paise, trade.favourable_paise,
        )  # fmt: skip
        for column, value in zip(self._columns, values, strict=True):
            column.append(_NOT_SEEN if value is None else value)

    def trades(self, running: Container[str]) -> list[ClosedTrade]:
        """Return the trades with their times, money and rounds, and nothing else.

        `running` are the rounds that are not over.
        """
        return [
            ClosedTrade(
                order_id="", strategy_id="", tradingsymbol="", quantity=0,
                entry_ts=entry_ts, closed_ts=closed_ts,
                net_paise=net, risk_paise=risk, adverse_paise=_seen(adverse),
                favourable_paise=_seen(favourable), round_id=round_id,
                round_is_over=round_id not in running,
            )
            for round_id, entry_ts, closed_ts, net, risk, adverse, favourable in zip(
                self._rounds, *self._columns, strict=True
            )
        ]  # fmt: skip


def _seen(paise: int) -> int | None:
    return None if paise == _NOT_SEEN else paise
