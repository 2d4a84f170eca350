"""The price arithmetic of the exchange's oracle: protection, slippage, limits. Exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

from tests.oracle.exchange_scenario import Contract

RUPEE = 100


def slab(kind: str, ltp: int) -> Fraction:
    """F10: the percent that Kite protects a MARKET with."""
    if kind == "option":
        if ltp < 10 * RUPEE:
            return Fraction(5)
        if ltp < 100 * RUPEE:
            return Fraction(3)
        return Fraction(2) if ltp <= 500 * RUPEE else Fraction(1)
    if ltp < 100 * RUPEE:
        return Fraction(2)
    return Fraction(1) if ltp <= 500 * RUPEE else Fraction(1, 2)


def protection(contract: Contract, sign: int, ltp: int, asked: float | None) -> int:
    """F10: the limit of a MARKET: towards the market, one step beyond ltp, inside the band."""
    own = asked is None or asked == -1
    percent = slab(contract.kind, ltp) if own else Fraction(str(asked))
    step = contract.step_paise
    raw = ltp * (1 + sign * percent / 100)
    if sign > 0:
        limit = max(math.floor(raw / step) * step, ltp + step)
    else:
        limit = min(math.ceil(raw / step) * step, ltp - step)
    limit = max(limit, step)
    if contract.band is not None:
        low, high = contract.band
        limit = min(max(limit, low), high)
    return limit


def moved(base: Fraction, sign: int, step: int, bps: float, ticks: int) -> int:
    """A price moved against the order by bps, snapped (ties against it), then whole steps."""
    exact = base * (1 + sign * Fraction(str(bps)) / 10_000)
    low = math.floor(exact / step) * step
    below, above = exact - low, low + step - exact
    price = low if below < above or (below == above and sign < 0) else low + step
    if bps > 0 and sign * price <= sign * base:
        beyond = math.floor(base / step) + 1 if sign > 0 else math.ceil(base / step) - 1
        price = beyond * step
    return max(max(price, step) + sign * ticks * step, step)


def slipped(level: int, sign: int, limit: int, step: int, bps: float, ticks: int) -> int:
    """F13: the level's price moved against the order, never beyond its limit."""
    price = moved(Fraction(level), sign, step, bps, ticks)
    return min(price, limit) if sign > 0 else max(price, limit)


def lpp_allows(contract: Contract, sign: int, price: int, reference: Fraction | None) -> bool:
    """F62: options +-20 rupees up to 50, else +-40 %; futures +-3 %; limits inclusive."""
    if reference is None or contract.kind == "share":
        return True
    if contract.kind == "future":
        width = reference * 3 / 100
    elif reference <= 50 * RUPEE:
        width = Fraction(20 * RUPEE)
    else:
        width = reference * 40 / 100
    if sign > 0:
        return price <= reference + width
    return price >= reference - width


def beyond_market_range(price: int, ltp: int) -> bool:
    """17182: beyond 20 % or Rs 10 of ltp, the wider of the two."""
    return abs(price - ltp) > max(Fraction(ltp, 5), Fraction(10 * RUPEE))
