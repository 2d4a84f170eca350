"""`exchange_orders`: one row for each order that the paper exchange saw, its slices apart.

An order is written when it is over, and those that are not at the end of the journal: so memory
holds what works, however long the journal is. In the simple modes there are none but those that
close positions without a trade. What belongs to no trade has no trade's id; its strategy is
`api`, or its tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from daemon.domain.booked_fills import BookedFills
from daemon.domain.events import ExchangeOrderMoved, Fill, QueuePlace
from daemon.domain.exchange_order import OVER_STATES
from daemon.domain.ledger import Ledger
from daemon.domain.untraded import strategy_of
from daemon.domain.untraded_fills import UntradedFills
from daemon.export.columns import Column, Kind, Row, RunningPaise
from daemon.journal.history import History

COLUMNS: Final = (
    Column("exchange_id"),
    Column("order_id"),
    Column("strategy"),
    Column("symbol"),
    Column("side"),
    Column("is_exit", Kind.FLAG),
    Column("order_type"),
    Column("validity"),
    Column("quantity", Kind.WHOLE),
    Column("filled_quantity", Kind.WHOLE),
    Column("limit", Kind.MONEY),
    Column("trigger", Kind.MONEY),
    Column("value", Kind.MONEY),
    Column("gross", Kind.MONEY),
    Column("charges", Kind.MONEY),
    Column("fills", Kind.WHOLE),
    Column("state"),
    Column("reason"),
    Column("refusal"),
    Column("replaces"),
    Column("sent_time", Kind.TIME),
    Column("arrived_time", Kind.TIME),
    Column("over_time", Kind.TIME),
    Column("market_at_first", Kind.WHOLE),
    Column("near_misses", Kind.WHOLE),
)
_CHANGE_NOTHING: Final = ("modify_refused", "cancel_refused")
_ARRIVED: Final = ("open", "trigger_pending")


class _Order(msgspec.Struct):
    """An exchange order as its newest event leaves it, and its sums. Paise; exact rupees."""

    strategy: str
    symbol: str
    sent_ts: int
    last: ExchangeOrderMoved
    replaces: str = ""
    arrived_ts: int = 0
    market_at_first: int | None = None
    value_paise: int = 0
    gross_paise: int = 0
    charges: Decimal = Decimal(0)
    fills: int = 0

    def take(self, event: ExchangeOrderMoved) -> None:
        self.last = event
        self.replaces = self.replaces or event.replaces
        if event.kind in _ARRIVED:
            self.arrived_ts = self.arrived_ts or event.ts
        queue = event.queue or QueuePlace()
        if event.kind != "filled" and self.market_at_first is None:
            self.market_at_first = queue.market_after

    def book(self, fill: Fill, gross_paise: int) -> None:
        self.fills += 1
        self.value_paise += fill.quantity * fill.price_paise
        self.gross_paise += gross_paise
        self.charges += Decimal(fill.charges.total)


def rows(history: History) -> Iterator[Row]:
    """Yield the exchange orders as they ended, then those that work, in the order sent."""
    ledger, rounded, working = history.ledger, RunningPaise(), dict[str, _Order]()
    fills, untraded = BookedFills.after(ledger), UntradedFills(ledger)
    for event in history.events:
        ledger.apply(event)
        booked, other = fills.take(event), untraded.take(event)
        told = event if isinstance(event, ExchangeOrderMoved) else None
        if told is not None and (told.kind in _CHANGE_NOTHING or not told.exchange_id):
            continue
        if told is not None:
            _order_of(told, working, ledger).take(told)
        if booked is not None and booked.evidence is not None:
            told = booked.evidence
            _order_of(told, working, ledger).book(booked.fill, booked.fill.realized_paise)
        if other is not None:
            _order_of(other.event, working, ledger).book(other.fill, other.gross_paise)
        is_booked = (
            booked is not None or other is not None or (told is not None and told.kind != "filled")
        )
        if told is not None and is_booked and told.state in OVER_STATES:
            yield _row(working.pop(told.exchange_id), rounded)
    for order in working.values():
        yield _row(order, rounded)


def _order_of(event: ExchangeOrderMoved, working: dict[str, _Order], ledger: Ledger) -> _Order:
    found = working.get(event.exchange_id)
    if found is None:
        trade = ledger.orders.get(event.order_id)
        strategy = strategy_of(event) if trade is None else trade.strategy_id
        symbol = event.tradingsymbol if trade is None else trade.tradingsymbol
        found = working[event.exchange_id] = _Order(strategy, symbol, event.ts, event)
    return found


def _row(order: _Order, rounded: RunningPaise) -> Row:
    last = order.last
    return (
        last.exchange_id, last.order_id or None, order.strategy, order.symbol, last.side,
        last.is_exit,
        last.order_type, last.validity or "DAY", last.quantity, last.filled,
        last.limit_paise or None, last.trigger_paise or None, order.value_paise, order.gross_paise,
        rounded.take(order.charges), order.fills, last.state, last.reason or None,
        _refusal(last.reason, last.numbers) if last.state == "REJECTED" else None,
        order.replaces or None, order.sent_ts, order.arrived_ts or None,
        last.ts if last.state in OVER_STATES else None, order.market_at_first, last.near_misses,
    )  # fmt: skip


def _refusal(reason: str, numbers: Mapping[str, int | str] | None) -> str:
    told = msgspec.json.encode(numbers, order="sorted").decode() if numbers else ""
    return f"{reason} {told}".rstrip()
