"""`fills`: one row for each fill, entries and exits, with the quote behind it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from daemon.domain.dates import MILLISECOND_NS
from daemon.domain.events import OrderMoved
from daemon.domain.order import OrderState
from daemon.export.columns import Column, Kind, Row, RunningPaise
from daemon.export.history import History

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
)


def rows(history: History) -> Iterator[Row]:
    """Yield the fills in their order; absent prices are empty."""
    ledger, rounded = history.ledger, RunningPaise()
    for event in history.events:
        ledger.apply(event)
        fill = event.fill if isinstance(event, OrderMoved) else None
        if not isinstance(event, OrderMoved) or fill is None:
            continue
        order = ledger.orders[event.order_id]
        yield (
            event.ts, event.order_id, order.strategy_id, order.tradingsymbol,
            fill.transaction_type, event.to_state is OrderState.FILLED, fill.quantity,
            fill.price_paise, event.reason, fill.realized_paise,
            rounded.take(Decimal(fill.charges.total)), fill.rule, fill.ltp_paise or None,
            fill.bid_paise or None, fill.ask_paise or None, fill.quote_ts or None,
            fill.quote_age_ns // MILLISECOND_NS, fill.stale, fill.after_gap, fill.walked,
        )  # fmt: skip
