"""The presets that ship: a new one is a row here (and a sample in tests/presets)."""

from __future__ import annotations

from typing import Final

from feeds.presets.preset import Preset

_OHLC: Final = {"open": "open", "high": "high", "low": "low", "close": "close"}
_PLACES: Final = ("ts", "open", "high", "low", "close", "volume")
_UPSTOX: Final = (
    "ts", "symbol", "ltp", "exchange_ts", "ltq", "bid", "ask", "volume", "oi",
)  # fmt: skip
_OF_PLACES: Final = {name: name for name in _PLACES}
_ISO_COLON: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+\d\d:\d\d"
_ISO_PLAIN: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+\d{4}"
_EPOCH_S: Final = r"\d{9,10}"

PRESETS: Final = (
    Preset(
        name="gdfl_tick",
        kind="ticks",
        header=(
            "Ticker", "Date", "Time", "LTP", "BuyPrice", "BuyQty", "SellPrice", "SellQty", "LTQ",
            "OpenInterest",
        ),
        columns={
            "symbol": "Ticker", "date": "Date", "clock": "Time", "ltp": "LTP", "bid": "BuyPrice",
            "ask": "SellPrice", "ltq": "LTQ", "oi": "OpenInterest",
        },
        time_format="%d/%m/%Y %H:%M:%S",
        symbol="gdfl",
    ),
    Preset(
        name="gdfl_1m",
        kind="candles",
        header=(
            "Ticker", "Date", "Time", "Open", "High", "Low", "Close", "Volume", "Open Interest",
        ),
        columns={
            "symbol": "Ticker", "date": "Date", "clock": "Time", "open": "Open", "high": "High",
            "low": "Low", "close": "Close", "volume": "Volume",
        },
        time_format="%d/%m/%Y %H:%M:%S",
        stamp="end",
        end_second=True,
        symbol="gdfl",
    ),
    Preset(
        name="truedata_tick",
        kind="ticks",
        shape="bare_csv",
        header=("date", "clock", "ltp", "ltq", "oi", "bid", "bid_qty", "ask", "ask_qty"),
        columns={
            name: name for name in ("date", "clock", "ltp", "ltq", "oi", "bid", "ask")
        },
        time_format="%Y%m%d %H:%M:%S",
        first_time=r"\d{8}",
        symbol="truedata",
        symbol_from="file_name",
        volume="per_row",
    ),
    Preset(
        name="breeze",
        kind="candles",
        header=(
            "datetime", "stock_code", "exchange_code", "product_type", "expiry_date", "right",
            "strike_price", "open", "high", "low", "close", "volume", "open_interest", "count",
        ),
        columns={
            "ts": "datetime", "name": "stock_code", "expiry": "expiry_date", "right": "right",
            "strike": "strike_price", **_OHLC, "volume": "volume",
        },
        symbol="parts",
    ),
    Preset(
        name="upstox_candles",
        kind="candles",
        shape="json_rows",
        header=_PLACES,
        optional=("oi",),
        columns=_OF_PLACES,
        path=("data", "candles"),
        first_time=_ISO_COLON,
        newest_first=True,
    ),
    Preset(
        name="upstox_ws",
        kind="ticks",
        shape="upstox",
        header=_UPSTOX,
        columns={name: name for name in _UPSTOX},
        symbol="upstox",
    ),
    Preset(
        name="kite_historical",
        kind="candles",
        shape="json_rows",
        header=_PLACES,
        optional=("oi",),
        columns=_OF_PLACES,
        path=("data", "candles"),
        first_time=_ISO_PLAIN,
    ),
    Preset(
        name="angel_candles",
        kind="candles",
        shape="json_rows",
        header=_PLACES,
        columns=_OF_PLACES,
        path=("data",),
        first_time=_ISO_COLON,
    ),
    Preset(
        name="fyers_candles",
        kind="candles",
        shape="json_rows",
        header=_PLACES,
        columns=_OF_PLACES,
        path=("candles",),
        first_time=_EPOCH_S,
    ),
    Preset(
        name="dhan_candles",
        kind="candles",
        shape="json_columns",
        header=("open", "high", "low", "close", "volume", "timestamp"),
        optional=("open_interest",),
        columns={"ts": "timestamp", **_OHLC, "volume": "volume"},
        first_time=_EPOCH_S,
    ),
    Preset(
        name="community",
        kind="candles",
        header=("date", "open", "high", "low", "close", "volume"),
        optional=("oi",),
        columns={"ts": "date", **_OHLC, "volume": "volume"},
    ),
)  # fmt: skip
BY_NAME: Final = {preset.name: preset for preset in PRESETS}
