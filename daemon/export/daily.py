"""`daily`: one row for each day on which something happened; its sums are the account's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from daemon.domain.booked_fills import fill_of
from daemon.domain.dates import ist_date
from daemon.domain.events import Fill, OrderCreated, TradingEvent
from daemon.domain.untraded_fills import UntradedFills
from daemon.export.columns import Column, Kind, Row, RunningPaise
from daemon.export.folded import folded
from daemon.journal.history import History
from daemon.report.fold import RunFold, booking_date

COLUMNS: Final = (
    Column("date", Kind.DATE),
    Column("orders", Kind.WHOLE),
    Column("refused", Kind.WHOLE),
    Column("fills", Kind.WHOLE),
    Column("trades", Kind.WHOLE),
    Column("wins", Kind.WHOLE),
    Column("losses", Kind.WHOLE),
    Column("gross", Kind.MONEY),
    Column("charges", Kind.MONEY),
    Column("net", Kind.MONEY),
    Column("net_so_far", Kind.MONEY),
)


class _Day(msgspec.Struct):
    """The counts of a day; charges are exact rupees."""

    orders: int = 0
    refused: int = 0
    fills: int = 0
    trades: int = 0
    wins: int = 0
    losses: int = 0
    gross_paise: int = 0
    charges: Decimal = Decimal(0)

    def add(self, event: TradingEvent, fold: RunFold) -> None:
        self.orders += isinstance(event, OrderCreated)
        self.refused += len(fold.refused)
        fill = fill_of(event)
        if fill is not None:
            self.book(fill, fill.realized_paise)
        for trade in fold.trades:
            self.trades += 1
            self.wins += trade.net_paise > 0
            self.losses += trade.net_paise < 0

    def book(self, fill: Fill, gross_paise: int) -> None:
        self.fills += 1
        self.gross_paise += gross_paise
        self.charges += Decimal(fill.charges.total)


def rows(history: History) -> Iterator[Row]:
    """Yield the days in their order. A fill counts on the day on which it was due."""
    days: dict[dt.date, _Day] = {}
    untraded = UntradedFills(history.ledger)
    for event, fold in folded(history):
        found = untraded.take(event)
        if found is not None:
            day = days.setdefault(booking_date(event), _Day())
            day.book(found.fill, found.gross_paise)
        elif fill_of(event) is not None or fold.refused or isinstance(event, OrderCreated):
            days.setdefault(_date(event), _Day()).add(event, fold)
    rounded, net_so_far = RunningPaise(), 0
    for date, day in sorted(days.items()):
        charges = rounded.take(day.charges)
        net_so_far += day.gross_paise - charges
        yield (
            date, day.orders, day.refused, day.fills, day.trades, day.wins, day.losses,
            day.gross_paise, charges, day.gross_paise - charges, net_so_far,
        )  # fmt: skip


def _date(event: TradingEvent) -> dt.date:
    if fill_of(event) is not None:
        return booking_date(event)
    return ist_date(event.ts)
