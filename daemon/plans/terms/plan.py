"""A plan as written: when it is entered and left, its legs, and the levels of the whole round.

The rules P1 to P49 that the docstrings name are those of docs/PLANS.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from daemon.domain.dates import SECOND_NS
from daemon.domain.intent import Product
from daemon.plans.terms.base import (
    Above0,
    Clock,
    ExpiryWord,
    LegName,
    Name,
    Terms,
    clock_ns,
    exact,
    exact_paise,
)
from daemon.plans.terms.leg import Leg, Most

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Dte = Annotated[int, Meta(ge=0, le=100)]
"""Sessions to the nearest expiry of the legs (P48); 0 = it expires today."""
Dates = tuple[dt.date, ...]


class Entry(Terms, frozen=True, kw_only=True):
    """When a round begins, and how its first batch is sent (P10, P11)."""

    at: Clock
    until: Clock | None = None
    """When waiting first entries end; null: at the exit."""
    order: Literal["market"] = "market"
    hedges_first: bool = True
    within_s: Annotated[float, Meta(gt=0, le=3600)] = 30
    if_incomplete: Literal["unwind", "keep"] = "unwind"

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {"time": "at", "hedge_first": "hedges_first"}

    @property
    def at_ns(self) -> int:
        """Return the entry time, ns since midnight."""
        return clock_ns(self.at)

    @property
    def until_ns(self) -> int | None:
        """Return when waiting first entries end, ns since midnight."""
        return None if self.until is None else clock_ns(self.until)

    @property
    def within_ns(self) -> int:
        """Return how long a batch may take, ns."""
        return round(exact(self.within_s) * SECOND_NS)


class Exit(Terms, frozen=True, kw_only=True):
    """When a round ends: today, `dte` sessions before the expiry, or `sessions` after the entry."""

    at: Clock
    dte: Dte | None = None
    sessions: Annotated[int, Meta(ge=0, le=1000)] | None = None

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {"time": "at"}

    @property
    def at_ns(self) -> int:
        """Return the time of day, ns since midnight."""
        return clock_ns(self.at)


class MoveToCost(Terms, frozen=True, kw_only=True):
    """Whose stops go to their entry after a leg's stop (P31)."""

    of: Literal["opposite", "all"] | tuple[LegName, ...] = "opposite"
    with_charges: bool = False


class OverallLevel(Terms, frozen=True, kw_only=True):
    """A level of the round's P&L: exactly one key (P41, P42)."""

    rupees: Above0 | None = None
    points: Above0 | None = None
    """Times the smallest leg quantity."""
    premium_percent: Above0 | None = None
    """Of the net premium of the legs that filled first."""

    @property
    def rupees_paise(self) -> Fraction | None:
        """Return an amount of money, exact paise."""
        return None if self.rupees is None else exact_paise(self.rupees)

    @property
    def points_paise(self) -> Fraction | None:
        """Return points for each unit, exact paise."""
        return None if self.points is None else exact_paise(self.points)

    @property
    def premium_share(self) -> Fraction | None:
        """Return the share of the net premium: 15 % is 3/20."""
        return None if self.premium_percent is None else exact(self.premium_percent) / 100


class OverallTrail(Terms, frozen=True, kw_only=True):
    """How the overall stop follows the best P&L, rupees (P43)."""

    every: Above0
    by: Above0

    @property
    def every_paise(self) -> Fraction:
        """Return a step of the P&L, exact paise."""
        return exact_paise(self.every)

    @property
    def by_paise(self) -> Fraction:
        """Return how far the stop moves for a step, exact paise."""
        return exact_paise(self.by)


class Lock(Terms, frozen=True, kw_only=True):
    """Once the P&L was `at`, leave at `keep`, which grows `by` for each `every`, rupees (P44)."""

    at: Above0
    keep: Annotated[float, Meta(ge=-1e9, le=1e9)]
    every: Above0 | None = None
    by: Above0 | None = None

    @property
    def at_paise(self) -> Fraction:
        """Return the P&L from which the profit is locked, exact paise."""
        return exact_paise(self.at)

    @property
    def keep_paise(self) -> Fraction:
        """Return the first floor, exact paise."""
        return exact_paise(self.keep)

    @property
    def every_paise(self) -> Fraction | None:
        """Return a step of the P&L, exact paise; None: the floor stays."""
        return None if self.every is None else exact_paise(self.every)

    @property
    def by_paise(self) -> Fraction | None:
        """Return how far the floor moves for a step, exact paise."""
        return None if self.by is None else exact_paise(self.by)


