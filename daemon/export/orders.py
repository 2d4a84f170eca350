"""`orders`: one row for each order of a strategy, with every state it had and why it was refused.

An order is written when it leaves the ledger, at its session's end, and those that are still in it
at the end: so memory holds the orders of one session, however long the journal is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from daemon.domain.dates import iso_ist
from daemon.domain.events import OrderMoved
from daemon.domain.order import DEAD_STATES, Order, OrderState
from daemon.export.columns import Column, Kind, Row
from daemon.journal.history import History

COLUMNS: Final = (
    Column("order_id"),
    Column("strategy"),
    Column("symbol"),
    Column("side"),
    Column("quantity", Kind.WHOLE),
    Column("product"),
    Column("stop", Kind.MONEY),
    Column("target", Kind.MONEY),
    Column("timeframe"),
    Column("tag"),
    Column("note"),
    Column("state"),
    Column("reason"),
    Column("refusal"),
    Column("created_time", Kind.TIME),
    Column("submitted_time", Kind.TIME),
    Column("filled_time", Kind.TIME),
    Column("over_time", Kind.TIME),
    Column("filled_quantity", Kind.WHOLE),
    Column("average_price", Kind.MONEY),
    Column("states"),
)
_REFUSED: Final = (OrderState.REJECTED, OrderState.CANCELLED)
Numbers = Mapping[str, int | str]


def rows(history: History) -> Iterator[Row]:
    """Yield the orders as they were archived, then those that were not, by number."""
    ledger, refusals = history.ledger, dict[str, Numbers]()
    for event in history.events:
        if isinstance(event, OrderMoved):
            if event.to_state in _REFUSED and event.numbers:
                refusals[event.order_id] = event.numbers
            elif event.to_state is OrderState.ARCHIVED:
                numbers = refusals.pop(event.order_id, {})
                yield _row(ledger.orders[event.order_id], numbers)
        ledger.apply(event)
    for order in sorted(ledger.orders.values(), key=lambda order: order.number):
        yield _row(order, refusals.get(order.order_id, {}))


def _row(order: Order, numbers: Numbers) -> Row:
    return (
        order.order_id, order.strategy_id, order.tradingsymbol, order.transaction_type,
        order.quantity, order.product, order.sl_paise, order.tp_paise, order.timeframe,
        order.tag or None, order.note or None, str(order.state), order.status_message,
        _refusal(order, numbers), order.created_ts or None, order.submitted_ts or None,
        _first(order, OrderState.FILLED), _over(order), order.filled_quantity,
        order.average_price_paise or None, _states(order),
    )  # fmt: skip


def _refusal(order: Order, numbers: Numbers) -> str | None:
    """Return why an order was never filled, and what was compared; None if it was."""
    if order.state not in _REFUSED:
        return None
    told = msgspec.json.encode(numbers, order="sorted").decode() if numbers else ""
    return f"{order.status_message} {told}".rstrip()


def _first(order: Order, state: OrderState) -> int | None:
    return next((change.ts for change in order.history if change.state is state), None)


def _over(order: Order) -> int | None:
    return next((change.ts for change in order.history if change.state in DEAD_STATES), None)


def _states(order: Order) -> str:
    """Return every state with its time and reason: `SUBMITTED 2026-11-18T09:20:01 submitted`."""
    began = f"CREATED {iso_ist(order.created_ts)}"
    later = (f"{at.state} {iso_ist(at.ts)} {at.reason}".rstrip() for at in order.history)
    return "; ".join([began, *later])
