"""The options of one expiry at one moment: what a strike rule looks at."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import msgspec

from daemon.chain.choice import Basis, Choice, Chosen, Moneyness, Never, rupees_of, rupees_shown
from daemon.chain.quotes import Deltas, Quotes, believed_paise
from daemon.chain.strikes import OptionKind, Strikes, away
from daemon.domain.money import decimal_from

COVERED_STEPS: Final = 5
"""How far from ATM premiums must be known before one is chosen (P5)."""


class Money(msgspec.Struct, frozen=True):
    """Where the money is: the reference price and the listed strike nearest to it, in paise."""

    reference_paise: int
    atm_paise: int


class OptionChain:
    """One expiry's strikes with the quotes and deltas of one moment."""

    def __init__(
        self, expiry: str, strikes: Strikes, quotes: Quotes, deltas: Deltas | None = None
    ) -> None:
        self.expiry: Final = expiry
        self.strikes: Final = strikes
        self._quotes: Final = quotes
        self._deltas: Final = deltas

    def premium(self, strike: int, kind: OptionKind) -> int | None:
        """Return a contract's believed last price in paise, None without one."""
        index = self.strikes.index_of(strike, kind)
        return None if index is None else believed_paise(self._quotes, index)

    def premiums(self, kind: OptionKind) -> Iterator[tuple[int, int]]:
        """Yield (strike, believed premium in paise) of every candidate of a type (P5)."""
        for strike in self.strikes.of_kind(kind):
            paise = self.premium(strike, kind)
            if paise is not None:
                yield strike, paise

    def delta_sizes(self, kind: OptionKind) -> Iterator[tuple[int, Fraction]]:
        """Yield (strike, |delta|) of every candidate of a type that has a delta (P7)."""
        for strike, _ in self.premiums(kind):
            index = self.strikes.index_of(strike, kind)
            if self._deltas is None or index is None:
                continue
            delta = self._deltas.delta(index)
            if delta is not None:
                yield strike, abs(Fraction(decimal_from(delta)))

    def coverage(self, kind: OptionKind, atm: int) -> tuple[int, int]:
        """Return (believed, all) of a type's contracts within five listed strikes of ATM."""
        near = [
            strike
            for strike in self.strikes.around(atm, COVERED_STEPS)
            if self.strikes.index_of(strike, kind) is not None
        ]
        return sum(self.premium(strike, kind) is not None for strike in near), len(near)

    def take(
        self, strike: int, kind: OptionKind, money: Money | None, numbers: dict[str, float]
    ) -> Choice:
        """Return the contract of a listed strike as chosen, `no_strike` if this type lacks it."""
        index = self.strikes.index_of(strike, kind)
        if index is None:
            return no_strike(self.expiry, strike, kind)
        where = None if money is None else moneyness(strike, money.atm_paise, kind)
        basis = Basis(
            expiry=self.expiry,
            reference_paise=0 if money is None else money.reference_paise,
            atm_paise=0 if money is None else money.atm_paise,
            moneyness=where,
            numbers=numbers,
        )
        return Chosen(index, strike, basis)


def moneyness(strike: int, atm: int, kind: OptionKind) -> Moneyness:
    """Return on which side of ATM a strike lies for a type, as `ITM1` and `OTM1` count."""
    distance = (strike - atm) * away(kind)
    if distance == 0:
        return "atm"
    return "otm" if distance > 0 else "itm"


def no_strike(expiry: str, strike: int, kind: OptionKind) -> Never:
    """Return the refusal of a strike that the run cannot trade."""
    return Never(
        "no_strike",
        f"{rupees_shown(strike)} {kind} of {expiry} is not among the contracts of the run",
        {"strike": rupees_of(strike)},
    )
