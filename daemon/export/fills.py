"""`fills`: one row for each fill, entries and exits, with the quote behind it.

What belongs to no trade has no trade's id and is neither entry nor exit; its strategy is `api`,
or its order's tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from daemon.domain.booked_fills import BookedFills
from daemon.domain.dates import MILLISECOND_NS
from daemon.domain.events import ExchangeOrderMoved, Fill, QueuePlace
from daemon.domain.untraded import strategy_of
from daemon.domain.untraded_fills import UntradedFills
from daemon.export.columns import Column, Kind, Row, RunningPaise, Value
from daemon.journal.history import History

COLUMNS: Final = (
    Column("time", Kind.TIME),
    Column("order_id"),
    Column("strategy"),
    Column("symbol"),
    Column("side"),
    Column("is_entry", Kind.FLAG),
    Column("quantity", Kind.WHOLE),
    Column("price", Kind.MONEY),
    Column("reason"),
    Column("gross", Kind.MONEY),
    Column("charges", Kind.MONEY),
    Column("rule"),
    Column("ltp", Kind.MONEY),
    Column("bid", Kind.MONEY),
    Column("ask", Kind.MONEY),
    Column("quote_time", Kind.TIME),
    Column("quote_age_ms", Kind.WHOLE),
    Column("stale", Kind.FLAG),
    Column("after_gap", Kind.FLAG),
    Column("inside_candle", Kind.FLAG),
    Column("exchange_id"),
    Column("market_before", Kind.WHOLE),
    Column("market_after", Kind.WHOLE),
    Column("ahead_before", Kind.WHOLE),
    Column("ahead_after", Kind.WHOLE),
    Column("growth", Kind.WHOLE),
    Column("last_quantity", Kind.WHOLE),
    Column("displayed", Kind.WHOLE),
)
_NO_EVIDENCE: Final[tuple[Value, ...]] = (None,) * 8


def rows(history: History) -> Iterator[Row]:
    """Yield the fills in their order."""
    ledger, rounded = history.ledger, RunningPaise()
    fills, untraded = BookedFills.after(ledger), UntradedFills(ledger)
    for event in history.events:
        ledger.apply(event)
        booked, other = fills.take(event), untraded.take(event)
        if booked is not None:
            order, fill = ledger.orders[event.order_id], booked.fill
            yield (
                event.ts, event.order_id, order.strategy_id, order.tradingsymbol,
                fill.transaction_type, booked.is_entry, fill.quantity, fill.price_paise,
                booked.reason, fill.realized_paise, *_quote(fill, rounded),
                *_evidence(booked.evidence),
            )  # fmt: skip
        elif other is not None:
            order_event, fill = other.event, other.fill
            yield (
                event.ts, None, strategy_of(order_event), order_event.tradingsymbol,
                fill.transaction_type, None,
                fill.quantity, fill.price_paise, order_event.tag or None, other.gross_paise,
                *_quote(fill, rounded),
                *_evidence(order_event if order_event.exchange_id else None),
            )  # fmt: skip


def _quote(fill: Fill, rounded: RunningPaise) -> tuple[Value, ...]:
    """Return the charges of a fill, its rule and the quote behind it; absent prices are empty."""
    return (
        rounded.take(Decimal(fill.charges.total)), fill.rule, fill.ltp_paise or None,
        fill.bid_paise or None, fill.ask_paise or None, fill.quote_ts or None,
        fill.quote_age_ns // MILLISECOND_NS, fill.stale, fill.after_gap, fill.walked,
    )  # fmt: skip


def _evidence(event: ExchangeOrderMoved | None) -> tuple[Value, ...]:
    """Return the exchange order of a fill and its queue; empty where it was not made there."""
    if event is None:
        return _NO_EVIDENCE
    queue = event.queue or QueuePlace()
    return (
        event.exchange_id, queue.market_before, queue.market_after, queue.ahead_before,
        queue.ahead_after, queue.growth, queue.ltq or None, queue.displayed,
    )  # fmt: skip
