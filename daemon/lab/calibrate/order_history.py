"""Read order histories of Kite Connect (`GET /orders/ID`): a row for each state of an order.

The first row says when the order was sent, in whole seconds of the broker's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from daemon.domain.dates import SECOND_NS
from daemon.domain.errors import BadNumber
from daemon.domain.money import paise_exact
from daemon.domain.order import Side
from daemon.errors import UsageError
from daemon.lab.calibrate.real_order import (
    QUANTITY_MAX,
    Omission,
    Reading,
    RealOrder,
    second_of,
)

SENT: Final = "PUT ORDER REQ RECEIVED"
_OVER: Final = ("COMPLETE", "CANCELLED", "REJECTED")
_MODIFIED: Final = "MODIFY"
_KEY: Final = re.compile(r'"order_id"\s*:')
"""Each row has it once, so the n-th stands on the line of the n-th row."""


class _Row(msgspec.Struct, frozen=True):
    """What is used of a state of an order; Kite sends more. Rupees."""

    order_id: str
    status: str
    tradingsymbol: str
    transaction_type: Side
    order_type: Literal["MARKET", "LIMIT", "SL", "SL-M"]
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
    filled_quantity: Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]
    average_price: float
    price: float
    order_timestamp: str
    exchange_timestamp: str | None = None
    modified: bool = False


def read_order_histories(paths: Sequence[Path]) -> Reading:
    """Return the orders of these files, in order of time.

    A file is an answer of Kite, or a list of answers, or of rows. Raises UsageError with file and
    line for a row that is not as Kite writes it, and for an order whose first row is missing.
    """
    histories: dict[str, list[tuple[str, _Row]]] = {}
    for path in paths:
        for where, row in _rows(path):
            histories.setdefault(row.order_id, []).append((where, row))
    orders, omissions = [], []
    for history in histories.values():
        order = _order(history)
        last = history[-1][1].status
        if order.filled_ts or (order.kind == "LIMIT" and last != "REJECTED"):
            orders.append(order)
        else:
            omissions.append(Omission(where=order.where, why=f"a {order.kind} that did not fill"))
    return Reading(
        orders=sorted(orders, key=lambda order: (order.moment_ts, order.where)), omissions=omissions
    )


def _rows(path: Path) -> Iterator[tuple[str, _Row]]:
    try:
        text = path.read_text(encoding="utf-8")
        found = list(_flat(msgspec.json.decode(text)))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UsageError(f"{path}: expected an order history of Kite as JSON ({error})") from error
    starts = [match.start() for match in _KEY.finditer(text)]
    if not found or len(found) != len(starts):
        raise UsageError(f"{path}: expected rows of Kite's order history, each with an order_id")
    for start, row in zip(starts, found, strict=True):
        where = f"{path}:{text.count(chr(10), 0, start) + 1}"
        try:
            yield where, msgspec.convert(row, _Row)
        except msgspec.ValidationError as error:
            raise UsageError(f"{where}: {error}") from error


def _flat(value: Any) -> Iterator[Any]:
    """Yield the rows of an answer, of a list of rows, or of a list of answers."""
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict) and "data" in value:
        yield from _flat(value["data"])
    else:
        yield value


def _order(history: Sequence[tuple[str, _Row]]) -> RealOrder:
    where, first = history[0]
    if first.status != SENT:
        raise UsageError(
            f"{where}: order {first.order_id}: the first row must be {SENT!r}, was "
            f"{first.status!r}: when it was sent is not known"
        )
    for at, row in history:
        if (row.tradingsymbol, row.transaction_type) != (
            first.tradingsymbol,
            first.transaction_type,
        ):
            raise UsageError(f"{at}: order {row.order_id} changes its symbol or side")
    end_at, end = history[-1]
    filled = [(at, row) for at, row in history if row.filled_quantity > 0]
    is_whole = end.status == "COMPLETE"
    return RealOrder(
        where=where, order_id=first.order_id, symbol=first.tradingsymbol,
        side=first.transaction_type, quantity=end.filled_quantity,
        price_paise=_average(end_at, end), kind=first.order_type, sent_ts=_sent(where, first),
        filled_ts=_filled(*filled[0]) if filled else 0, ordered=end.quantity,
        limit_paise=_limit(where, first),
        over_ts=_sent(end_at, end) if end.status in _OVER and not is_whole else 0,
        is_modified=any(row.modified or _MODIFIED in row.status for _, row in history),
        spread_s=(_filled(*filled[-1]) - _filled(*filled[0])) // SECOND_NS if filled else 0,
    )  # fmt: skip


def _average(where: str, row: _Row) -> float:
    if row.filled_quantity and not 0 < row.average_price < 1e9:
        raise UsageError(f"{where}: average_price: expected rupees, was {row.average_price}")
    return row.average_price * 100


def _limit(where: str, row: _Row) -> int:
    try:
        return paise_exact(row.price)
    except BadNumber:
        raise UsageError(f"{where}: price: expected rupees and paise, was {row.price}") from None


def _sent(where: str, row: _Row) -> int:
    return _time(where, "order_timestamp", row.order_timestamp)


def _filled(where: str, row: _Row) -> int:
    """Return the exchange's second of a row, the broker's where it has none."""
    if not row.exchange_timestamp:
        return _sent(where, row)
    return _time(where, "exchange_timestamp", row.exchange_timestamp)


def _time(where: str, name: str, text: str) -> int:
    try:
        return second_of(text)
    except ValueError:
        raise UsageError(f"{where}: {name}: expected YYYY-MM-DD HH:MM:SS, was {text!r}") from None
