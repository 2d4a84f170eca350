"""The fold of a journal for the page: the report's own, with closed trades kept as bytes.

A journal of years has more closed trades than fit in memory as objects, so they are kept as the
bytes that the page sends.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from daemon.domain import account_totals
from daemon.domain.booked_fills import fill_of
from daemon.domain.dates import ist_date
from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderCreated,
    OrderMoved,
    RoundMoved,
    TradingEvent,
)
from daemon.domain.ledger import Ledger
from daemon.domain.order import DEAD_STATES, OrderState
from daemon.domain.untraded_fills import UntradedFills
from daemon.journal.schema import Operation
from daemon.journal.words import refusal_text
from daemon.metrics.fill_quality import whole_paise
from daemon.report.fold import RunFold, booking_date
from daemon.report.model import RefusedRow
from daemon.web.fold.ended import forget_the_end_of
from daemon.web.fold.event_counts import STATUSES, EventCounts
from daemon.web.fold.exchange_orders import WorkingOrders
from daemon.web.fold.later import Later
from daemon.web.fold.net_curve import NetCurve
from daemon.web.fold.process import Process
from daemon.web.fold.round_lines import RoundLines
from daemon.web.fold.row_store import RowStore
from daemon.web.fold.rows import Row, closed_row, refused_row
from daemon.web.fold.tape import Tape

REFUSED_ROWS: Final = 200
_encoder: Final = msgspec.json.Encoder()


class DayTotals(msgspec.Struct):
    """What was executed on one Indian date: gross of its exits, charges of all its fills.

    Fills of orders without a trade are in both, and in no number of trades.
    """

    day: str
    first: int
    """Number of closed rows before this date."""
    trades: int = 0
    gross_paise: int = 0
    charges: Decimal = Decimal(0)

    def row(self) -> Row:
        """Return the totals as the page lists them."""
        charges = whole_paise(self.charges)
        return {
            "day": self.day,
            "trades": self.trades,
            "gross_paise": self.gross_paise,
            "charges_paise": charges,
            "net_paise": self.gross_paise - charges,
        }


class Book:
    """Everything that the journal says, up to `seq` and to the last operation."""

    def __init__(self, fold: RunFold) -> None:
        """Begin with the fold of what is before the first event."""
        self.tape: Final = Tape(fold.ledger.positions.values(), fold.ledger.gtts.values())
        self.process: Final = Process()
        self.working: Final = WorkingOrders()
        """The day's orders at the exchange."""
        self.round_lines: Final = RoundLines()
        self._refused: Final[deque[Later]] = deque(maxlen=REFUSED_ROWS)
        self.closed: Final = RowStore()
        """Every exit, oldest first, as JSON."""
        self.net: Final = NetCurve()
        """Net P&L of the account after each of them, and after each fill without a trade."""
        self.last_fill_ts = 0
        self.days: Final[dict[str, DayTotals]] = {}
        self.won: Final[dict[str, int]] = {}
        self.counted: Final[dict[str, int]] = {}
        """Closed trades by strategy, and those of them that were won after charges."""
        self._fold = fold
        self.counts = EventCounts()
        self._untraded = UntradedFills(fold.ledger)
        fold.forget_rows()

    @property
    def ledger(self) -> Ledger:
        """The ledger after event `seq`."""
        return self._fold.ledger

    @property
    def fold(self) -> RunFold:
        """The report's fold, for its open rows and its last prices."""
        return self._fold

    @property
    def net_paise(self) -> int:
        """The account's realized P&L less all its charges, those of open positions included."""
        charges = whole_paise(account_totals.charges(self.ledger))
        return account_totals.realized_paise(self.ledger) - charges

    @property
    def seq(self) -> int:
        """The last event that was folded."""
        return self._fold.ledger.seq

    def take(self, event: TradingEvent) -> None:
        """Fold one more event; those that belong to no trade make a row of the tape alone."""
        if not event.order_id:
            self._fold.add(event)
            self.tape.take_account(event)
            if isinstance(event, RoundMoved):
                self.round_lines.take(event)
            self._take_untraded(event)
            return
        orders = self.ledger.orders
        order = event if isinstance(event, OrderCreated) else orders[event.order_id]
        self._fold.add(event)
        self.tape.take(event, order.tradingsymbol)
        if isinstance(event, ExchangeOrderMoved):
            self.working.take(event, order.tradingsymbol)
        fill = fill_of(event)
        if fill is not None:
            self._take_fill(event, fill, order.lot_size)
        if isinstance(event, OrderMoved) and event.to_state in STATUSES:
            self.counts.take_end(order.strategy_id, event.to_state)
        if isinstance(event, OrderMoved) and event.to_state in DEAD_STATES:
            self._take_end(event, order.lot_size)
        if fill is not None or self._fold.refused or self._fold.no_part_to_leave:
            self._fold.forget_rows()

    def take_operation(self, number: int, operation: Operation) -> None:
        """Fold one more operation."""
        self.process.take(number, operation)
        self.tape.take_operation(operation, self.seq)

    def day_of(self, ts: int) -> DayTotals:
        """Return the totals of the Indian date of `ts`, empty ones where nothing was executed."""
        day = ist_date(ts).isoformat()
        return self.days.get(day) or DayTotals(day=day, first=len(self.closed))

    def refused_rows(self) -> list[Row]:
        """Return the newest refused and cancelled orders, newest first."""
        return [each.row() for each in reversed(self._refused)]

    def closed_rows(self, first: int, last: int) -> list[msgspec.Raw]:
        """Return the exits `first` to `last` (excluded) by number, newest first."""
        return self.closed.rows(first, last)[::-1]

    def span_of(self, day: str) -> tuple[int, int]:
        """Return the numbers of the exits of a date: the first, and the one after the last."""
        days = sorted(self.days)
        if day not in self.days:
            return (0, 0)
        after = days[days.index(day) + 1 :]
        end = self.days[after[0]].first if after else len(self.closed)
        return self.days[day].first, end

    def _take_end(self, event: OrderMoved, lot_size: int) -> None:
        for row in self._fold.refused:
            self._refused.append(Later(partial(_refused, row, lot_size)))
        forget_the_end_of(event.order_id, self.ledger)

    def _take_fill(self, event: TradingEvent, fill: Fill, lot_size: int) -> None:
        self.counts.take_fill(fill)
        totals = self._day_to_change(event)
        totals.charges += Decimal(fill.charges.total)
        totals.gross_paise += fill.realized_paise
        totals.trades += isinstance(event, OrderMoved) and event.to_state is OrderState.CLOSED
        self.last_fill_ts = event.ts
        for exit_row in self._fold.exits:
            self.closed.append(_encoder.encode(closed_row(exit_row, lot_size)))
            self.net.add(event.ts, self.net_paise)
        self._take_trades()

    def _take_untraded(self, event: TradingEvent) -> None:
        """Take what an order without a trade did: its fills count for the day, and are no trade."""
        if isinstance(event, ExchangeOrderMoved) and event.exchange_id:
            self.working.take(event, event.tradingsymbol)
        found = self._untraded.take(event)
        if found is None:
            return
        self.counts.take_fill(found.fill)
        totals = self._day_to_change(event)
        totals.charges += Decimal(found.fill.charges.total)
        totals.gross_paise += found.gross_paise
        self.last_fill_ts = event.ts
        self.net.add(event.ts, self.net_paise)
        self._fold.forget_rows()

    def _day_to_change(self, event: TradingEvent) -> DayTotals:
        day = booking_date(event).isoformat()
        totals = self.days.get(day)
        if totals is None:
            totals = self.days[day] = DayTotals(day=day, first=len(self.closed))
        return totals

    def _take_trades(self) -> None:
        for trade in self._fold.trades:
            name = trade.strategy_id
            self.counted[name] = self.counted.get(name, 0) + 1
            self.won[name] = self.won.get(name, 0) + (trade.net_paise > 0)


def _refused(row: RefusedRow, lot_size: int) -> Row:
    return refused_row(row, lot_size, refusal_text(row.reason, row.numbers))
