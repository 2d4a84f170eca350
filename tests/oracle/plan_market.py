"""The last prices that the oracle of plans knows, and which of them it believes."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from tests.oracle.plan_scenario import SECOND, Contract, Plan, Setup, date_of


class Market:
    """Every tick of every instrument, kept."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.contracts = {each.symbol: each for each in setup.contracts}
        self.ticks: dict[str, list[tuple[int, int]]] = {each: [] for each in self.contracts}
        self.sampled: dict[int, list[tuple[int, Fraction]]] = {}
        self.gaps: list[int] = []
        self.forgotten: set[str] = set()
        self.feed_last: int | None = None

    def session_open(self, ts: int) -> bool:
        return any(each.open <= ts < each.close for each in self.setup.sessions)

    def tick(self, ts: int, symbol: str, ltp: int) -> bool:
        """Take a tick; False where it lies outside its contract's session."""
        stale = self.setup.stale_after_s * SECOND
        if self.feed_last is not None and ts - self.feed_last > stale:
            self.forgotten = set(self.contracts)
        self.feed_last = ts
        if not self.session_open(ts) or ts >= self.contracts[symbol].closes:
            return False
        self.ticks[symbol].append((ts, ltp))
        self.forgotten.discard(symbol)
        return True

    def gap(self, ts: int) -> None:
        self.gaps.append(ts)
        self.forgotten = set(self.contracts)

    def last(self, symbol: str) -> int | None:
        """The last price, whatever its age."""
        return self.ticks[symbol][-1][1] if self.ticks[symbol] else None

    def ticked(self, symbol: str, ts: int) -> bool:
        return bool(self.ticks[symbol]) and self.ticks[symbol][-1][0] == ts

    def believed(self, symbol: str, now: int) -> bool:
        ticks = self.ticks[symbol]
        if not ticks or symbol in self.forgotten or self.feed_last is None:
            return False
        if now >= self.contracts[symbol].closes or not self.session_open(now):
            return False
        if now - self.feed_last > self.setup.stale_after_s * SECOND:
            return False
        seen = ticks[-1][0]
        return date_of(seen) == date_of(now) and now - seen <= self.setup.quote_max_age_s * SECOND

    def price(self, symbol: str, now: int) -> int | None:
        """The last price if it is believed."""
        return self.last(symbol) if self.believed(symbol, now) else None

    # ------------------------------------------------------------------ contracts

    def of(self, underlying: str, kind: str) -> list[Contract]:
        return [
            each
            for each in self.setup.contracts
            if each.underlying == underlying and each.kind == kind
        ]

    def option(self, underlying: str, expiry: dt.date, strike: int, kind: str) -> Contract | None:
        for each in self.of(underlying, kind):
            if each.expiry == expiry and each.strike_paise == strike:
                return each
        return None

    def strikes(self, underlying: str, expiry: dt.date) -> list[int]:
        both = self.of(underlying, "CE") + self.of(underlying, "PE")
        return sorted({each.strike_paise for each in both if each.expiry == expiry})

    def expiry(self, underlying: str, word: str, kind: str, today: dt.date) -> dt.date | None:
        """P9 and P49: what an expiry word means on a date."""
        options = self.of(underlying, "CE") + self.of(underlying, "PE")
        found = self.of(underlying, "FUT") if kind == "FUT" else options
        every = sorted({each.expiry for each in found if each.expiry is not None})
        last = {(each.year, each.month): each for each in every}
        monthly = every if kind == "FUT" else sorted(last.values())
        left = [each for each in every if each >= today]
        if word in ("weekly", "next_weekly") and all(each in monthly for each in left):
            return None
        if word in ("monthly", "next_monthly"):
            left = [each for each in monthly if each >= today]
        number = 1 if word.startswith("next_") else 0
        return left[number] if number < len(left) else None

    # ------------------------------------------------------------------ the reference

    def sources(self, plan: Plan, now: int) -> list[str]:
        """The instruments that S is made of: one, or index, call, put."""
        name, today = plan["underlying"], date_of(now)
        index = self.of(name, "INDEX")
        if plan.get("reference", "spot") == "spot":
            return [index[0].symbol] if index else []
        if plan["reference"] == "future":
            word = self.expiry(name, "monthly", "FUT", today)
            return [each.symbol for each in self.of(name, "FUT") if each.expiry == word]
        words = [leg["expiry"] for leg in plan["legs"] if leg["type"] != "FUT"] or ["weekly"]
        dates = [self.expiry(name, word, "CE", today) for word in words]
        near = min((each for each in dates if each is not None), default=None)
        spot = self.last(index[0].symbol) if index else None
        if near is None or spot is None:
            return []
        strike = min(self.strikes(name, near), key=lambda each: (abs(each - spot), each))
        pair = [self.option(name, near, strike, kind) for kind in ("CE", "PE")]
        if pair[0] is None or pair[1] is None:
            return []
        return [index[0].symbol, pair[0].symbol, pair[1].symbol]

    def reference(self, plan: Plan, now: int, believed: bool = True) -> Fraction | None:
        """P1: S in paise, None where it is not known (or not believed)."""
        sources = self.sources(plan, now)
        if not sources or (believed and not all(self.believed(each, now) for each in sources)):
            return None
        prices = [self.last(each) for each in sources]
        if any(price is None for price in prices):
            return None
        if len(prices) == 1:
            return Fraction(prices[0] or 0)
        strike = self.contracts[sources[1]].strike_paise
        return Fraction(strike + (prices[1] or 0) - (prices[2] or 0))

    def reference_ticked(self, plan: Plan, ts: int) -> bool:
        return any(self.ticked(each, ts) for each in self.sources(plan, ts))
