"""Orders and trades of the day as this API lists them."""

from __future__ import annotations

from typing import Final

from daemon.broker.executions import Execution
from daemon.broker.kite_rows import KiteRow, average, order_fields, trade_fields, wall_time
from daemon.broker.order_book import BrokerOrder, OrderMove
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.domain.instrument import Instrument
from daemon.domain.money import rupees
from daemon.journal.words import refusal_text
from daemon.web.kite.ids import shown_id
from daemon.web.sources.pending_changes import ANSWERS, PendingChanges

_S = ExchangeOrderState
_RECEIVED: Final = "PUT ORDER REQ RECEIVED"
_MODIFIED: Final = "MODIFIED"
_ENDED: Final = (_S.CANCELLED, _S.REJECTED)


def with_change(row: KiteRow, order: BrokerOrder, changes: PendingChanges) -> KiteRow:
    """Return an order's row with its status between a request to change it and the effect."""
    if order.is_over or order.state is _S.NEW:
        return row
    answers = [each.input_no for each in order.history if each.kind in ANSWERS]
    status = changes.status_of(order.exchange_id, answers)
    return row if status is None else {**row, "status": status}


def order_row(order: BrokerOrder, instrument: Instrument, user_id: str) -> KiteRow:
    """Return an order of the book."""
    reason = next((move.reason for move in order.history if move.state in _ENDED), "")
    fields = order_fields(order, instrument)
    tags = [fields["tag"], order.tag] if order.is_close else [order.tag]
    return {
        **fields,
        **_ids(order),
        "status_message": refusal_text(reason, None) if reason else None,
        "status_message_raw": reason or None,
        "placed_by": user_id,
        "tags": [tag for tag in tags if tag],
        "guid": None,
    }


def history_rows(
    order: BrokerOrder, trades: list[Execution], instrument: Instrument, user_id: str
) -> list[KiteRow]:
    """Return what an order was after each of its moves; `trades` are its own."""
    last = order_row(order, instrument, user_id)
    rows = [_received(last, order)]
    for move in order.history:
        row = _row_after(move, last, order, trades)
        if move.kind == "modified":
            rows.append({**row, "status": _MODIFIED})
        rows.append(row)
    return rows


def rows_after(
    seq: int, order: BrokerOrder, trades: list[Execution], instrument: Instrument, user_id: str
) -> list[tuple[int, KiteRow]]:
    """Return what an order was after each of its moves behind event `seq`, with their events.

    What is still on its way to the exchange is left away.
    """
    last = order_row(order, instrument, user_id)
    moves = [each for each in order.history if each.seq > seq and each.state is not _S.NEW]
    return [(each.seq, _row_after(each, last, order, trades)) for each in moves]


def trade_row(trade: Execution, instrument: Instrument) -> KiteRow:
    """Return a fill of the trade book."""
    digits = shown_id(trade.exchange_id)
    return {
        **trade_fields(trade, instrument),
        "order_id": digits,
        "exchange_order_id": digits,
    }


def _ids(order: BrokerOrder) -> KiteRow:
    digits = shown_id(order.exchange_id)
    return {"order_id": digits, "exchange_order_id": digits if order.arrived_ts else None}


def _received(last: KiteRow, order: BrokerOrder) -> KiteRow:
    """Return what an order was on its way: nothing of it is filled, nothing at the exchange."""
    first = order.history[0] if order.history else None
    quantity = first.quantity if first else order.quantity
    return {
        **last,
        "status": _RECEIVED,
        "status_message": None,
        "status_message_raw": None,
        "exchange_order_id": None,
        "exchange_timestamp": None,
        "exchange_update_timestamp": None,
        "modified": False,
        "quantity": quantity,
        "price": rupees(first.limit_paise) if first else last["price"],
        "average_price": 0,
        "filled_quantity": 0,
        "pending_quantity": quantity,
        "cancelled_quantity": 0,
    }


def _row_after(
    move: OrderMove, last: KiteRow, order: BrokerOrder, trades: list[Execution]
) -> KiteRow:
    value = sum(trade.value_paise for trade in trades if int(trade.trade_id) <= move.seq)
    is_over = move.state in (_S.COMPLETE, *_ENDED)
    is_there = move.state not in (_S.NEW, _S.REJECTED)
    left, reason = move.quantity - move.filled, move.reason if move.state in _ENDED else ""
    moved = wall_time(move.ts)
    modified = any(each.kind == "modified" and each.seq <= move.seq for each in order.history)
    return {
        **last,
        "status": _RECEIVED if move.state is _S.NEW else move.state.value,
        "status_message": refusal_text(reason, None) if reason else None,
        "status_message_raw": reason or None,
        "exchange_order_id": shown_id(order.exchange_id) if is_there else None,
        "exchange_timestamp": wall_time(order.arrived_ts) if is_there else None,
        "exchange_update_timestamp": moved if is_there else None,
        "order_timestamp": moved,
        "modified": modified,
        "quantity": move.quantity,
        "price": rupees(move.limit_paise),
        "trigger_price": rupees(move.trigger_paise) if last["trigger_price"] else 0,
        "average_price": average(value, move.filled),
        "filled_quantity": move.filled,
        "pending_quantity": 0 if is_over else left,
        "cancelled_quantity": left if move.state is _S.CANCELLED else 0,
    }