class OverallReentry(Terms, frozen=True, kw_only=True):
    """Begin another round after an overall exit, at most `most` times from the first (P45)."""

    as_: Literal["asap", "asap_reverse", "momentum", "momentum_reverse"] = msgspec.field(name="as")
    most: Most = 1

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {"type": "as", "count": "most", "max": "most"}

    @property
    def waits(self) -> bool:
        """Return whether legs with a trigger wait for it once more."""
        return self.as_.startswith("momentum")

    @property
    def is_reverse(self) -> bool:
        """Return whether each leg's side is opposite to that of the round before."""
        return self.as_.endswith("_reverse")


class Overall(Terms, frozen=True, kw_only=True):
    """The levels of the round's P&L (P40 to P45)."""

    stop: OverallLevel | None = None
    target: OverallLevel | None = None
    trail: OverallTrail | None = None
    lock: Lock | None = None
    reentry_on_stop: OverallReentry | None = None
    reentry_on_target: OverallReentry | None = None
    count_charges: bool = False

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {
        "sl": "stop", "mtm_sl": "stop", "max_loss": "stop", "tgt": "target", "mtm_target": "target",
        "max_profit": "target", "tsl": "trail", "lock_and_trail": "lock", "lock_profit": "lock",
        "again_on_stop": "reentry_on_stop", "again_on_target": "reentry_on_target",
    }  # fmt: skip


class Roll(Terms, frozen=True, kw_only=True):
    """When open legs move to a later expiry, and how often at most (P47)."""

    dte: Dte
    at: Clock
    to: ExpiryWord
    max: Annotated[int, Meta(ge=1, le=1000)] = 12

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {"time": "at", "most": "max", "expiry": "to"}

    @property
    def at_ns(self) -> int:
        """Return the time of day, ns since midnight."""
        return clock_ns(self.at)


class Plan(Terms, frozen=True, kw_only=True):
    """A strategy of legs; each of its executions is a round."""

    id: Name
    enabled: bool = True
    underlying: str
    """As in the dump's column `name`: NIFTY, BANKNIFTY, RELIANCE, ..."""
    reference: Literal["spot", "future", "synthetic"] = "spot"
    days: Annotated[tuple[Day, ...], Meta(min_length=1)] | None = None
    """Weekdays on which a round begins; null: each session."""
    dte: Annotated[tuple[Dte, ...], Meta(min_length=1)] | None = None
    """Sessions to the nearest expiry at which a round begins; null: any."""
    skip_dates: Dates = ()
    only_dates: Dates | None = None
    multiplier: Annotated[int, Meta(ge=1, le=100_000)] = 1
    """Times every leg's lots."""
    entry: Entry
    exit: Exit | None = None
    product: Product = "MIS"
    no_reentry_after: Clock | None = None
    square_off: Literal["partial", "complete"] = "partial"
    move_to_cost: MoveToCost | None = None
    one_of: tuple[LegName, ...] | None = None
    """Legs of which the first that fills drops the others."""
    overall: Overall | None = None
    legs: Annotated[tuple[Leg, ...], Meta(min_length=1, max_length=50)]
    lazy_legs: Annotated[tuple[Leg, ...], Meta(max_length=50)] = ()
    roll: Roll | None = None

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {
        "name": "id", "symbol": "underlying", "index": "underlying", "mtm": "overall",
        "hedge_first": "entry", "hedges_first": "entry", "sl": "overall", "stop": "overall",
        "tgt": "overall", "target": "overall", "lock_and_trail": "overall",
        "move_sl_to_cost": "move_to_cost", "trail_to_break_even": "move_to_cost",
        "weekdays": "days", "lots": "multiplier", "no_reentry": "no_reentry_after",
        "rollover": "roll", "lazy": "lazy_legs",
    }  # fmt: skip

    @property
    def no_reentry_after_ns(self) -> int | None:
        """Return when re-entries end, ns since midnight."""
        return None if self.no_reentry_after is None else clock_ns(self.no_reentry_after)

    def leg(self, name: str) -> Leg:
        """Return a leg or a lazy leg by its id. Raises KeyError."""
        for leg in (*self.legs, *self.lazy_legs):
            if leg.id == name:
                return leg
        raise KeyError(name)


class Plans(Terms, frozen=True, kw_only=True):
    """The plans in their order."""

    items: list[Plan] = msgspec.field(default_factory=list, name="list")
