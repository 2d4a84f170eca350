"""Which contract a leg of a plan means at a moment: P1 to P9 read aloud.

Where the text is silent this reading decides:

- A premium counts (P5, P6, P7) only while it is believed: no candidate by a price before a gap.
- An exact strike, `{leg: ...}` and a future ask for no S; everything else does.
- Strikes of an expiry are those of both types; a chosen strike without this type is `no_strike`.
- Coverage counts the believed premiums of the leg's own type; P7 asks for it too (decision 0045).
- `only: otm` is by ATM: a call above it, a put below it (decision 0045).
- `premium_between` includes its ends; equally near to the middle: the last tie (decision 0045).
- A delta is compared as it is shown, rounded to 1e-4; `delta_between` includes its ends.
- The forward of P7 is made at the believed pair whose strike is nearest the spot, else it is S.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.margin import YEAR_S, black, implied, normal
from tests.oracle.plan_market import Market
from tests.oracle.plan_scenario import SECOND, Contract, Plan, date_of, paise


class NotYet(Exception):
    """Cannot be chosen now; may be later."""


class Never(Exception):
    """Cannot be chosen."""


class Chooser:
    """One leg, one moment."""

    def __init__(
        self, market: Market, plan: Plan, leg: Mapping[str, Any], now: int, others: dict[str, int]
    ) -> None:
        self.market, self.plan, self.leg, self.now = market, plan, leg, now
        self.others = others
        self.name: str = plan["underlying"]
        self.kind: str = leg["type"]
        self.out = 1 if self.kind == "CE" else -1

    def choose(self) -> Contract:
        today = date_of(self.now)
        word = self.leg["expiry"]
        if isinstance(word, dt.date):
            expiry: dt.date | None = word
        else:
            expiry = self.market.expiry(self.name, word, self.kind, today)
        if expiry is None:
            raise Never("no_expiry")
        if self.kind == "FUT":
            return next(each for each in self.market.of(self.name, "FUT") if each.expiry == expiry)
        self.expiry = expiry
        self.strikes = self.market.strikes(self.name, expiry)
        if not self.strikes:
            raise Never("no_expiry")
        found = self.market.option(self.name, expiry, self.strike(), self.kind)
        if found is None:
            raise Never("no_strike")
        return found

    def strike(self) -> int:
        wanted = self.leg.get("strike", "ATM")
        if isinstance(wanted, int | float):
            return int(paise(wanted))
        if isinstance(wanted, dict) and "leg" in wanted:
            return self.from_leg(wanted)
        found = self.market.reference(self.plan, self.now)
        if found is None:
            raise NotYet("no_reference")
        self.s = found
        self.inside(found)
        self.atm = min(self.strikes, key=lambda each: (abs(each - found), each))
        if isinstance(wanted, str):
            number = 0 if wanted == "ATM" else int(wanted[3:])
            return self.nth(self.atm, -number if wanted.startswith("ITM") else number)
        return self.by_mapping(wanted)

    def by_mapping(self, wanted: Mapping[str, Any]) -> int:
        if "atm" in wanted:
            return self.nth(self.atm, wanted["atm"])
        if "atm_percent" in wanted:
            return self.nearest(self.atm * (1 + Fraction(str(wanted["atm_percent"])) / 100))
        if "straddle_width" in wanted:
            move = Fraction(str(wanted["straddle_width"])) * self.width()
            return self.nearest(self.atm + self.out * move, lower=True)
        if "straddle_percent" in wanted:
            x = Fraction(str(wanted["straddle_percent"])) / 100 * self.width()
            return self.by_premium("premium_" + wanted.get("how", "closest"), x, x, wanted)
        if "delta_closest" in wanted:
            d = abs(Fraction(str(wanted["delta_closest"])))
            return self.by_delta(d, None)
        if "delta_between" in wanted:
            a, b = sorted(abs(Fraction(str(each))) for each in wanted["delta_between"])
            return self.by_delta((a + b) / 2, (a, b))
        how = next(key for key in wanted if key.startswith("premium_"))
        value = wanted[how]
        low, high = value if isinstance(value, list | tuple) else (value, value)
        return self.by_premium(how, paise(low), paise(high), wanted)

    # ------------------------------------------------------------------ by level

    def inside(self, level: Fraction) -> None:
        if not self.strikes[0] <= level <= self.strikes[-1]:
            raise Never("outside_window")

    def nth(self, start: int, number: int) -> int:
        """The n-th listed strike, positive away from the money."""
        place = self.strikes.index(start) + self.out * number
        if not 0 <= place < len(self.strikes):
            raise Never("outside_window")
        return self.strikes[place]

    def nearest(self, level: Fraction, lower: bool = False) -> int:
        self.inside(level)

        def key(each: int) -> tuple[Fraction, int, int]:
            return (abs(each - level), 0 if lower else abs(each - self.atm), each)

        return min(self.strikes, key=key)

    def from_leg(self, wanted: Mapping[str, Any]) -> int:
        if wanted["leg"] not in self.others:
            raise NotYet("no_strike")
        other = self.others[wanted["leg"]]
        if other not in self.strikes:
            raise Never("no_strike")
        if wanted.get("steps"):
            return self.nth(other, wanted["steps"])
        points = paise(wanted.get("points", 0))
        if points == 0:
            return other
        level = other + self.out * points
        self.inside(level)
        left = [each for each in self.strikes if each != other]
        return min(left, key=lambda each: (abs(each - level), self.out * each))

    # ------------------------------------------------------------------ by premium

    def premium(self, strike: int, kind: str) -> int | None:
        found = self.market.option(self.name, self.expiry, strike, kind)
        return None if found is None else self.market.price(found.symbol, self.now)

    def width(self) -> Fraction:
        call, put = self.premium(self.atm, "CE"), self.premium(self.atm, "PE")
        if call is None or put is None:
            raise NotYet("no_premium")
        return Fraction(call + put)

    def covered(self, code: str) -> None:
        """At least half of the strikes within 5 of ATM are quoted."""
        place = self.strikes.index(self.atm)
        near = self.strikes[max(0, place - 5) : place + 6]
        seen = [each for each in near if self.premium(each, self.kind) is not None]
        if 2 * len(seen) < len(near):
            raise NotYet(code)

    def candidates(self, wanted: Mapping[str, Any]) -> list[tuple[int, int]]:
        """(strike, premium) of every believed candidate."""
        self.covered("no_premium")
        found = [(each, self.premium(each, self.kind)) for each in self.strikes]
        return [
            (strike, premium)
            for strike, premium in found
            if premium is not None and self.allowed(strike, wanted)
        ]

    def allowed(self, strike: int, wanted: Mapping[str, Any]) -> bool:
        only = wanted.get("only", self.leg.get("only"))
        return only != "otm" or self.out * (strike - self.atm) > 0

    def by_premium(self, how: str, low: Fraction, high: Fraction, wanted: Mapping[str, Any]) -> int:
        middle = (low + high) / 2
        found = []
        for strike, premium in self.candidates(wanted):
            if (how == "premium_at_least" and premium < low) or (
                how == "premium_at_most" and premium > high
            ):
                continue
            if how == "premium_between" and not low <= premium <= high:
                continue
            far = abs(premium - middle)
            tie = 0 if how == "premium_between" else premium
            found.append((far, tie, abs(strike - self.atm), strike))
        if not found:
            raise NotYet("no_premium")
        return min(found)[-1]

    # ------------------------------------------------------------------ by delta

    def forward(self) -> Fraction:
        index = self.market.of(self.name, "INDEX")
        spot = self.market.price(index[0].symbol, self.now) if index else None
        middle = self.s if spot is None else Fraction(spot)
        pairs = []
        for strike in self.strikes:
            call, put = self.premium(strike, "CE"), self.premium(strike, "PE")
            if call is not None and put is not None:
                pairs.append((abs(strike - middle), strike, strike + call - put))
        return Fraction(min(pairs)[2]) if pairs else middle

    def delta(self, strike: int) -> Fraction | None:
        """|delta| to 1e-4; None where a premium is not strictly inside."""
        contract = self.market.option(self.name, self.expiry, strike, self.kind)
        premium = self.premium(strike, self.kind)
        if contract is None or premium is None:
            return None
        f, k, p = float(self.forward()) / 100, strike / 100, premium / 100
        years = (contract.closes - self.now) / SECOND / YEAR_S
        if years <= 0 or not (
            black(self.kind, f, k, years, 0.0001) < p < black(self.kind, f, k, years, 5.0)
        ):
            return None
        spread = implied(self.kind, f, k, years, p) * math.sqrt(years)
        found = normal(self.out * (math.log(f / k) / spread + spread / 2))
        return Fraction(round(Fraction(found) * 10_000), 10_000)

    def by_delta(self, wanted: Fraction, ends: tuple[Fraction, Fraction] | None) -> int:
        self.covered("no_delta")
        found = []
        for strike in self.strikes:
            delta = self.delta(strike)
            if delta is None or (ends is not None and not ends[0] <= delta <= ends[1]):
                continue
            if self.allowed(strike, self.leg["strike"]):
                found.append((abs(delta - wanted), abs(strike - self.atm), strike))
        if not found:
            raise NotYet("no_delta")
        return min(found)[-1]
