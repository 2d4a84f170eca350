"""How a plan names a strike, as data: one struct for each form in YAML.

Prices and points are whole paise; percentages, multiples and deltas are exact as written. `only`
keeps the choice out of the money (`otm`), for the rules that choose among premiums or deltas.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

How = Literal["closest", "at_least", "at_most"]
Only = Literal["otm"]


class AtOffset(msgspec.Struct, frozen=True, tag="atm"):
    """`ATM`, `OTM2`, `ITM1`, `{atm: n}`: the n-th listed strike from ATM, positive out of it."""

    steps: int


class AtmPercent(msgspec.Struct, frozen=True, tag="atm_percent"):
    """`{atm_percent: p}`: the strike nearest to ATM x (1 + p/100), for calls and puts alike."""

    percent: Decimal


class PremiumClosest(msgspec.Struct, frozen=True, tag="premium_closest"):
    """`{premium_closest: x}`: the premium nearest to x."""

    paise: int
    only: Only | None = None


class PremiumAtLeast(msgspec.Struct, frozen=True, tag="premium_at_least"):
    """`{premium_at_least: x}`: the lowest premium that is not below x."""

    paise: int
    only: Only | None = None


class PremiumAtMost(msgspec.Struct, frozen=True, tag="premium_at_most"):
    """`{premium_at_most: x}`: the highest premium that is not above x."""

    paise: int
    only: Only | None = None


class PremiumBetween(msgspec.Struct, frozen=True, tag="premium_between"):
    """`{premium_between: [a, b]}`: the premium from a to b that is nearest to their middle."""

    low_paise: int
    high_paise: int
    only: Only | None = None


class StraddleWidth(msgspec.Struct, frozen=True, tag="straddle_width"):
    """`{straddle_width: m}`: m times the ATM straddle's premium above (a put: below) ATM."""

    times: Decimal


class StraddlePercent(msgspec.Struct, frozen=True, tag="straddle_percent"):
    """`{straddle_percent: p, how: closest}`: by premium, x being p % of the ATM straddle's."""

    percent: Decimal
    how: How = "closest"
    only: Only | None = None


class DeltaClosest(msgspec.Struct, frozen=True, tag="delta_closest"):
    """`{delta_closest: d}`: the delta whose size is nearest to d."""

    delta: Decimal
    only: Only | None = None


class DeltaBetween(msgspec.Struct, frozen=True, tag="delta_between"):
    """`{delta_between: [a, b]}`: the delta of a size from a to b, nearest to their middle."""

    low: Decimal
    high: Decimal
    only: Only | None = None


class FromLegPoints(msgspec.Struct, frozen=True, tag="leg_points"):
    """`{leg: ce, points: 200}`: from that leg's strike, out of the money for this leg's type.

    `{leg: ce}` is the same strike, 0 points.
    """

    leg: str
    paise: int = 0


class FromLegSteps(msgspec.Struct, frozen=True, tag="leg_steps"):
    """`{leg: ce, steps: 4}`: as points, counted in listed strikes."""

    leg: str
    steps: int


class ExactStrike(msgspec.Struct, frozen=True, tag="strike"):
    """`24000`: this strike and no other."""

    paise: int


PremiumRule = PremiumClosest | PremiumAtLeast | PremiumAtMost | PremiumBetween
DeltaRule = DeltaClosest | DeltaBetween
FromLeg = FromLegPoints | FromLegSteps
StrikeRule = (
    AtOffset | AtmPercent | PremiumRule | StraddleWidth | StraddlePercent | DeltaRule | FromLeg
    | ExactStrike
)  # fmt: skip
