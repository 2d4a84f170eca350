"""What a calibration found, as values: what the terminal, the page and `--json` show."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.lab.calibrate.clock_offset import ClockOffset
from daemon.lab.calibrate.figures import Figures, Spread
from daemon.lab.calibrate.real_order import Omission

VERSION: Final = 1


class RuleError(msgspec.Struct, frozen=True, kw_only=True):
    """How wrong one fill rule with one latency is.

    `distance_ticks` is the mean of |real - paper|, which rules are compared by. `low_ticks` and
    `high_ticks` are what the mean error lies within in 95 % of the draws.
    """

    profile: str
    latency_ms: int
    distance_ticks: float
    figures: Figures
    low_ticks: float
    high_ticks: float


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """The rule, and where the times of sending are known the latency, that fits best.

    `fill_mode` and `latency_ms` are null where the draws cannot tell them from `alike_modes` and
    `alike_latencies_ms`, or where `withheld` says why nothing is suggested.
    """

    fill_mode: str | None
    nearest_mode: str
    alike_modes: list[str] = []
    latency_ms: int | None = None
    nearest_latency_ms: int | None = None
    alike_latencies_ms: list[int] = []
    withheld: str = ""
    withheld_because: str = ""
    """`few`, `clock` or ""."""


class Width(msgspec.Struct, frozen=True, kw_only=True):
    """How sure the nearest rule's mean error is: +- ticks, and the orders for +- 1 tick."""

    ticks: float
    orders_for_one_tick: int
    drawn_by: str
    """`day`, or `order` where there are too few days."""


class GroupError(msgspec.Struct, frozen=True, kw_only=True):
    """The orders of one group: mean error by profile, and the nearest rule's figures."""

    name: str
    orders: int
    mean_ticks: dict[str, float]
    figures: Figures


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many limit orders filled really, and on paper."""

    both: int = 0
    only_real: int = 0
    only_paper: int = 0
    neither: int = 0
    source: str = ""
    """How the paper side is known."""

    @property
    def orders(self) -> int:
        """Return how many there are."""
        return self.both + self.only_real + self.only_paper + self.neither


class MeasuredOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order: rupees, and its error in ticks by `profile` or `profile+latency`."""

    where: str
    order_id: str
    time: str
    symbol: str
    side: str
    quantity: int
    real: float
    errors_ticks: dict[str, float]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole outcome. `rules` are in the order of profiles, then latencies."""

    version: int = VERSION
    files: list[str]
    first_day: str
    last_day: str
    days: int
    orders: int
    seed: int
    has_latency: bool
    clock: ClockOffset | None
    rules: list[RuleError]
    suggestion: Suggestion
    width: Width
    slippage: Spread | None
    """Against the middle of bid and ask on arrival, in ticks; null without bid and ask."""
    slippage_rupees: float | None
    """Its mean in rupees an order."""
    groups: dict[str, list[GroupError]]
    limits: Limits | None
    unidentifiable: list[str]
    omissions: list[Omission]
    notes: list[str]
    measured: list[MeasuredOrder]

    @property
    def nearest(self) -> RuleError:
        """Return the nearest rule, at the nearest latency where that is measured."""
        latency = self.suggestion.nearest_latency_ms or 0
        return next(
            rule
            for rule in self.rules
            if rule.profile == self.suggestion.nearest_mode and rule.latency_ms == latency
        )
