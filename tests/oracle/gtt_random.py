"""Random days of an account with GTTs: the steps that both sides of a comparison take."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

from daemon.domain.dates import SECOND_NS, ist_date, ist_ns
from daemon.domain.order import Side
from tests.oracle.gtt import (
    Change,
    Contract,
    Delete,
    Leg,
    Place,
    Restart,
    Say,
    Step,
    Terms,
    Tick,
    Wait,
)

DATES = (
    dt.date(2026, 11, 23), dt.date(2026, 11, 24), dt.date(2026, 11, 25), dt.date(2027, 11, 24),
    dt.date(2027, 11, 25),
)  # fmt: skip
"""The day before an expiry, it, the day after, and two days around a year later."""
SESSIONS = [(ist_ns(date, dt.time(9, 15)), ist_ns(date, dt.time(15, 30))) for date in DATES]
EXPIRES = SESSIONS[1][1]
LATER = ist_ns(dt.date(2027, 12, 28), dt.time(15, 30))
NEAR, FAR, FUTURE, SHARE, INDEX = "NEAR25000CE", "FAR25000PE", "FARFUT", "SHARE", "INDEX"
CONTRACTS = (
    Contract(NEAR, "CE", 65, 5, EXPIRES),
    Contract(FAR, "PE", 65, 5, LATER),
    Contract(FUTURE, "FUT", 65, 10, LATER),
    Contract(SHARE, "EQ", 1, 5),
    Contract(INDEX, "INDEX", 1, 5),
)
STARTS = {NEAR: 10_000, FAR: 20_000, FUTURE: 50_000, SHARE: 30_000, INDEX: 2_500_000}
TRADED = (NEAR, FAR, FUTURE, SHARE)


class Generator:
    """One account over some of the days."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"gtt {seed}")
        self.prices = dict(STARTS)
        self.steps: list[Step] = []
        self.placed = 0
        self.is_halted = False
        self.lot = 65
        self.now = 0
        days = self.rng.choice((1, 2, 2, 3, 5))
        for day, (opens, closes) in enumerate(SESSIONS[:days]):
            self._day(day, opens, closes)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _day(self, day: int, opens: int, closes: int) -> None:
        self.now = opens - 5 * SECOND_NS
        if day and self.chance(0.5):
            lots = {}
            if self.chance(0.3):
                self.lot = 140 - self.lot
                lots = {FAR: self.lot}
            self._restart(lots)
        if self.chance(0.3):
            self._tick()  # before the session: nothing sees it
        self.now = opens
        for _ in range(self.rng.choice((15, 40, 80))):
            self.now += self.rng.choice((1, 1, 2, 3)) * SECOND_NS
            self._input()
            if self.chance(0.25):
                self._ask()
        self.now = closes
        self.steps.append(Wait(self.now))
        if self.chance(0.3):
            self.now += SECOND_NS
            self._ask()

    def _input(self) -> None:
        draw = self.rng.random()
        if draw < 0.03:
            self.steps.append(Wait(self.now))
        elif draw < 0.05:
            self._say("risk_active" if self.is_halted else "risk_halted")
        elif draw < 0.053:
            self._say("kill_switch")
        elif draw < 0.08:
            self._restart({})
        else:
            self._tick()

    def _say(self, word: str) -> None:
        if word != "kill_switch":
            self.is_halted = word == "risk_halted"
        self.steps.append(Say(self.now, word))

    def _restart(self, lots: dict[str, int]) -> None:
        self.steps.append(Restart(self.now, lots))
        self.steps.append(Wait(self.now))

    def _tick(self) -> None:
        symbol = self.rng.choice(TRADED)
        if symbol == NEAR and self.now >= EXPIRES:
            symbol = FAR
        moved = self.prices[symbol] + 10 * self.rng.randint(-30, 30)
        self.prices[symbol] = max(2_000, moved)
        self.steps.append(Tick(self.now, symbol, self.prices[symbol]))

    def _ask(self) -> None:
        """A person places, changes or deletes."""
        draw = self.rng.random()
        if draw < 0.15:
            self.steps.append(Delete(self.rng.randint(1, self.placed + 1)))
        elif draw < 0.35 and self.placed:
            self._change()
        else:
            after = SESSIONS[1][1] <= self.now < SESSIONS[2][0]
            terms = self._terms(self.rng.choice(TRADED[after:]))
            if self.chance(0.15):
                terms = self._wrong(terms)
            self.steps.append(Place(terms))
            self.placed += 1

    def _change(self) -> None:
        number = self.rng.randint(1, self.placed)
        known = [
            each.terms.symbol
            for each in self.steps
            if isinstance(each, Place) and each.terms.symbol in TRADED
        ]
        self.steps.append(Change(number, self._terms(self.rng.choice(known or [FAR]))))

    def _terms(self, symbol: str) -> Terms:
        ltp = self.prices[symbol]
        below, above = (ltp + way * 10 * self.rng.randint(1, 60) for way in (-1, 1))
        lot = {FAR: self.lot, SHARE: 1}.get(symbol, 65)
        product = self.rng.choice(("CNC", "CNC", "MIS")) if symbol == SHARE else "NRML"
        sides: tuple[Side, ...] = ("BUY", "SELL")
        legs = tuple(
            Leg(
                trigger=trigger,
                side=self.rng.choice(sides),
                quantity=lot * self.rng.randint(1, 3),
                price=trigger + 10 * self.rng.randint(-20, 20),
                product=product,
            )
            for trigger in (max(10, below), above)
        )
        if self.chance(0.5):
            legs = (self.rng.choice(legs),)
        return Terms(symbol, legs, ltp)

    def _wrong(self, terms: Terms) -> Terms:
        """Return the terms with one fault."""
        leg, rest = terms.legs[0], terms.legs[1:]
        kind = self.rng.randrange(9)
        if kind == 0:
            return replace(terms, symbol="NOBODY")
        if kind == 1:
            return replace(terms, symbol=INDEX)
        if kind == 2:
            return replace(terms, legs=(leg,) * 3 if self.chance(0.5) else ())
        if kind == 3 and terms.symbol != SHARE:
            return replace(terms, legs=(replace(leg, quantity=leg.quantity + 1), *rest))
        if kind == 4:
            return replace(terms, legs=(replace(leg, trigger=leg.trigger + 2), *rest))
        if kind == 5:
            return replace(terms, legs=(replace(leg, price=leg.price + 3), *rest))
        if kind == 6 and terms.symbol != SHARE:
            return replace(terms, legs=(replace(leg, product="MIS"), *rest))
        if kind == 7:
            return replace(terms, legs=(replace(leg, trigger=terms.last),))
        return replace(terms, legs=terms.legs[::-1] if rest else (replace(leg, price=0),))


def day_text(ts: int) -> str:
    """Return the ISO date of a time."""
    return ist_date(ts).isoformat()
