"""Made-up files in each vendor's shape: two sessions, 09:15 to 15:29, and what they mean.

A sample is built from bars, so that its twins (newest first, stamped at the other end, in UTC)
differ in nothing else.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

IST: Final = dt.timezone(dt.timedelta(hours=5, minutes=30))
DAYS: Final = (dt.date(2024, 6, 3), dt.date(2024, 6, 4))
MINUTE: Final = dt.timedelta(minutes=1)
OPTION: Final = "NIFTY2460623000CE"
"""The weekly of 6 June 2024."""


class Bar(NamedTuple):
    """A bar of one minute; `at` is the time that is written."""

    at: dt.datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    oi: int


def bars() -> list[Bar]:
    """Return every tenth minute of two sessions, with the first and the last."""
    return [
        _bar(dt.datetime.combine(day, dt.time(9, 15), IST), at) for day in DAYS for at in _minutes()
    ]


def _minutes() -> Iterator[int]:
    yield from range(0, 374, 10)
    yield 374


def _bar(opening: dt.datetime, minute: int) -> Bar:
    price = 100 + (minute * 7 % 50) * 0.05
    return Bar(
        opening + minute * MINUTE, price, price + 1, price - 1, price + 0.5, 75 * (minute + 1), 150
    )


Change = Callable[[Sequence[Bar]], list[Bar]]


def as_it_is(rows: Sequence[Bar]) -> list[Bar]:
    return list(rows)


def newest_first(rows: Sequence[Bar]) -> list[Bar]:
    return list(rows)[::-1]


def other_end(rows: Sequence[Bar]) -> list[Bar]:
    """Return the bars stamped at their end."""
    return [bar._replace(at=bar.at + MINUTE) for bar in rows]


def in_utc(rows: Sequence[Bar]) -> list[Bar]:
    """Return the bars with the wall time of UTC, said to be Indian."""
    return [bar._replace(at=bar.at - dt.timedelta(hours=5, minutes=30)) for bar in rows]


def as_utc(rows: Sequence[Bar]) -> list[Bar]:
    """Return the bars with Indian wall time, said to be UTC."""
    return [bar._replace(at=bar.at + dt.timedelta(hours=5, minutes=30)) for bar in rows]


def repeated(rows: Sequence[Bar]) -> list[Bar]:
    return [*rows, *rows]


def _numbers(bar: Bar) -> str:
    return f"{bar.open:.2f},{bar.high:.2f},{bar.low:.2f},{bar.close:.2f},{bar.volume}"


def gdfl_1m(rows: Sequence[Bar]) -> str:
    ends = [bar._replace(at=bar.at + dt.timedelta(seconds=59)) for bar in rows]
    lines = [
        f"NIFTY06JUN2423000CE.NFO,{bar.at:%d/%m/%Y},{bar.at:%H:%M:%S},{_numbers(bar)},{bar.oi}"
        for bar in ends
    ]
    return "\n".join(["Ticker,Date,Time,Open,High,Low,Close,Volume,Open Interest", *lines]) + "\n"


def breeze(rows: Sequence[Bar]) -> str:
    head = (
        "datetime,stock_code,exchange_code,product_type,expiry_date,right,strike_price,open,high,"
        "low,close,volume,open_interest,count"
    )
    lines = [
        f"{bar.at:%Y-%m-%d %H:%M:%S},NIFTY,NFO,Options,06-JUN-2024,Call,23000,{_numbers(bar)},"
        f"{bar.oi},1"
        for bar in rows
    ]
    return "\n".join([head, *lines]) + "\n"


def community(rows: Sequence[Bar]) -> str:
    lines = [f"{bar.at:%Y-%m-%d %H:%M:%S},{_numbers(bar)},{bar.oi}" for bar in rows]
    return "\n".join(["date,open,high,low,close,volume,oi", *lines]) + "\n"


def _list(bar: Bar, time: object) -> list[object]:
    return [time, bar.open, bar.high, bar.low, bar.close, bar.volume]


def upstox_candles(rows: Sequence[Bar]) -> str:
    candles = [[*_list(bar, bar.at.isoformat()), bar.oi] for bar in newest_first(rows)]
    return json.dumps({"status": "success", "data": {"candles": candles}})


def kite_historical(rows: Sequence[Bar]) -> str:
    candles = [_list(bar, f"{bar.at:%Y-%m-%dT%H:%M:%S%z}") for bar in rows]
    return json.dumps({"status": "success", "data": {"candles": candles}})


def angel_candles(rows: Sequence[Bar]) -> str:
    candles = [_list(bar, bar.at.isoformat()) for bar in rows]
    return json.dumps({"status": True, "message": "SUCCESS", "data": candles})


def fyers_candles(rows: Sequence[Bar]) -> str:
    candles = [_list(bar, int(bar.at.timestamp())) for bar in rows]
    return json.dumps({"s": "ok", "candles": candles})


def dhan_candles(rows: Sequence[Bar]) -> str:
    names = ("open", "high", "low", "close", "volume")
    lists: dict[str, object] = {name: [getattr(bar, name) for bar in rows] for name in names}
    return json.dumps({**lists, "timestamp": [int(bar.at.timestamp()) for bar in rows]})


def gdfl_tick(rows: Sequence[Bar]) -> str:
    head = "Ticker,Date,Time,LTP,BuyPrice,BuyQty,SellPrice,SellQty,LTQ,OpenInterest"
    lines = [
        f"NIFTY06JUN2423000CE.NFO,{bar.at:%d/%m/%Y},{bar.at:%H:%M:%S},{bar.close:.2f},"
        f"{bar.low:.2f},75,{0 if at % 3 == 0 else bar.high:.2f},75,{75 * (at % 2)},{bar.oi}"
        for at, bar in enumerate(rows)
    ]
    return "\n".join([head, *lines]) + "\n"


def truedata_tick(rows: Sequence[Bar]) -> str:
    return "".join(
        f"{bar.at:%Y%m%d},{bar.at:%H:%M:%S},{bar.close:.2f},75,{bar.oi},{bar.low:.2f},75,"
        f"{bar.high:.2f},75\n"
        for bar in rows
    )


def upstox_ws(rows: Sequence[Bar]) -> str:
    """Return frames, a line each, with an instrument that has no price yet in each."""
    return "".join(json.dumps(_frame(bar)) + "\n" for bar in rows)


def _frame(bar: Bar) -> dict[str, object]:
    ms = int(bar.at.timestamp() * 1000)
    market = {
        "ltpc": {"ltp": bar.close, "ltt": str(ms - 40), "ltq": "75"},
        "marketLevel": {"bidAskQuote": [{"bidP": bar.low, "askP": bar.high}]},
        "vtt": "150", "oi": float(bar.oi),
    }  # fmt: skip
    feeds = {"NSE_FO|51414": {"fullFeed": {"marketFF": market}}, "NSE_FO|2": {"ltpc": {}}}
    return {"type": "live_feed", "feeds": feeds, "currentTs": str(ms)}


class Sample(NamedTuple):
    """How a vendor's file is made, and what must be said besides its preset."""

    write: Callable[[Sequence[Bar]], str]
    file: str
    symbol: str = ""


