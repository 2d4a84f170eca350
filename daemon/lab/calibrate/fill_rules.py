"""What each fill rule pays for MARKET orders at recorded rows, by column.

The rules are those of `daemon/exchange`: `base_half` and `Slippage` without slippage for the simple
modes, the walk through the displayed levels for `depth`. A differential test says that they agree.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from daemon.domain.ticks import DEPTH_LEVELS, Int64s
from daemon.exchange.protection import protected_limit
from daemon.lab.calibrate.quotes import Places, QuoteColumns

Profile = Literal["ltp", "mid", "bid_ask", "depth"]
PROFILES: Final[tuple[Profile, ...]] = ("ltp", "mid", "bid_ask", "depth")
Floats = npt.NDArray[np.float64]
_QUANTITY: Final = 0
_PRICE: Final = 1


def simple_prices(profile: Profile, quotes: QuoteColumns, rows: Places, *, is_buy: bool) -> Int64s:
    """Return what `ltp`, `mid` or `bid_ask` pays at each row, paise on the price step."""
    ltp, bid, ask = quotes.ltp[rows], quotes.bid[rows], quotes.ask[rows]
    if profile == "ltp":
        half = 2 * ltp
    elif profile == "mid":
        half = np.where((bid > 0) & (ask > 0), bid + ask, 2 * ltp)
    else:
        side = ask if is_buy else bid
        half = np.where(side > 0, 2 * side, 2 * ltp)
    return _snapped(half, quotes.instrument.tick_paise, is_buy=is_buy)


def _snapped(half: Int64s, tick: int, *, is_buy: bool) -> Int64s:
    """Return half paise as paise on the nearest step, a tie against the order."""
    step = 2 * tick
    lower, over = half // step, half % step
    up = 2 * over >= step if is_buy else 2 * over > step
    return np.maximum((lower + up) * tick, tick)


def depth_prices(
    quotes: QuoteColumns, rows: Places, quantity: Int64s, limit: Int64s, *, is_buy: bool
) -> Floats:
    """Return the average that walking the levels at each row pays, paise.

    NaN where the levels within the limit do not hold the whole quantity. Rows without levels have
    one of unknown size at their bid or ask, or at the last price.
    """
    best = quotes.ask[rows] if is_buy else quotes.bid[rows]
    other = quotes.bid[rows] if is_buy else quotes.ask[rows]
    only = np.where(best > 0, best, np.where(other > 0, 0, quotes.ltp[rows]))
    is_within = (only <= limit) if is_buy else (only >= limit)
    tick = quotes.instrument.tick_paise
    unsized = np.where((only > 0) & is_within, _snapped(2 * only, tick, is_buy=is_buy), np.nan)
    if quotes.depth is None:
        return unsized
    book = quotes.book[rows]
    walked = _walked(quotes, book, quantity, limit, is_buy=is_buy)
    return np.where(book >= 0, walked, unsized)


def _walked(
    quotes: QuoteColumns, book: Int64s, quantity: Int64s, limit: Int64s, *, is_buy: bool
) -> Floats:
    assert quotes.depth is not None
    first = DEPTH_LEVELS if is_buy else 0
    levels = quotes.depth[book, first : first + DEPTH_LEVELS]
    lot, tick = quotes.instrument.lot_size, quotes.instrument.tick_paise
    left = quantity.copy()
    cost = np.zeros(len(book), dtype=np.float64)
    for level in range(DEPTH_LEVELS):
        price, size = levels[:, level, _PRICE], levels[:, level, _QUANTITY]
        within = (price > 0) & (size > 0) & ((price <= limit) if is_buy else (price >= limit))
        part = np.where(within, np.minimum(left, size) // lot * lot, 0)
        paid = _snapped(2 * price, tick, is_buy=is_buy)
        cost += part * (np.minimum(paid, limit) if is_buy else np.maximum(paid, limit))
        left -= part
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(left == 0, cost / quantity, np.nan)


def protected_limits(quotes: QuoteColumns, rows: Places, *, is_buy: bool) -> Int64s:
    """Return the limit of a MARKET that is sent at each row, paise, by Kite's slabs."""
    prices, at = np.unique(quotes.ltp[rows], return_inverse=True)
    limits = [protected_limit(quotes.instrument, is_buy, int(price)) for price in prices]
    return np.array(limits, dtype=np.int64)[at]
