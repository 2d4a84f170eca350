"""What became of a choice: chosen, not choosable yet, or never (P5a)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

import msgspec

from daemon.domain.money import PAISE_PER_RUPEE

WaitReason = Literal["no_reference", "no_premium", "no_delta", "no_strike"]
"""Reasons that the market may still remove: tried again until `within_s` has passed.

`no_strike` is one of a leg whose strike is that of another, which has none yet.
"""
FinalReason = Literal["no_strike", "no_expiry", "outside_window"]
"""Reasons that no tick removes: final at once."""
Moneyness = Literal["itm", "atm", "otm"]


class Basis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a choice was made from: prices in paise, 0 where the rule looked at none.

    `numbers` holds what the rule compared, in rupees or its own unit, for people and the journal.
    """

    expiry: str
    reference_paise: int = 0
    atm_paise: int = 0
    moneyness: Moneyness | None = None
    numbers: Mapping[str, float] = {}


class Chosen(msgspec.Struct, frozen=True):
    """A contract, by its index in the universe. The strike is 0 for a future."""

    index: int
    strike_paise: int
    basis: Basis


class NotYet(msgspec.Struct, frozen=True):
    """No choice now; the next moment may bring one. `text` says why in one line."""

    reason: WaitReason
    text: str
    numbers: Mapping[str, float] = {}


class Never(msgspec.Struct, frozen=True):
    """No choice, and none at any later moment of the day. `text` says why in one line."""

    reason: FinalReason
    text: str
    numbers: Mapping[str, float] = {}


Choice = Chosen | NotYet | Never


def rupees_of(paise: int | Fraction) -> float:
    """Return exact paise as the nearest float of rupees, for people and JSON only."""
    return float(Fraction(paise) / PAISE_PER_RUPEE)


def rupees_shown(paise: int | Fraction) -> str:
    """Format exact paise as rupees without groups or idle zeros: 17440.475, 24000."""
    value = Fraction(paise) / PAISE_PER_RUPEE
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.4f}".rstrip("0")
