"""Made-up markets with made-up real orders, whose error against paper is known.

Written from the text alone (docs/CALIBRATE.md; SEMANTICS, "Fills"). It shares no code
with what it tests: prices are found row by row, with the book as Python lists.
"""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from feeds.files.native_writer import write_ticks

MS: Final = 1_000_000
SECOND: Final = 1_000 * MS
LOT: Final = 65
TICK: Final = 5
SYMBOL: Final = "NIFTY26DEC25000CE"
FIRST_DAY: Final = dt.date(2026, 10, 5)
HEADER: Final = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,"
    "order_id,order_execution_time,expiry_date"
)
OPTION: Final = Instrument(
    instrument_token=11_000_002, tradingsymbol=SYMBOL, name="NIFTY", instrument_type="CE",
    tick_paise=TICK, lot_size=LOT, expiry="2026-12-29", strike_paise=2_500_000,
)  # fmt: skip


class Row(NamedTuple):
    """One recorded row. UTC ns, paise; levels are (price, size), the best first."""

    ts: int
    ltp: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Order(NamedTuple):
    """A real order of the book."""

    sent: int
    """UTC ns."""
    filled: int
    is_buy: bool
    quantity: int
    paise: int


class Terms(NamedTuple):
    """What a book is made with."""

    seed: int
    rule: str = "bid_ask"
    error_ticks: int = 0
    noise_ticks: int = 0
    """Each order's own error is up to this much more or less than `error_ticks`."""
    latency_ms: int = 0
    days: int = 8
    orders_a_day: int = 6
    lots: int = 1
    clock_ms: int = 0
    """How far the recording's clock is ahead of the exchange's."""
    minutes: int = 12


class MadeUpBook(NamedTuple):
    """A recording and the orders that were made in it."""

    terms: Terms
    rows: list[Row]
    orders: list[Order]

    def write(self, directory: Path) -> tuple[Path, Path]:
        """Write the recording and the tradebook; return where they are."""
        recording, tradebook = directory / "ticks.parquet", directory / "tradebook.csv"
        write_ticks(recording, Universe([OPTION]), [_ticks(self.rows)], depth=True)
        tradebook.write_text("\n".join([HEADER, *self.trades()]) + "\n")
        return recording, tradebook

    def trades(self) -> list[str]:
        """Return the rows of the tradebook: whole seconds of the exchange's clock."""
        return [
            tradebook_row(number, order, self.terms.clock_ms)
            for number, order in enumerate(self.orders)
        ]


def tradebook_row(number: int, order: Order, clock_ms: int = 0) -> str:
    """Return an order as the tradebook shows it."""
    at = _ist(order.filled - clock_ms * MS)
    return (
        f"{SYMBOL},,{at[:10]},NSE,FO,,{'buy' if order.is_buy else 'sell'},false,"
        f"{order.quantity}.000000,{order.paise / 100:.6f},{7_000 + number},{13 * 10**14 + number},"
        f"{at},2026-12-29"
    )


def made_up_book(terms: Terms) -> MadeUpBook:
    """Return a book whose orders paid what `rule` pays when they arrive, and the error on top."""
    draw = random.Random(f"made-up book {terms}")
    rows: list[Row] = []
    orders: list[Order] = []
    day, mid = FIRST_DAY, 12_000
    for _ in range(terms.days):
        own = _day(draw, day, mid, terms.minutes)
        orders += _orders(draw, own, terms)
        rows += own
        mid = own[-1].asks[0][0]
        day += dt.timedelta(days=3 if day.weekday() == 4 else 1)
    return MadeUpBook(terms, rows, orders)


