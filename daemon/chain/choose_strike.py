"""Choose a strike of one expiry by its rule (P3 to P8)."""

from __future__ import annotations

from fractions import Fraction

from daemon.chain.candidates import (
    aim_at,
    choose_by_delta,
    choose_by_premium,
    delta_aim,
    premium_aim,
)
from daemon.chain.choice import Choice, Never, NotYet, rupees_of, rupees_shown
from daemon.chain.option_chain import Money, OptionChain, no_strike
from daemon.chain.reference import outside_window, window_numbers
from daemon.chain.strike_rules import (
    AtmPercent,
    AtOffset,
    DeltaBetween,
    DeltaClosest,
    ExactStrike,
    FromLegPoints,
    FromLegSteps,
    PremiumAtLeast,
    PremiumAtMost,
    PremiumBetween,
    PremiumClosest,
    StraddlePercent,
    StraddleWidth,
    StrikeRule,
)
from daemon.chain.strikes import OptionKind, away

ByMoney = (
    AtOffset | AtmPercent | PremiumClosest | PremiumAtLeast | PremiumAtMost | PremiumBetween
    | StraddleWidth | StraddlePercent | DeltaClosest | DeltaBetween
)  # fmt: skip
"""The rules that count from ATM; the others need no reference price."""


def choose_fixed(
    rule: ExactStrike | FromLegPoints | FromLegSteps,
    kind: OptionKind,
    chain: OptionChain,
    money: Money | None,
    leg_strike: int | None,
) -> Choice:
    """Return the contract of a rule that needs no reference price.

    `leg_strike` is the strike in paise of the leg that the rule names; `money` is for the basis
    only. Raises ValueError without that strike: the order of choices is the caller's.
    """
    match rule:
        case ExactStrike(paise):
            return chain.take(paise, kind, money, {})
        case FromLegPoints(leg, paise):
            return _from_leg_points(_known(leg, leg_strike), paise, kind, chain, money)
        case FromLegSteps(leg, steps):
            return _from_leg_steps(_known(leg, leg_strike), steps, kind, chain, money)


def choose_by_money(rule: ByMoney, kind: OptionKind, chain: OptionChain, money: Money) -> Choice:
    """Return the contract of a rule that counts from ATM."""
    match rule:
        case AtOffset(steps):
            return _at_offset(steps, kind, chain, money)
        case AtmPercent(percent):
            level = money.atm_paise * (1 + Fraction(percent) / 100)
            return _nearest(level, money.atm_paise, kind, chain, money, {})
        case StraddleWidth(times):
            width = _straddle(chain, money)
            if not isinstance(width, int):
                return width
            level = money.atm_paise + away(kind) * Fraction(times) * width
            # a tie goes to the lower strike, for calls and puts alike (P6)
            numbers = {"width": rupees_of(width)}
            return _nearest(level, chain.strikes.lowest, kind, chain, money, numbers)
        case StraddlePercent(percent, how, only):
            width = _straddle(chain, money)
            if not isinstance(width, int):
                return width
            aim = aim_at(Fraction(percent) * width / 100, how)
            return choose_by_premium(aim, only, kind, chain, money)
        case DeltaClosest(only=only) | DeltaBetween(only=only):
            return choose_by_delta(delta_aim(rule), only, kind, chain, money)
        case _:
            return choose_by_premium(premium_aim(rule), rule.only, kind, chain, money)


def leg_named(rule: StrikeRule) -> str | None:
    """Return the leg whose strike a rule starts from, None if it names none."""
    match rule:
        case FromLegPoints(leg=leg) | FromLegSteps(leg=leg):
            return leg
        case _:
            return None


def _at_offset(steps: int, kind: OptionKind, chain: OptionChain, money: Money) -> Choice:
    strike = chain.strikes.step(money.atm_paise, steps * away(kind))
    if strike is None:
        return _beyond("ATM", money.atm_paise, steps, chain)
    return chain.take(strike, kind, money, {})


def _from_leg_steps(
    base: int, steps: int, kind: OptionKind, chain: OptionChain, money: Money | None
) -> Choice:
    strike = chain.strikes.step(base, steps * away(kind))
    if strike is None:
        if steps == 0:
            return no_strike(chain.expiry, base, kind)
        return _beyond("the leg's strike", base, steps, chain)
    return chain.take(strike, kind, money, {"leg_strike": rupees_of(base)})


def _from_leg_points(
    base: int, points: int, kind: OptionKind, chain: OptionChain, money: Money | None
) -> Choice:
    """Choose the strike nearest to the leg's plus points; a tie goes towards the money."""
    if points == 0:
        return chain.take(base, kind, money, {"leg_strike": rupees_of(base)})
    strikes, level = chain.strikes, base + away(kind) * points
    if not strikes.holds(level):
        return outside_window("the level from the leg's strike", level, strikes)
    strike = strikes.nearest(level, tie_to=level - away(kind) * abs(points))
    if points > 0 and strike == base:  # never the other leg's own strike
        further = strikes.step(base, away(kind))
        assert further is not None, "the level lies beyond the base and within the strikes"
        strike = further
    numbers = {"leg_strike": rupees_of(base), "level": rupees_of(level)}
    return chain.take(strike, kind, money, numbers)


def _nearest(
    level: Fraction,
    tie_to: int,
    kind: OptionKind,
    chain: OptionChain,
    money: Money,
    numbers: dict[str, float],
) -> Choice:
    if not chain.strikes.holds(level):
        return outside_window("the level", level, chain.strikes)
    strike = chain.strikes.nearest(level, tie_to=tie_to)
    return chain.take(strike, kind, money, numbers | {"level": rupees_of(level)})


def _straddle(chain: OptionChain, money: Money) -> int | Never | NotYet:
    """Return W, the premium of the ATM call and put together, in paise."""
    atm = money.atm_paise
    for kind in ("CE", "PE"):
        if chain.strikes.index_of(atm, kind) is None:
            return no_strike(chain.expiry, atm, kind)
    call, put = chain.premium(atm, "CE"), chain.premium(atm, "PE")
    if call is None or put is None:
        missing = " and ".join(kind for kind, each in (("CE", call), ("PE", put)) if each is None)
        return NotYet(
            "no_premium",
            f"the {missing} of the straddle at {rupees_shown(atm)} has no price that is believed"
            " now",
            {"strike": rupees_of(atm)},
        )
    return call + put


def _beyond(what: str, strike: int, steps: int, chain: OptionChain) -> Never:
    strikes = chain.strikes
    return Never(
        "outside_window",
        f"{steps:+d} strikes from {what}, {rupees_shown(strike)}, is outside the strikes of the"
        f" run, {rupees_shown(strikes.lowest)} to {rupees_shown(strikes.highest)}",
        window_numbers(strikes) | {"from": rupees_of(strike), "steps": float(steps)},
    )


def _known(leg: str, strike: int | None) -> int:
    if strike is None:
        raise ValueError(f"expected the strike of leg {leg!r} before one that starts from it")
    return strike
