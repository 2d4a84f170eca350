"""A leg as written: what is traded, at which levels it leaves, when it comes back.

The rules P1 to P49 that the docstrings name are those of docs/PLANS.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from daemon.chain.strike_forms import parse_strike
from daemon.chain.strike_rules import AtOffset, StrikeRule
from daemon.domain.intent import ExitOverrides
from daemon.domain.order import Side
from daemon.plans.terms.base import (
    NO_DISTANCE,
    Above0,
    Clock,
    Distance,
    ExpiryWord,
    LegName,
    Of,
    Terms,
    clock_ns,
    exact,
    exact_paise,
)

ReentryKind = Literal["asap", "cost", "momentum", "lazy"]
ReentryWord = Literal[
    "asap", "asap_reverse", "cost", "cost_reverse", "momentum", "momentum_reverse", "lazy"
]
Most = Annotated[int, Meta(ge=1, le=20)]


class Level(Terms, frozen=True, kw_only=True):
    """A level of a leg: exactly one key, points and prices in rupees (P20, P21)."""

    points: Above0 | None = None
    percent: Above0 | None = None
    """Of the attempt's average entry."""
    price: Above0 | None = None
    underlying_points: Above0 | None = None
    underlying_percent: Above0 | None = None
    """Of the reference price at the fill."""

    @property
    def price_paise(self) -> Fraction | None:
        """Return a level that is a price, exact paise."""
        return None if self.price is None else exact_paise(self.price)

    @property
    def is_underlying(self) -> bool:
        """Return whether the underlying's price is compared (P21), not the premium."""
        return self.underlying_points is not None or self.underlying_percent is not None

    def distance(self, entry_paise: int) -> Fraction | None:
        """Return how far a relative premium level lies from the entry, exact paise; else None."""
        return _distance(self.points, self.percent, entry_paise)

    def underlying_distance(self, reference_paise: int) -> Fraction | None:
        """Return how far an underlying level lies from the reference, exact paise; else None."""
        return _distance(self.underlying_points, self.underlying_percent, reference_paise)


class Target(Level, frozen=True, kw_only=True):
    """Where a leg takes its profit."""


class Stop(Level, frozen=True, kw_only=True):
    """Where a leg gives up: a level, or the other end of its breakout's range (P49)."""

    range: Literal["opposite"] | None = None


class Trail(Terms, frozen=True, kw_only=True):
    """A stop that follows: `by` for every full `every` beyond the entry + `after` (P22)."""

    every: Distance
    by: Distance
    after: Distance = NO_DISTANCE
    lock: Distance | None = None
    """Where the stop stands, beyond the entry, once the move is `after`; null: by steps only."""

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {
        "x": "every", "y": "by", "move": "every", "instrument_move": "every",
        "stop_move": "by", "activate": "after", "lock_at": "lock",
    }  # fmt: skip


class Momentum(Terms, frozen=True, kw_only=True):
    """Wait until the price has gone this far from where it stood: exactly one of up, down (P12)."""

    up: Distance | None = None
    down: Distance | None = None
    of: Of = "premium"

    @property
    def is_up(self) -> bool:
        """Return whether a rise is waited for."""
        return self.up is not None

    @property
    def distance(self) -> Distance:
        """Return how far the price must go."""
        return self.up or self.down or NO_DISTANCE


class Breakout(Terms, frozen=True, kw_only=True):
    """Wait until the price leaves the range of [from, to) on one side, strictly (P13)."""

    from_: Clock = msgspec.field(name="from")
    to: Clock
    side: Literal["high", "low"]
    of: Of = "premium"
    strike_at: Literal["start", "breakout"] | None = None
    """When the strike is chosen, for `of: underlying`; null: at the breakout."""

    @property
    def from_ns(self) -> int:
        """Return where the range begins, ns since midnight."""
        return clock_ns(self.from_)

    @property
    def to_ns(self) -> int:
        """Return where the range ends, ns since midnight."""
        return clock_ns(self.to)

    @property
    def fixes_contract(self) -> bool:
        """Return whether the contract is chosen at `from`, not at the breakout."""
        return self.of == "premium" or self.strike_at == "start"