def _day(draw: random.Random, day: dt.date, mid: int, minutes: int) -> list[Row]:
    ts = _utc(day, 10)
    end = ts + minutes * 60 * SECOND
    rows = []
    ltp = mid
    while ts < end:
        ts += draw.randint(60, 900) * MS + draw.randint(0, 999_999)
        mid = max(2_000, mid + TICK * draw.choice((-3, -2, -1, -1, 0, 0, 0, 1, 1, 2, 3)))
        half = draw.choice((1, 1, 2, 3))
        bids, asks = _side(draw, mid - half * TICK, -TICK), _side(draw, mid + half * TICK, TICK)
        ltp = draw.choice((ltp, bids[0][0], asks[0][0], mid))
        rows.append(Row(ts, ltp, bids, asks))
    return rows


def _side(draw: random.Random, best: int, step: int) -> list[tuple[int, int]]:
    price, levels = best, []
    for _ in range(5):
        levels.append((price, LOT * draw.randint(1, 8)))
        price += step * draw.choice((1, 1, 2))
    return levels


def _orders(draw: random.Random, rows: list[Row], terms: Terms) -> list[Order]:
    made: list[Order] = []
    begin, end = rows[0].ts + 20 * SECOND, rows[-1].ts - 50 * SECOND
    slot = (end - begin) // terms.orders_a_day
    for number in range(terms.orders_a_day):
        sent = (begin + number * slot + draw.randrange(slot - 2 * SECOND)) // MS * MS
        row = _row_of(rows, sent, terms.latency_ms)
        is_buy, quantity = draw.random() < 0.5, LOT * draw.randint(1, terms.lots)
        own = terms.error_ticks + draw.randint(-terms.noise_ticks, terms.noise_ticks)
        paid = _paid(terms.rule, row, is_buy=is_buy, quantity=quantity)
        paise = paid + own * TICK * (1 if is_buy else -1)
        filled = max(row.ts, sent) if terms.latency_ms else sent
        made.append(Order(sent, filled, is_buy, quantity, paise))
    return made


def _row_of(rows: list[Row], sent: int, latency_ms: int) -> Row:
    """Return the row in force when an order is sent, with latency the first one after it."""
    if not latency_ms:
        return [row for row in rows if row.ts <= sent][-1]
    return next(row for row in rows if row.ts >= sent + latency_ms * MS)


def _paid(rule: str, row: Row, *, is_buy: bool, quantity: int) -> int:
    """Return what a rule pays, paise on the price step (a tie against the order)."""
    if rule == "ltp":
        return row.ltp
    if rule == "mid":
        twice = row.bids[0][0] + row.asks[0][0]
        steps, rest = divmod(twice, 2 * TICK)
        return (steps + (1 if rest and is_buy else 0)) * TICK
    levels = row.asks if is_buy else row.bids
    if rule == "bid_ask":
        return levels[0][0]
    cost, left = 0, quantity
    for price, size in levels:
        part = min(left, size)
        cost, left = cost + part * price, left - part
    assert rule == "depth"
    assert not left, "the made-up book is too thin for its orders"
    return round(cost / quantity)


def _ticks(rows: list[Row]) -> Ticks:
    def column(values: list[int]) -> Any:
        return np.array(values, dtype=np.int64)

    depth = [
        [(size, price, 1) for price, size in [*row.bids, *row.asks]] for row in rows
    ]  # fmt: skip
    return Ticks(
        ts=column([row.ts for row in rows]),
        instrument=np.zeros(len(rows), dtype=np.int32),
        ltp=column([row.ltp for row in rows]),
        bid=column([row.bids[0][0] for row in rows]),
        ask=column([row.asks[0][0] for row in rows]),
        volume=column([1_000 * (at + 1) for at in range(len(rows))]),
        depth=np.array(depth, dtype=np.int64),
    )


def _utc(day: dt.date, hour: int) -> int:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    at = dt.datetime.combine(day, dt.time(hour), zone)
    return int(at.timestamp()) * SECOND


def _ist(ts: int) -> str:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    return dt.datetime.fromtimestamp(ts // SECOND, zone).strftime("%Y-%m-%dT%H:%M:%S")
