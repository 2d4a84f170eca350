"""The contracts that a plan must see quoted today: its price S and a window of strikes (P8)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from msgspec import structs

from daemon.chain.choose_strike import leg_named
from daemon.chain.strike_rules import (
    AtmPercent,
    AtOffset,
    ExactStrike,
    FromLegPoints,
    FromLegSteps,
)
from daemon.chain.strikes import Strikes
from daemon.chain.window import WIDE, contracts_around, contracts_at
from daemon.plans.run import PlanRun
from daemon.plans.schedule import is_meant
from daemon.plans.terms.leg import Leg

SPARE: Final = 3
"""Strikes beyond the one that is meant now: what S may move until they are quoted."""
LONGEST_CHAIN: Final = 10
"""Legs that are named one by the other; `check` refuses circles."""


def wanted_contracts(run: PlanRun) -> Iterator[int]:
    """Yield what a plan looks at and may choose; nothing on a day without a round of it."""
    if run.round is None and not is_meant(run, run.today):
        return
    market = run.market
    yield from market.sources()
    if market.contracts.spot is not None:
        yield market.contracts.spot
    price = market.seen_reference()
    for leg in _legs(run):
        date = market.expiry_of(leg, run.today)
        if date is None:
            continue
        if leg.type == "FUT":
            if date in market.contracts.futures:
                yield market.contracts.futures[date]
            continue
        strikes = market.contracts.options.get(date)
        if strikes is not None:
            yield from _window(run, leg, strikes, price)


def _legs(run: PlanRun) -> Iterator[Leg]:
    """Yield all legs, and each as it is after a roll."""
    plan = run.plan
    for leg in (*plan.legs, *plan.lazy_legs):
        yield leg
        if plan.roll is not None:
            yield structs.replace(leg, expiry=plan.roll.to)


def _window(run: PlanRun, leg: Leg, strikes: Strikes, price: int | None) -> Iterator[int]:
    if isinstance(leg.strike_rule, ExactStrike):
        yield from contracts_at(strikes, leg.strike_rule.paise)
    if price is None:
        spot = run.market.contracts.spot
        price = None if spot is None else run.market.last(spot)
    if price is not None:
        yield from contracts_around(strikes, price, _reach(run, leg, strikes, price) + SPARE)


def _reach(run: PlanRun, leg: Leg, strikes: Strikes, price: int) -> int:
    """Return how many strikes from ATM the leg's contract may be."""
    reach = 0
    for _ in range(LONGEST_CHAIN):
        rule = leg.strike_rule
        match rule:
            case AtOffset():
                return reach + abs(rule.steps)
            case AtmPercent():
                level = price * (1 + Fraction(rule.percent) / 100)
                return reach + _steps(strikes, price, level)
            case ExactStrike():
                return reach + _steps(strikes, price, rule.paise)
            case FromLegPoints():
                reach += _steps(strikes, price, price + rule.paise)
            case FromLegSteps():
                reach += abs(rule.steps)
            case _:
                return reach + WIDE
        leg = run.plan.leg(leg_named(rule) or leg.id)
    return reach + WIDE


def _steps(strikes: Strikes, price: int, level: int | Fraction) -> int:
    """Return how many listed strikes lie between a price and a level."""
    return abs(bisect_left(strikes.listed, level) - bisect_left(strikes.listed, price))
