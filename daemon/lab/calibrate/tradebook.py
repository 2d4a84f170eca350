"""Read tradebooks of F&O as Console (console.zerodha.com) exports them: a row for each trade.

Times are whole seconds, and nothing says when an order was sent, what kind it was, for which
product, or what it was charged: none of that is made up here.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

from daemon.domain.dates import SECOND_NS
from daemon.domain.errors import BadNumber
from daemon.domain.money import paise_exact
from daemon.errors import UsageError
from daemon.lab.calibrate.real_order import (
    QUANTITY_MAX,
    Omission,
    Reading,
    RealOrder,
    fault,
    second_of,
)

T = TypeVar("T")
COLUMNS: Final = (
    "symbol", "isin", "trade_date", "exchange", "segment", "series", "trade_type", "auction",
    "quantity", "price", "trade_id", "order_id", "order_execution_time", "expiry_date",
)  # fmt: skip
_SIDES: Final[dict[str, Literal["BUY", "SELL"]]] = {"buy": "BUY", "sell": "SELL"}
_FLAGS: Final = {"": False, "false": False, "true": True}
_SEGMENT: Final = "FO"


class _Trade(NamedTuple):
    """One row, understood. Paise, units, UTC ns."""

    where: str
    symbol: str
    side: Literal["BUY", "SELL"]
    quantity: int
    price_paise: int
    trade_id: str
    order_id: str
    ts: int
    date: str
    exchange: str
    expiry: str


def read_tradebooks(paths: Sequence[Path]) -> Reading:
    """Return the orders of these files, each order once, in order of time.

    A trade that two files have is taken once. Raises UsageError with file and line for anything
    that is not as Console writes it.
    """
    trades: dict[tuple[str, str, str], _Trade] = {}
    auctions: list[str] = []
    for path in paths:
        for trade, is_auction in _trades(path):
            if is_auction:
                auctions.append(trade.where)
                continue
            key = (trade.exchange, trade.date, trade.trade_id)
            known = trades.setdefault(key, trade)
            if known is not trade and known[1:] != trade[1:]:
                raise UsageError(f"{trade.where}: trade {trade.trade_id} differs at {known.where}")
    omissions = []
    if auctions:
        omissions = [Omission(where=auctions[0], why="an auction's trade", orders=len(auctions))]
    return Reading(orders=_orders(trades.values()), omissions=omissions)


def _trades(path: Path) -> Iterator[tuple[_Trade, bool]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            _check_header(path, header)
            for cells in rows:
                if cells:
                    yield _trade(path, rows.line_num, header, cells)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected a CSV file as Console exports it, in UTF-8") from error
    except csv.Error as error:
        raise UsageError(fault(path, rows.line_num, f"not a CSV row ({error})")) from error


def _check_header(path: Path, header: Sequence[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in COLUMNS if name not in header]
    if unknown and len(missing) == len(COLUMNS):
        raise UsageError(fault(path, 1, f"expected the header of a tradebook: {','.join(COLUMNS)}"))
    if unknown:
        raise UsageError(fault(path, 1, f"unknown column {unknown[0]!r}"))
    if missing:
        raise UsageError(fault(path, 1, f"the column {missing[0]!r} is missing"))
    if len(header) != len(COLUMNS):
        twice = next(name for name in header if list(header).count(name) > 1)
        raise UsageError(fault(path, 1, f"the column {twice!r} is there twice"))


def _trade(
    path: Path, line: int, header: Sequence[str], cells: Sequence[str]
) -> tuple[_Trade, bool]:
    where = f"{path}:{line}"
    if len(cells) != len(header):
        raise UsageError(f"{where}: expected {len(header)} cells, were {len(cells)}")
    row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    if row["segment"] != _SEGMENT:
        raise UsageError(f"{where}: segment: expected {_SEGMENT}, was {row['segment']!r}")
    for name in ("symbol", "exchange", "trade_id", "order_id"):
        if not row[name]:
            raise UsageError(f"{where}: {name}: is empty")
    ts, date = _time(where, row)
    trade = _Trade(
        where, row["symbol"], _one_of(where, row, "trade_type", _SIDES), _quantity(where, row),
        _price(where, row), row["trade_id"], row["order_id"], ts, date, row["exchange"],
        _date(where, row, "expiry_date"),
    )  # fmt: skip
    return trade, _one_of(where, row, "auction", _FLAGS)


def _one_of(where: str, row: Mapping[str, str], name: str, known: Mapping[str, T]) -> T:
    value = row[name].lower()
    if value not in known:
        expected = " or ".join(word for word in known if word)
        raise UsageError(f"{where}: {name}: expected {expected}, was {row[name]!r}")
    return known[value]


def _quantity(where: str, row: Mapping[str, str]) -> int:
    try:
        quantity = Decimal(row["quantity"])
    except InvalidOperation:
        quantity = Decimal(0)
    if quantity.is_nan():
        quantity = Decimal(0)
    if not 0 < quantity <= QUANTITY_MAX or quantity != int(quantity):
        raise UsageError(f"{where}: quantity: expected whole units, was {row['quantity']!r}")
    return int(quantity)


def _price(where: str, row: Mapping[str, str]) -> int:
    try:
        paise = paise_exact(row["price"])
    except (BadNumber, InvalidOperation, ValueError):
        paise = 0
    if paise <= 0:
        raise UsageError(f"{where}: price: expected rupees and paise, was {row['price']!r}")
    return paise


def _date(where: str, row: Mapping[str, str], name: str) -> str:
    try:
        return dt.date.fromisoformat(row[name]).isoformat()
    except ValueError:
        raise UsageError(f"{where}: {name}: expected YYYY-MM-DD, was {row[name]!r}") from None


def _time(where: str, row: Mapping[str, str]) -> tuple[int, str]:
    """Return the second of a trade (UTC ns) and its date."""
    date, text = _date(where, row, "trade_date"), row["order_execution_time"]
    try:
        ts = second_of(text)
    except ValueError:
        raise UsageError(
            f"{where}: order_execution_time: expected YYYY-MM-DDTHH:MM:SS, was {text!r}"
        ) from None
    if text[:10] != date:
        raise UsageError(f"{where}: order_execution_time {text} is not on trade_date {date}")
    return ts, date


def _orders(trades: Iterable[_Trade]) -> list[RealOrder]:
    grouped: dict[tuple[str, str, str], list[_Trade]] = {}
    for trade in trades:
        grouped.setdefault((trade.exchange, trade.date, trade.order_id), []).append(trade)
    orders = [_order(parts) for parts in grouped.values()]
    return sorted(orders, key=lambda order: (order.filled_ts, order.where))


def _order(parts: Sequence[_Trade]) -> RealOrder:
    first = parts[0]
    for part in parts[1:]:
        if (part.symbol, part.side, part.expiry) != (first.symbol, first.side, first.expiry):
            raise UsageError(
                f"{part.where}: order {part.order_id} is {part.side} {part.symbol} here and "
                f"{first.side} {first.symbol} at {first.where}"
            )
    quantity = sum(part.quantity for part in parts)
    times = [part.ts for part in parts]
    return RealOrder(
        where=first.where, order_id=first.order_id, symbol=first.symbol, side=first.side,
        quantity=quantity,
        price_paise=sum(part.quantity * part.price_paise for part in parts) / quantity,
        filled_ts=min(times), spread_s=(max(times) - min(times)) // SECOND_NS, expiry=first.expiry,
    )  # fmt: skip