CANDLES: Final = {
    "gdfl_1m": Sample(gdfl_1m, "gdfl.csv"),
    "breeze": Sample(breeze, "breeze.csv"),
    "community": Sample(community, "community.csv", OPTION),
    "upstox_candles": Sample(upstox_candles, "upstox.json", OPTION),
    "kite_historical": Sample(kite_historical, "kite.json", OPTION),
    "angel_candles": Sample(angel_candles, "angel.json", OPTION),
    "fyers_candles": Sample(fyers_candles, "fyers.json", OPTION),
    "dhan_candles": Sample(dhan_candles, "dhan.json", OPTION),
}
TICKS: Final = {
    "gdfl_tick": Sample(gdfl_tick, "gdfl_tick.csv"),
    "truedata_tick": Sample(truedata_tick, "NIFTY24060623000CE.csv"),
    "upstox_ws": Sample(upstox_ws, "upstox_ws.json"),
}
EPOCH: Final = ("fyers_candles", "dhan_candles", "upstox_ws")
"""Presets whose times are epoch numbers."""
ZONED: Final = ("upstox_candles", "kite_historical", "angel_candles")
"""Presets whose times say their zone."""


def put(directory: Path, sample: Sample, rows: Sequence[Bar]) -> Path:
    """Write a sample's file."""
    path = directory / sample.file
    path.write_text(sample.write(rows), encoding="utf-8")
    return path
