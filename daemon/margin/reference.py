"""The reference price F of an expiry: its future, else the synthetic at the money, else spot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class StrikeQuotes(NamedTuple):
    """The call and the put of one strike, prices in half paise, 0 if not quoted."""

    strike_half: int
    call_half: int
    put_half: int


def mid_else_ltp(ltp: int, bid: int, ask: int) -> int:
    """Return a market price in half paise: the mid if both sides are there, else ltp (paise)."""
    return bid + ask if bid > 0 and ask > 0 else 2 * ltp


def reference_half(
    expiry: str, futures: Mapping[str, int], strikes: Iterable[StrikeQuotes], spot_half: int
) -> int:
    """Return F of an expiry (ISO date) in half paise, 0 if nothing is known.

    `futures` has the price of the future of each month (YYYY-MM) that is quoted. The synthetic is
    of the strike nearest to the spot whose call and put are both quoted, the lower one of two.
    """
    if future := futures.get(expiry[:7], 0):
        return future
    quoted = [strike for strike in strikes if strike.call_half > 0 and strike.put_half > 0]
    if not quoted or spot_half <= 0:
        return spot_half
    near = min(quoted, key=lambda strike: (abs(strike.strike_half - spot_half), strike.strike_half))
    synthetic = near.strike_half + near.call_half - near.put_half
    return synthetic if synthetic > 0 else spot_half
