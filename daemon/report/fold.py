"""Folds a journal into the rows of a report, with the one ledger that the engine uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

from daemon.domain import account_totals
from daemon.domain.booked_fills import BookedFill, BookedFills, untraded_fill
from daemon.domain.dates import ist_date
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position
from daemon.domain.position_row import PositionRow, position_row
from daemon.execution.exits.stop_loss import StopLossManager
from daemon.metrics.fill_quality import whole_paise
from daemon.metrics.untraded import UntradedResult
from daemon.report.execution import ExecutionFold
from daemon.report.exit_fold import ExitFold
from daemon.report.model import (
    ExitRow,
    Marker,
    NoPart,
    Point,
    RefusedRow,
    Trade,
)
from daemon.rules.contract_note import ContractNote, ContractNoteSums

DEAD_ENTRY: Final = (OrderState.REJECTED, OrderState.CANCELLED)


class RunFold:
    """The ledger of a run and what it forgets: every exit, every fill, realized P&L."""

    def __init__(self, events: Iterable[TradingEvent] = (), ledger: Ledger | None = None) -> None:
        """Fold `events` onto the ledger before them (empty unless older ones were archived).

        Raises InvalidTransition.
        """
        self.ledger: Final = Ledger() if ledger is None else ledger
        self.exits: Final[list[ExitRow]] = []
        self.markers: Final[list[Marker]] = []
        self.trades: Final[list[Trade]] = []
        self.refused: Final[list[RefusedRow]] = []
        self.booked: Final[list[Point]] = []
        """Realized P&L less charges of the account after each fill."""
        self._notes: dict[dt.date, ContractNoteSums] = {}
        self.first_ts = 0
        self.last_ts = 0
        self._exits = ExitFold(self.ledger)
        self._fills = BookedFills.after(self.ledger)
        self.execution: Final = ExecutionFold()
        self._marks: dict[str, int] = {}
        self.no_part_to_leave: Final[list[NoPart]] = []
        """Stops that let all go although a part should, as there was no whole lot to leave."""
        for event in events:
            self.add(event)

    def add(self, event: TradingEvent) -> None:
        """Fold one more event."""
        self.first_ts = self.first_ts or event.ts
        self.last_ts = event.ts
        booked = self._fills.take(event)
        self.execution.add(event, booked, self.ledger)
        if booked is not None:
            self._add_fill(booked)
            return
        self.ledger.apply(event)
        self._take_untraded(event)
        self._exits.begin(event)
        if isinstance(event, OrderMoved) and event.to_state is OrderState.SL_PENDING:
            self._look_for_a_part(event)
        elif isinstance(event, OrderMoved) and event.to_state in DEAD_ENTRY:
            self.refused.append(_refused_row(event, self.ledger.orders[event.order_id]))
            self._exits.forget(event.order_id)

    def _add_fill(self, booked: BookedFill) -> None:
        event, charges = booked.event, booked.fill.charges
        self._notes.setdefault(booking_date(event), ContractNoteSums()).add(charges)
        self.ledger.apply(event)
        position, row = self._exits.take(booked)
        if row is not None:
            self._add_exit(row, position)
        self._mark(booked, position)

    def _take_untraded(self, event: TradingEvent) -> None:
        """Take a fill that belongs to no trade: it counts for the account alone."""
        found = untraded_fill(event)
        if found is None:
            return
        order, fill = found
        self._notes.setdefault(booking_date(event), ContractNoteSums()).add(fill.charges)
        if fill.ltp_paise > 0:
            self._marks[order.tradingsymbol] = fill.ltp_paise
        self._book(event)

    def forget_rows(self) -> None:
        """Drop the rows that were folded so far; ledger, marks and sums stay."""
        for rows in (
            self.exits, self.markers, self.trades, self.refused, self.booked, self.no_part_to_leave,
        ):  # fmt: skip
            rows.clear()

    def contract_notes(self) -> list[tuple[dt.date, ContractNote]]:
        """Return the contract note of each day that an order was executed on."""
        return [(date, sums.note()) for date, sums in sorted(self._notes.items())]

    def open_rows(self, marks: Mapping[str, int]) -> list[PositionRow]:
        """Return open positions at `marks` (paise), or else at the last fill of their symbol."""
        known = {**self._marks, **marks}
        return [self._open_row(position, known) for position in self.ledger.open_positions()]

    def untraded(self, marks: Mapping[str, int]) -> UntradedResult:
        """Return what orders without a trade hold and made, at the same prices."""
        return UntradedResult.of(self.ledger.untraded, {**self._marks, **marks})

    def _add_exit(self, row: ExitRow, position: Position) -> None:
        self.exits.append(row)
        if row.is_last:
            self.trades.append(
                Trade(
                    order_id=row.order_id,
                    strategy_id=position.strategy_id,
                    closed_ts=row.exit_ts,
                    gross_paise=position.realized_paise,
                    charges=position.charges,
                )
            )

    def _look_for_a_part(self, event: OrderMoved) -> None:
        """Note a stop at which only the lot size forbade a partial exit."""
        position = self.ledger.positions[event.order_id]
        if not StopLossManager().lacks_a_lot(position):
            return
        self.no_part_to_leave.append(
            NoPart(
                order_id=event.order_id,
                tradingsymbol=position.tradingsymbol,
                quantity=position.quantity,
                lot_size=position.lot_size,
                partial_exit_pct=position.exits.partial_exit_pct,
            )
        )

    def _mark(self, booked: BookedFill, position: Position) -> None:
        event, fill = booked.event, booked.fill
        if fill.ltp_paise > 0:
            self._marks[position.tradingsymbol] = fill.ltp_paise
        self.markers.append(
            Marker(
                ts=event.ts,
                tradingsymbol=position.tradingsymbol,
                order_id=event.order_id,
                price_paise=fill.price_paise,
                quantity=fill.quantity,
                is_buy=fill.transaction_type == "BUY",
                is_entry=booked.is_entry,
                reason=booked.reason,
                gross_paise=fill.realized_paise,
            )
        )
        self._book(event)

    def _book(self, event: TradingEvent) -> None:
        ledger = self.ledger
        net = account_totals.realized_paise(ledger) - whole_paise(account_totals.charges(ledger))
        self.booked.append((event.ts, net))

    def _open_row(self, position: Position, marks: Mapping[str, int]) -> PositionRow:
        settling = position.pending is not None and position.pending.settling
        state = self.ledger.orders[position.order_id].state
        return position_row(
            position,
            state="SETTLEMENT_PENDING" if settling else str(state),
            ltp_paise=marks.get(position.tradingsymbol),
            open_charges=self._exits.charges.left(position.order_id),
        )


def booking_date(event: TradingEvent) -> dt.date:
    """Return the Indian date that a fill counts on: that on which it was due, if it was."""
    return ist_date(event.due_ts or event.ts)


def _refused_row(event: OrderMoved, order: Order) -> RefusedRow:
    return RefusedRow(
        ts=event.ts,
        order_id=event.order_id,
        strategy_id=order.strategy_id,
        tradingsymbol=order.tradingsymbol,
        transaction_type=order.transaction_type,
        quantity=order.quantity,
        reason=event.reason,
        numbers=event.numbers or {},
    )
