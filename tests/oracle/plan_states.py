"""Words of the oracle of plans: a round, an attempt, and what may still enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any

from tests.oracle.plan_scenario import Contract, Plan

SERIAL = count()
STOPS = ("stop_loss", "trailing_stop", "to_cost", "leg_stop_underlying")
TARGETS = ("take_profit", "leg_target_underlying")


@dataclass(eq=False)
class Wait:
    """Something that may still enter: to be chosen, or to be triggered."""

    leg: str
    goal: str
    """choose, momentum, breakout, cost, roll."""
    side: str
    why: str
    deadline: int
    first: bool = False
    then: str = "enter"
    momentum: Mapping[str, Any] | None = None
    contract: Contract | None = None
    reference: Fraction | None = None
    since: int = 0
    above: bool | None = None
    """Cost: which side the exit was on; None: at E0."""
    rolled: Attempt | None = None
    serial: int = field(default_factory=lambda: next(SERIAL))


@dataclass(eq=False)
class Attempt:
    """One trade of the engine."""

    number: int
    round: Round
    leg: str
    n: int
    contract: Contract
    side: str
    quantity: int
    why: str
    sent: int
    state: str = "WORKING"
    """WORKING, OPEN, LEAVING, OVER, FAILED."""
    entry: int = 0
    filled_ts: int = -1
    stop: int | None = None
    target: int | None = None
    first_stop: int | None = None
    stop_reason: str = "stop_loss"
    best: int = 0
    reference: Fraction | None = None
    reason: str = ""
    exit: int = 0
    exit_ts: int = -1
    handled: bool = False
    queued: int = 0
    """Its place among what waits for a tick."""

    @property
    def long(self) -> bool:
        return self.side == "buy"

    @property
    def sign(self) -> int:
        return 1 if self.long else -1

    @property
    def filled(self) -> bool:
        return self.filled_ts >= 0

    def pnl(self, price: int) -> int:
        return self.sign * (price - self.entry) * self.quantity


@dataclass(eq=False)
class Round:
    """One execution of a plan."""

    plan: Plan
    id: str
    began: int
    state: str = "ARMED"
    flipped: bool = False
    batch: list[str] = field(default_factory=list)
    chosen: dict[str, Contract] | None = None
    held_back: list[str] = field(default_factory=list)
    code: str = "not_triggered"
    waits: list[Wait] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    overall_used: dict[str, int] = field(default_factory=dict)
    best: int = 0
    leaving: str = ""
    expiries: dict[str, str] = field(default_factory=dict)
    rolls: int = 0

    @property
    def over(self) -> bool:
        return self.state in ("DONE", "SKIPPED")

    @property
    def alive(self) -> list[Attempt]:
        return [each for each in self.attempts if each.state in ("WORKING", "OPEN", "LEAVING")]

    def leg(self, name: str) -> Mapping[str, Any]:
        lists = list(self.plan["legs"]) + list(self.plan.get("lazy_legs") or ())
        return next(leg for leg in lists if leg["id"] == name)

    def position(self, name: str) -> int:
        lists = list(self.plan["legs"]) + list(self.plan.get("lazy_legs") or ())
        return [leg["id"] for leg in lists].index(name)

    def side(self, name: str) -> str:
        side: str = self.leg(name)["side"]
        return side if not self.flipped else other(side)

    def quantity(self, name: str) -> int:
        lots: int = self.leg(name).get("lots", 1)
        return lots * int(self.plan.get("multiplier", 1))


def other(side: str) -> str:
    return "buy" if side == "sell" else "sell"
