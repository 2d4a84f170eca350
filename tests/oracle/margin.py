"""The margin model `scenario` read aloud: one contract, one scenario, one fraction at a time.

Written from the contract of the margin alone; it imports nothing of the program. Prices are in
rupees as fractions, times in seconds. Where the text is silent this reading decides:

- the future of a contract's month expires in the same calendar month; without it the synthetic is
  made of the contract's own expiry, at the quoted pair whose strike is nearest the spot, a tie
  lower; without a spot there is no nearest strike;
- a position that is flat counts nowhere, not as a leg and not for the nearest expiry;
- what the deltas of the nearest and of the others come to is rounded once, each sum to 1e-6;
- the largest loss may be a profit, where no scenario loses; the span is cut at 0 at its end;
- of the four cases of working orders the one with the largest span and exposure together counts.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

YEAR_S = 31_557_600
DAY_S = 86_400
SCAN_RANGES = {"index": Fraction(93, 1000), "share": Fraction(142, 1000)}
LONG_SCAN_RANGE = Fraction(177, 1000)
EXPOSURES = {"index": Fraction(2, 100), "share": Fraction(35, 1000)}
EXPIRY_DAY = Fraction(2, 100)
CALENDAR = Fraction(15, 1000)
STEPS = [Fraction(step, 3) for step in (0, 1, -1, 2, -2, 3, -3)]


@dataclass(frozen=True)
class Contract:
    """One contract; `closes` in seconds since the epoch, `expiry` its date."""

    symbol: str
    kind: Literal["FUT", "CE", "PE"]
    expiry: dt.date
    closes: int
    strike: Fraction = Fraction(0)


@dataclass(frozen=True)
class Market:
    """One underlying at one moment; a price is (ltp, bid, ask), absent ones None."""

    family: Literal["index", "share"]
    now: int
    today: dt.date
    spot: Fraction | None
    contracts: Sequence[Contract]
    prices: Mapping[str, tuple[Fraction | None, Fraction | None, Fraction | None]] = field(
        default_factory=dict
    )


def price(market: Market, symbol: str) -> Fraction | None:
    """Return the mid, else the last price."""
    ltp, bid, ask = market.prices.get(symbol, (None, None, None))
    if bid is not None and ask is not None:
        return (bid + ask) / 2
    return ltp


def forward(market: Market, contract: Contract) -> Fraction:
    """Return F of a contract."""
    for other in market.contracts:
        same_month = other.expiry.replace(day=1) == contract.expiry.replace(day=1)
        if other.kind == "FUT" and same_month and price(market, other.symbol) is not None:
            found = price(market, other.symbol)
            assert found is not None
            return found
    assert market.spot is not None
    pairs = []
    for call in market.contracts:
        for put in market.contracts:
            if call.kind != "CE" or put.kind != "PE" or call.strike != put.strike:
                continue
            if call.expiry != contract.expiry or put.expiry != contract.expiry:
                continue
            above, below = price(market, call.symbol), price(market, put.symbol)
            if above is not None and below is not None:
                pairs.append((abs(call.strike - market.spot), call.strike, above - below))
    if pairs:
        _, strike, difference = min(pairs)
        return strike + difference
    return market.spot


def normal(x: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def black(kind: str, f: float, k: float, years: float, sigma: float) -> float:
    """Return the value of an option on a forward, no interest."""
    sign = 1 if kind == "CE" else -1
    spread = sigma * math.sqrt(years)
    if f <= 0 or spread <= 0:
        return max(0.0, sign * (f - k))
    d1 = math.log(f / k) / spread + spread / 2
    return sign * (f * normal(sign * d1) - k * normal(sign * (d1 - spread)))


def implied(kind: str, f: float, k: float, years: float, premium: float) -> float:
    """Return sigma in [0.0001, 5] by 60 halvings."""
    low, high = 0.0001, 5.0
    if premium <= black(kind, f, k, years, low):
        return low
    if premium >= black(kind, f, k, years, high):
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if black(kind, f, k, years, middle) < premium:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def years_left(market: Market, contract: Contract) -> float:
    """Return T."""
    return max(0, contract.closes - market.now) / YEAR_S


def scan_range(market: Market, contract: Contract) -> Fraction:
    """Return the price scan range of a contract."""
    is_long = years_left(market, contract) > 9 / 12
    if market.family == "index" and contract.kind != "FUT" and is_long:
        return LONG_SCAN_RANGE
    return SCAN_RANGES[market.family]


def sigma_of(market: Market, contract: Contract) -> float:
    """Return the volatility that the market pays for an option."""
    premium = price(market, contract.symbol)
    assert premium is not None
    f = float(forward(market, contract))
    years = years_left(market, contract)
    return implied(contract.kind, f, float(contract.strike), years, float(premium))


def loss(market: Market, contract: Contract, x: Fraction, shift: float) -> Fraction:
    """Return what one long unit loses in a scenario."""
    f = forward(market, contract)
    move = x * scan_range(market, contract)
    if contract.kind == "FUT":
        return -f * move
    years = max(0.0, years_left(market, contract) - DAY_S / YEAR_S)
    sigma = max(0.0001, sigma_of(market, contract) + shift)
    value = black(contract.kind, float(f * (1 + move)), float(contract.strike), years, sigma)
    premium = price(market, contract.symbol)
    assert premium is not None
    return premium - Fraction(round(value * 1_000_000), 1_000_000)


def scan(market: Market, held: Mapping[Contract, int]) -> Fraction:
    """Return the largest loss over the scenarios."""
    losses = [
        sum((units * loss(market, each, x, shift) for each, units in held.items()), Fraction(0))
        for x in STEPS
        for shift in (0.04, -0.04)
    ]
    losses += [
        Fraction(35, 100)
        * sum((units * loss(market, each, x, 0.0) for each, units in held.items()), Fraction(0))
        for x in (Fraction(2), Fraction(-2))
    ]
    return max(losses)


def delta(market: Market, contract: Contract) -> float:
    """Return how much one unit moves with F, now."""
    if contract.kind == "FUT":
        return 1.0
    sign = 1 if contract.kind == "CE" else -1
    f, k = float(forward(market, contract)), float(contract.strike)
    spread = sigma_of(market, contract) * math.sqrt(years_left(market, contract))
    if spread <= 0:
        return float(sign) if sign * (f - k) > 0 else 0.0
    return sign * normal(sign * (math.log(f / k) / spread + spread / 2))


def calendar(market: Market, held: Mapping[Contract, int]) -> Fraction:
    """Return what is charged because the expiries may not move together."""
    near = min(each.expiry for each in held)
    sums = []
    for is_near in (True, False):
        legs = [each for each in held if (each.expiry == near) == is_near]
        total = sum(held[each] * delta(market, each) for each in legs)
        sums.append(Fraction(round(total * 1_000_000), 1_000_000))
    if sums[0] * sums[1] >= 0:
        return Fraction(0)
    [first, *_] = [each for each in held if each.expiry == near]
    return min(abs(sums[0]), abs(sums[1])) * forward(market, first) * CALENDAR


def span_of(market: Market, held: Mapping[Contract, int]) -> int:
    """Return the span of a portfolio, whole rupees."""
    if not held:
        return 0
    value = Fraction(0)
    for each, units in held.items():
        if each.kind != "FUT":
            premium = price(market, each.symbol)
            assert premium is not None
            value += units * premium
    near = min(each.expiry for each in held)
    if near == market.today:
        expiries = {each.expiry for each in held}
        risk = sum(
            (
                scan(market, {each: n for each, n in held.items() if each.expiry == expiry})
                for expiry in expiries
            ),
            Fraction(0),
        )
    else:
        risk = scan(market, held) + calendar(market, held)
    return math.ceil(max(Fraction(0), risk - value))


def exposure_of(market: Market, held: Mapping[Contract, int]) -> int:
    """Return the exposure of a portfolio, whole rupees."""
    rate = EXPOSURES[market.family]
    total = Fraction(0)
    for each, units in held.items():
        f = forward(market, each)
        spot = f if market.spot is None else market.spot
        if each.kind == "FUT":
            total += rate * f * abs(units)
        elif units < 0:
            total += rate * spot * -units
            if market.family == "index" and each.expiry == market.today:
                total += EXPIRY_DAY * spot * -units
    return math.ceil(total)


def blocked(
    market: Market, positions: Mapping[str, int], orders: Sequence[tuple[str, int]] = ()
) -> tuple[int, int]:
    """Return (span, exposure); `orders` are (symbol, signed units) of entries that work."""
    contracts = {each.symbol: each for each in market.contracts}
    cases = []
    for buys, sells in ((False, False), (True, False), (False, True), (True, True)):
        held: dict[str, int] = dict(positions)
        for symbol, units in orders:
            if (buys and units > 0) or (sells and units < 0):
                held[symbol] = held.get(symbol, 0) + units
        legs = {contracts[symbol]: units for symbol, units in held.items() if units}
        cases.append((span_of(market, legs), exposure_of(market, legs)))
    return max(cases, key=lambda case: case[0] + case[1])