class Reentry(Terms, frozen=True, kw_only=True):
    """Enter once more after a stop, or after a target, at most `most` times (P32)."""

    as_: ReentryWord = msgspec.field(name="as")
    most: Most = 1
    leg: LegName | None = None
    """The lazy leg that takes over, for `as: lazy`."""
    cost_of: Literal["first", "last"] = "first"
    momentum: Momentum | None = None
    """What to wait for, for `as: momentum`; null: the leg's own."""

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {
        "type": "as", "count": "most", "max": "most", "times": "most", "lazy_leg": "leg",
        "wait_and_trade": "momentum",
    }  # fmt: skip

    @property
    def kind(self) -> ReentryKind:
        """Return how it is entered, without the side."""
        kind: Any = self.as_.removesuffix("_reverse")
        return kind  # type: ignore[no-any-return]

    @property
    def is_reverse(self) -> bool:
        """Return whether the side is opposite to that of the attempt that left."""
        return self.as_.endswith("_reverse")


class Leg(Terms, frozen=True, kw_only=True):
    """One line of a plan."""

    id: LegName
    side: Literal["buy", "sell"]
    type: Literal["CE", "PE", "FUT"]
    expiry: ExpiryWord
    strike: str | int | float | dict[str, Any] | None = None
    """As docs/PLANS.md lists; null: ATM for options, nothing for futures."""
    only: Literal["otm"] | None = None
    """Narrow a choice by premium or delta; the same key inside `strike` comes first."""
    lots: Annotated[int, Meta(ge=1, le=100_000)] = 1
    stop: Stop | None = None
    target: Target | None = None
    trail: Trail | None = None
    momentum: Momentum | None = None
    breakout: Breakout | None = None
    reentry_on_stop: Reentry | None = None
    reentry_on_target: Reentry | None = None
    levels_from: Literal["fill", "ltp"] = "fill"
    exits: ExitOverrides = ExitOverrides()
    """The engine's own exit settings for this leg, off unless written (P23)."""

    ALSO_CALLED: ClassVar[Mapping[str, str]] = {
        "sl": "stop", "stoploss": "stop", "tgt": "target", "tp": "target", "take_profit": "target",
        "tsl": "trail", "trail_sl": "trail", "wait_and_trade": "momentum", "wait": "momentum",
        "range_breakout": "breakout", "orb": "breakout", "qty": "lots", "quantity": "lots",
        "re_cost": "reentry_on_stop", "re_asap": "reentry_on_stop", "re_entry": "reentry_on_stop",
        "again_on_stop": "reentry_on_stop", "again_on_target": "reentry_on_target",
        "option_type": "type", "position": "side", "action": "side", "strike_price": "strike",
    }  # fmt: skip

    @property
    def strike_rule(self) -> StrikeRule | None:
        """Return the rule that chooses the strike, None for a future. Raises BadStrike."""
        if self.type == "FUT":
            return None
        rule = AtOffset(0) if self.strike is None else parse_strike(self.strike)
        return _narrowed(rule, self.only)

    @property
    def order_side(self) -> Side:
        """Return the side of the first attempt's order."""
        return "BUY" if self.side == "buy" else "SELL"

    @property
    def is_long(self) -> bool:
        """Return whether the leg is bought."""
        return self.side == "buy"

    @property
    def waits(self) -> bool:
        """Return whether the first entry waits for a trigger."""
        return self.momentum is not None or self.breakout is not None


def _narrowed(rule: StrikeRule, only: Literal["otm"] | None) -> StrikeRule:
    if only is None or getattr(rule, "only", only) is not None:
        return rule
    return msgspec.structs.replace(rule, only=only)


def _distance(points: float | None, percent: float | None, of_paise: int) -> Fraction | None:
    if points is not None:
        return exact_paise(points)
    return None if percent is None else of_paise * exact(percent) / 100
