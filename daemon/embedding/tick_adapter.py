"""Turn a tick as a dict with Kite's names into a block of one row, whatever it contains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from daemon.domain.dates import IST, ist_midnight, parse_ts
from daemon.domain.instrument import Universe
from daemon.domain.ticks import ABSENT, NOT_FINITE, UNKNOWN_INSTRUMENT, Ticks, paise_column

TIME_KEYS: Final = ("ts", "timestamp", "exchange_timestamp")
EARLIEST_TS: Final = ist_midnight(dt.date(2000, 1, 1))
LATEST_TS: Final = ist_midnight(dt.date(2200, 1, 1))
"""No market time is before the first or after the second."""


def block_of(universe: Universe, tick: Mapping[str, Any]) -> Ticks | None:
    """Return the tick as a block of one row, None if it has no readable time.

    What is no price becomes ABSENT or NOT_FINITE, an unknown instrument UNKNOWN_INSTRUMENT: the
    engine refuses and counts such rows as usual.
    """
    ts = _tick_time(tick)
    if ts is None:
        return None
    bid, ask = _best(tick, "bid", "buy"), _best(tick, "ask", "sell")
    return Ticks(
        ts=np.array([ts], dtype=np.int64),
        instrument=np.array([_index(universe, tick)], dtype=np.int32),
        ltp=np.array([_paise(tick.get("last_price"))], dtype=np.int64),
        bid=np.array([bid], dtype=np.int64),
        ask=np.array([ask], dtype=np.int64),
    )


def _index(universe: Universe, tick: Mapping[str, Any]) -> int:
    symbol = tick.get("tradingsymbol", tick.get("symbol"))
    token = tick.get("instrument_token")
    index: int | None = None
    if isinstance(symbol, str):
        index = universe.index_of(symbol)
    elif isinstance(token, int):
        index = universe.index_of_token(token)
    return UNKNOWN_INSTRUMENT if index is None else index


def _paise(value: Any) -> int:
    """Return a rupee price as a block holds it: paise, or a mark for what is no price."""
    if value is None:
        return ABSENT
    if isinstance(value, bool | str):
        return NOT_FINITE
    try:
        return int(paise_column(np.array([float(value)]))[0])
    except (TypeError, ValueError, OverflowError):
        return NOT_FINITE


def _best(tick: Mapping[str, Any], name: str, side: str) -> int:
    """Return the best bid or ask: from its own key, else from the first level of Kite's depth.

    A level with a quantity that is not above 0 is an absent side.
    """
    if name in tick:
        return _paise(tick[name])
    try:
        level = tick["depth"][side][0]
        quantity = level.get("quantity")
        return ABSENT if quantity is not None and not quantity > 0 else _paise(level["price"])
    except (LookupError, TypeError, AttributeError):
        return ABSENT


def _tick_time(tick: Mapping[str, Any]) -> int | None:
    for key in TIME_KEYS:
        if tick.get(key) is not None:
            return utc_ns(tick[key])
    return None


def utc_ns(value: Any) -> int | None:
    """Return the UTC ns of a number of ns, ISO text or a datetime; None if it is no market time."""
    ts = _any_ns(value)
    return ts if ts is not None and EARLIEST_TS <= ts < LATEST_TS else None


def _any_ns(value: Any) -> int | None:
    if isinstance(value, dt.datetime):
        aware = value.replace(tzinfo=IST) if value.tzinfo is None else value
        return parse_ts(aware.isoformat())
    if isinstance(value, str):
        try:
            return parse_ts(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    return int(value)
