"""Market protection: the limit behind every MARKET order (F10).

Kite turns a MARKET into a LIMIT at the last price plus or minus a percentage, by slabs of the
price, since 1 April 2026 for every order of an API.
"""

from __future__ import annotations

from typing import Final

from daemon.domain.instrument import Instrument
from daemon.domain.money import ceil_to_tick, floor_to_tick, ratio
from daemon.exchange.depth_book import DepthBook

_ALL: Final = 1 << 62
# (last price below this, paise; percentage); an option at 500.00 still has 2 %
_OPTION_SLABS: Final = ((1_000, 5.0), (10_000, 3.0), (50_001, 2.0), (_ALL, 1.0))
_OTHER_SLABS: Final = ((10_000, 2.0), (50_001, 1.0), (_ALL, 0.5))
_AUTOMATIC: Final = -1


def protection_percent(is_option: bool, base_paise: int) -> float:
    """Return the percentage of the slab that a price lies in."""
    slabs = _OPTION_SLABS if is_option else _OTHER_SLABS
    return next(percent for below, percent in slabs if base_paise < below)


def protection_price(book: DepthBook, is_buy: bool, percent: float | None, base_paise: int) -> int:
    """Return the limit in paise of a MARKET order whose protection is counted from a price.

    Rounded to the step towards the market, but at least one step beyond the price, never under one
    step, and within the day's band where that is known.
    """
    if percent is None or percent == _AUTOMATIC:
        percent = protection_percent(book.instrument.is_option, base_paise)
    limit, day = _beyond(base_paise, is_buy, percent, book.step), book.day
    if day.high_band_paise:
        limit = min(limit, day.high_band_paise)
    return max(limit, day.low_band_paise)


def protected_limit(instrument: Instrument, is_buy: bool, base_paise: int) -> int:
    """Return the limit in paise of a MARKET order by the slabs, whatever the day's band."""
    percent = protection_percent(instrument.is_option, base_paise)
    return _beyond(base_paise, is_buy, percent, instrument.tick_paise)


def _beyond(base_paise: int, is_buy: bool, percent: float, step: int) -> int:
    """Return a price some percent beyond another, at least one step and never under one step."""
    part, whole = ratio(percent)
    if is_buy:
        limit = floor_to_tick(base_paise * (100 * whole + part), 100 * whole, step)
        limit = max(limit, ceil_to_tick(base_paise + step, 1, step))
    else:
        limit = ceil_to_tick(base_paise * (100 * whole - part), 100 * whole, step)
        limit = min(limit, floor_to_tick(base_paise - step, 1, step))
    return max(limit, step)
