"""Choose among premiums or deltas: P5 and P7, down to the last tie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from daemon.chain.choice import Choice, NotYet, WaitReason, rupees_of, rupees_shown
from daemon.chain.option_chain import COVERED_STEPS, Money, OptionChain, moneyness
from daemon.chain.strike_rules import (
    DeltaBetween,
    DeltaClosest,
    DeltaRule,
    How,
    Only,
    PremiumAtLeast,
    PremiumAtMost,
    PremiumBetween,
    PremiumClosest,
    PremiumRule,
)
from daemon.chain.strikes import Exact, OptionKind

Candidate = tuple[int, Exact]
"""A strike in paise and what its rule compares: a premium in paise, or the size of a delta."""


class Aim(NamedTuple):
    """Which values may be chosen, and how far one is from the best; smaller is better."""

    low: Exact | None
    high: Exact | None
    target: Exact
    lower_first: bool
    """Of two values as far away, whether the lower is better (P5, `premium_closest`)."""

    def allows(self, value: Exact) -> bool:
        """Return whether a value lies within the ends that are given, both included."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def rank(self, value: Exact) -> tuple[Exact, Exact]:
        """Return what candidates are ordered by before the last tie."""
        distance: Exact = abs(Fraction(value) - self.target)
        return distance, value if self.lower_first else 0


def premium_aim(rule: PremiumRule) -> Aim:
    """Return the aim of a premium rule, in paise."""
    match rule:
        case PremiumClosest(paise):
            return aim_at(paise, "closest")
        case PremiumAtLeast(paise):
            return aim_at(paise, "at_least")
        case PremiumAtMost(paise):
            return aim_at(paise, "at_most")
        case PremiumBetween(low, high):
            return Aim(low, high, Fraction(low + high, 2), lower_first=False)


def aim_at(premium: Exact, how: How) -> Aim:
    """Return the aim at one premium in paise."""
    low = premium if how == "at_least" else None
    high = premium if how == "at_most" else None
    return Aim(low, high, premium, lower_first=how == "closest")


def delta_aim(rule: DeltaRule) -> Aim:
    """Return the aim of a delta rule, as sizes between 0 and 1."""
    match rule:
        case DeltaClosest(delta):
            return Aim(None, None, Fraction(delta), lower_first=False)
        case DeltaBetween(low, high):
            ends = Fraction(low), Fraction(high)
            return Aim(*ends, (ends[0] + ends[1]) / 2, lower_first=False)


def best(candidates: Iterable[Candidate], aim: Aim, atm: int) -> Candidate | None:
    """Return the best candidate, whatever their order; the last tie is nearer to ATM, then lower.

    None where no value is allowed.
    """

    def order(candidate: Candidate) -> tuple[Exact, Exact, int, int]:
        strike, value = candidate
        return *aim.rank(value), abs(strike - atm), strike

    allowed = (candidate for candidate in candidates if aim.allows(candidate[1]))
    return min(allowed, key=order, default=None)


def choose_by_premium(
    aim: Aim, only: Only | None, kind: OptionKind, chain: OptionChain, money: Money
) -> Choice:
    """Return the contract whose premium the aim prefers; `no_premium` if it has none yet."""
    thin = _thin("no_premium", kind, chain, money)
    if thin is not None:
        return thin
    candidates = _narrowed(list(chain.premiums(kind)), only, kind, money)
    found = best(candidates, aim, money.atm_paise)
    if found is None:
        return NotYet(
            "no_premium",
            f"none of {len(candidates)} {kind} premiums of {chain.expiry} is"
            f" {_ends(aim, rupees_shown)}",
            {"candidates": float(len(candidates)), "wanted": rupees_of(Fraction(aim.target))},
        )
    strike, premium = found
    numbers = {"wanted": rupees_of(Fraction(aim.target)), "premium": rupees_of(Fraction(premium))}
    return chain.take(strike, kind, money, numbers)


def choose_by_delta(
    aim: Aim, only: Only | None, kind: OptionKind, chain: OptionChain, money: Money
) -> Choice:
    """Return the contract whose delta the aim prefers; `no_delta` if it has none yet."""
    thin = _thin("no_delta", kind, chain, money)
    if thin is not None:
        return thin
    candidates = _narrowed(list(chain.delta_sizes(kind)), only, kind, money)
    found = best(candidates, aim, money.atm_paise)
    if found is None:
        return NotYet(
            "no_delta",
            f"none of {len(candidates)} {kind} deltas of {chain.expiry} is {_ends(aim, _size)}",
            {"candidates": float(len(candidates)), "wanted": float(aim.target)},
        )
    strike, size = found
    return chain.take(strike, kind, money, {"wanted": float(aim.target), "delta": float(size)})


def _thin(reason: WaitReason, kind: OptionKind, chain: OptionChain, money: Money) -> NotYet | None:
    """Return why the quotes near ATM are too few to choose from, None if half are there."""
    believed, every = chain.coverage(kind, money.atm_paise)
    if 2 * believed >= every > 0:
        return None
    return NotYet(
        reason,
        f"only {believed} of the {every} {kind} within {COVERED_STEPS} strikes of"
        f" {rupees_shown(money.atm_paise)} have a premium that is believed now",
        {"believed": float(believed), "strikes": float(every)},
    )


def _narrowed(
    candidates: Sequence[Candidate], only: Only | None, kind: OptionKind, money: Money
) -> list[Candidate]:
    return [
        (strike, value)
        for strike, value in candidates
        if only is None or moneyness(strike, money.atm_paise, kind) == only
    ]


def _ends(aim: Aim, shown: Callable[[Exact], str]) -> str:
    if aim.low is not None and aim.high is not None:
        return f"from {shown(aim.low)} to {shown(aim.high)}"
    if aim.low is not None:
        return f"{shown(aim.low)} or more"
    return f"{shown(aim.high)} or less" if aim.high is not None else "to be had"


def _size(delta: Exact) -> str:
    return f"{float(delta):g}"
