"""What the structs of a plan share: strict keys, times of day, exact numbers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from daemon.domain.dates import SECOND_NS
from daemon.domain.money import PAISE_PER_RUPEE, decimal_from

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\Z")]
"""A time of day, Indian: "09:20" or "09:20:00"."""
LegName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,20}\Z")]
"""A leg's id is the tag of its orders."""
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}\Z")]
"""An id of a plan."""
ExpiryWord = Literal["weekly", "next_weekly", "monthly", "next_monthly"]
Of = Literal["premium", "underlying"]
"""Whose price is watched: the chosen contract's, or the reference price of the underlying."""
Above0 = Annotated[float, Meta(gt=0, le=1e9)]
From0 = Annotated[float, Meta(ge=0, le=1e9)]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a plan as written; a key that it does not have is an error."""

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {}
    """What other programs call a key -> our key, for the hint of an unknown one."""


class Distance(Terms, frozen=True, kw_only=True):
    """A distance from a price: points (rupees) or percent of it, exactly one of them."""

    points: From0 | None = None
    percent: From0 | None = None

    def of(self, price_paise: int) -> Fraction:
        """Return the exact distance from this price, paise."""
        if self.points is not None:
            return exact_paise(self.points)
        return price_paise * exact(self.percent or 0) / 100


NO_DISTANCE: Final = Distance(points=0)


def exact(number: float) -> Fraction:
    """Return a number as the fraction that was written: 0.3 is 3/10."""
    return Fraction(decimal_from(number))


def exact_paise(rupees: float) -> Fraction:
    """Return rupees as exact paise, of a fraction too."""
    return exact(rupees) * PAISE_PER_RUPEE


def clock_ns(text: str) -> int:
    """Return a `Clock` as ns since midnight."""
    hours, minutes, seconds = [*map(int, text.split(":")), 0][:3]
    return (hours * 3600 + minutes * 60 + seconds) * SECOND_NS
