"""The contracts around a price: what must be quoted so that one of them can be chosen (P8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.chain.strikes import OptionKind, Strikes

WIDE: Final = 25
"""Strikes on each side of ATM for a choice by premium, by delta or by a strategy of its own."""
KINDS: Final[tuple[OptionKind, ...]] = ("CE", "PE")


def contracts_around(strikes: Strikes, price_paise: int, each_side: int) -> Iterator[int]:
    """Yield the calls and puts of ATM and of `each_side` strikes below and above it."""
    for strike in strikes.around(strikes.atm(price_paise), each_side):
        yield from contracts_at(strikes, strike)


def contracts_at(strikes: Strikes, strike: int) -> Iterator[int]:
    """Yield the call and the put of a strike, as far as they are listed."""
    for kind in KINDS:
        index = strikes.index_of(strike, kind)
        if index is not None:
            yield index
