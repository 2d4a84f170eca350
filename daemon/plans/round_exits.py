"""The exits of a whole round: its P&L against stop, target, trail and lock (P40 to P45)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.plan_round import Numbers, RoundState
from daemon.levels.combined import ANY_PRICE
from daemon.levels.floors import Level, ceiling_of, floor_of, judge
from daemon.levels.intervals import Interval, interval, reach_of
from daemon.levels.stake import Stake, stake_of
from daemon.levels.terms import CombinedTerms, Money
from daemon.plans.round_terms import premiums, round_terms, steps_of
from daemon.plans.run import PlanRun

REASONS: Final[dict[Level, str]] = {
    "stop": "overall_stop",
    "trail": "overall_trail",
    "lock": "overall_lock",
    "target": "overall_target",
}
THIN: Final = 10
"""A net premium below a tenth of the gross one is thin."""
VALUED: Final = (RoundState.ENTERING, RoundState.OPEN)


def round_exits(run: PlanRun) -> None:
    """Leave by the P&L of the timestamp; a new best is kept in whole steps."""
    if not is_valued(run):
        return
    pnl, terms, steps = value(run), terms_of(run), steps_of(run.active)
    if pnl is None:
        return
    verdict = judge(terms, steps, pnl)
    age = _oldest_age(run)
    if verdict.reached is not None:
        level, name = verdict.reached
        numbers: Numbers = {"pnl_paise": exactly(pnl), "level_paise": exactly(level)}
        run.desk.count_value(age)
        run.leave(REASONS[name], numbers | ({"oldest_age_ns": age} if age >= 0 else {}))
        return
    gained = verdict.steps
    if gained != steps:
        run.desk.count_value(age)
    if gained.trail > steps.trail and terms.stop is not None and terms.trail is not None:
        level = gained.trail * terms.trail.by - terms.stop
        run.note("trail_step", numbers=_step(gained.trail, level))
    if gained.lock > steps.lock and terms.lock is not None:
        level = terms.lock.keep + gained.lock * terms.lock.by
        run.note("floor", numbers=_step(gained.lock, level))


def is_valued(run: PlanRun) -> bool:
    """Return whether the round's P&L may make it leave."""
    round_ = run.round
    if round_ is None or run.plan.overall is None:
        return False
    return round_.state in VALUED and round_.has_filled


def value(run: PlanRun) -> Money | None:
    """Return the round's P&L: realized and open at the last prices, whatever their age (P40).

    None after a start, until each of its contracts has shown a price.
    """
    stake = _stake(run)
    prices = _prices(run, stake)
    return stake.result(prices) if len(prices) == len(stake.quantities) else None


def _prices(run: PlanRun, stake: Stake) -> dict[int, int]:
    """Return the last prices that are known, paise."""
    found = {index: run.market.last(index) for index in stake.quantities}
    return {index: price for index, price in found.items() if price is not None}


def _stake(run: PlanRun) -> Stake:
    """Return what the P&L depends on: open quantities, and what no price changes."""
    round_, overall, ledger = run.active, run.plan.overall, run.desk.ledger
    realized: Money = sum(attempt.realized_paise for attempt in round_.attempts)
    if overall is not None and overall.count_charges:
        charges = sum(Fraction(attempt.charges) for attempt in round_.attempts)
        realized -= charges * PAISE_PER_RUPEE
    held = [
        (run.index_of(attempt.symbol), ledger.positions[attempt.order_id])
        for attempt in round_.attempts
        if attempt.order_id in ledger.positions
    ]
    return stake_of(held, realized)


# the levels


def terms_of(run: PlanRun) -> CombinedTerms:
    """Return the levels of the round's P&L as they are now."""
    universe = run.desk.universe
    return round_terms(run.plan, run.active, universe, universe[run.market.tradable[0]].lot_size)


def tell_of_basis(run: PlanRun) -> None:
    """Say where a percentage of the premium is of nearly nothing (P41)."""
    overall = run.plan.overall
    bounds = () if overall is None else (overall.stop, overall.target)
    if all(each is None or each.premium_share is None for each in bounds):
        return
    found = premiums(run.plan, run.active.attempts, run.desk.universe)
    net, gross = abs(sum(found)), sum(map(abs, found))
    if net * THIN < gross:
        reason = "thin_premium_basis" if net else "no_premium_basis"
        run.note(reason, numbers={"net_paise": net, "gross_paise": gross})


# between two valuations


def intervals(run: PlanRun) -> Iterator[tuple[int, Interval]]:
    """Yield the prices by instrument that end what is known of the P&L (the Cost paragraph)."""
    if not is_valued(run):
        return
    stake, terms, steps = _stake(run), terms_of(run), steps_of(run.active)
    if not stake.quantities:
        return
    prices = _prices(run, stake)
    if len(prices) < len(stake.quantities):
        for index in stake.quantities.keys() - prices.keys():
            yield index, ANY_PRICE
        return
    floor = floor_of(terms, steps)
    lowest = None if floor is None else floor.paise
    reach = reach_of(stake, stake.result(prices), lowest, ceiling_of(terms, steps))
    for index, quantity in stake.quantities.items():
        yield index, interval(quantity, prices[index], reach)


def is_overtaken(run: PlanRun) -> bool:
    """Return whether a floor that was just set lies above the P&L: the next timestamp leaves."""
    pnl = value(run) if is_valued(run) else None
    floor = None if pnl is None else floor_of(terms_of(run), steps_of(run.active))
    return pnl is not None and floor is not None and pnl <= floor.paise


def _oldest_age(run: PlanRun) -> int:
    """Return the age of the oldest price in the P&L, ns; -1 if it has none (P40)."""
    quotes = [run.desk.last(index) for index in _stake(run).quantities]
    return max((run.desk.now - quote.ts for quote in quotes if quote is not None), default=-1)


def _step(steps: int, level: Money) -> Numbers:
    return {"steps": steps, "floor_paise": exactly(level)}


def exactly(paise: Money) -> int | str:
    """Return exact paise as a whole number, else as text."""
    return paise.numerator if paise.denominator == 1 else str(paise)
