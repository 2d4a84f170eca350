"""A round of a plan: one execution of it, as the journal tells it.

Plans are written and decided in `daemon/plans`; here is only what their events say. Prices in
paise, times UTC ns.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec

from daemon.domain.order import Side

Goal = Literal["choose", "momentum", "breakout", "cost", "roll"]
AfterKind = Literal["", "stop", "target"]
AttemptState = Literal["WORKING", "OPEN", "LEAVING", "OVER", "FAILED"]


class RoundState(StrEnum):
    """The state of a round."""

    ARMED = "ARMED"
    WAITING = "WAITING"
    ENTERING = "ENTERING"
    OPEN = "OPEN"
    EXITING = "EXITING"
    DONE = "DONE"
    SKIPPED = "SKIPPED"

    __hash__ = str.__hash__


_S = RoundState
NEXT_ROUND_STATES: Final[dict[RoundState, frozenset[RoundState]]] = {
    _S.ARMED: frozenset({_S.WAITING, _S.SKIPPED}),
    _S.WAITING: frozenset({_S.WAITING, _S.ENTERING, _S.OPEN, _S.SKIPPED}),
    _S.ENTERING: frozenset({_S.ENTERING, _S.OPEN, _S.EXITING, _S.SKIPPED}),
    _S.OPEN: frozenset({_S.OPEN, _S.EXITING, _S.DONE}),
    _S.EXITING: frozenset({_S.EXITING, _S.DONE}),
    _S.DONE: frozenset(),
    _S.SKIPPED: frozenset(),
}
assert set(NEXT_ROUND_STATES) == set(RoundState)
ROUND_OVER: Final = frozenset({_S.DONE, _S.SKIPPED})


Told = dict[str, int | float | str]
"""What a contract was chosen from, for people: prices in rupees."""


class LegWait(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What a leg waits for before it may enter; a leg waits for one thing at most.

    `goal` says what: to be chosen, a momentum from `reference_paise`, a breakout, `cost` (the price
    comes back to `reference_paise` from where the exit filled, `is_above` it or not; None: at it),
    or its roll. `why` is the reason of the entry. `until` is when the wait is given up, 0 = it is
    not. `after` says whether a stop or a target of an attempt led here, and `of_leg` whose.
    """

    leg: str
    goal: Goal
    why: str
    side: Side
    is_first: bool = False
    until: int = 0
    since: int = 0
    symbol: str = ""
    """The contract, once it is chosen."""
    basis: Told = {}
    reference_paise: int = 0
    is_above: bool | None = None
    after: AfterKind = ""
    of_leg: str = ""
    of_order: str = ""
    """The order that left, of a roll: the one that is rolled."""


class LegRange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The range of a breakout that is over, and the contract if it was fixed at its start."""

    high_paise: int
    low_paise: int
    symbol: str = ""


class Attempt(msgspec.Struct, kw_only=True, gc=False):
    """The n-th entry of a leg in a round: one trade. OVER has left, FAILED never was in."""

    order_id: str
    leg: str
    number: int
    symbol: str
    side: Side
    quantity: int
    why: str
    state: AttemptState = "WORKING"
    filled: int = 0
    cost_paise: int = 0
    exited: int = 0
    exit_value_paise: int = 0
    realized_paise: int = 0
    charges: Decimal = Decimal(0)
    reason: str = ""
    """Why it left, or failed."""
    reference_paise: int = 0
    """The underlying at its fill, 0 = not taken yet or not needed."""
    ended_ts: int = 0

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.side == "BUY" else -1

    @property
    def is_alive(self) -> bool:
        """True while it works, is open or leaves."""
        return self.state in ("WORKING", "OPEN", "LEAVING")

    @property
    def entry_paise(self) -> int:
        """The average entry to the nearest paisa, half up."""
        return (2 * self.cost_paise + self.filled) // (2 * self.filled) if self.filled else 0

    @property
    def exit_paise(self) -> int:
        """The average exit to the nearest paisa, half up."""
        return (2 * self.exit_value_paise + self.exited) // (2 * self.exited) if self.exited else 0


class Round(msgspec.Struct, kw_only=True, gc=False):
    """One execution of a plan. `batch` has the contract of each leg that enters at once.

    A contract is "" until it is chosen. `overall_used` counts from the scheduled round.
    """

    plan: str
    round_id: str
    began: int
    state: RoundState = RoundState.ARMED
    is_reversed: bool = False
    at_once: bool = False
    """Every leg enters at once, whatever it would wait for."""
    batch: dict[str, str] = {}
    bases: dict[str, Told] = {}
    """From what those of the batch were chosen that wait for their hedges."""
    waits: dict[str, LegWait] = {}
    attempts: list[Attempt] = []
    used: dict[str, int] = {}
    """Re-entries by `leg/stop` and `leg/target`."""
    overall_used: dict[str, int] = {}
    trail_steps: int = 0
    lock_steps: int = -1
    """Steps of the lock beyond its first floor, -1 = nothing is locked."""
    ranges: dict[str, LegRange] = {}
    expiries: dict[str, str] = {}
    rolls: int = 0
    leaving: str = ""

    @property
    def is_over(self) -> bool:
        """True if nothing may follow."""
        return self.state in ROUND_OVER

    @property
    def is_chosen(self) -> bool:
        """True once the contracts of the first batch are chosen."""
        return "" not in self.batch.values()

    @property
    def has_filled(self) -> bool:
        """True if anything was ever filled."""
        return any(attempt.filled for attempt in self.attempts)

    @property
    def alive(self) -> list[Attempt]:
        """The attempts that are not over, by number."""
        return [attempt for attempt in self.attempts if attempt.is_alive]

    @property
    def symbols(self) -> set[str]:
        """The contracts that the round names: of its attempts, and of what waits."""
        found = {attempt.symbol for attempt in self.attempts} | set(self.batch.values())
        found |= {wait.symbol for wait in self.waits.values()}
        found |= {each.symbol for each in self.ranges.values()}
        return found - {""}

    def by_order(self, order_id: str) -> Attempt | None:
        """Return the attempt that is an order."""
        return next((each for each in self.attempts if each.order_id == order_id), None)

    def last_of(self, leg: str) -> Attempt | None:
        """Return the last attempt of a leg."""
        return next((each for each in reversed(self.attempts) if each.leg == leg), None)


Numbers = dict[str, int | str]


class NotAdmitted(NamedTuple):
    """Why an entry of a plan is refused, with the numbers that were compared."""

    reason: str
    numbers: Numbers


class RoundMove(NamedTuple):
    """What a round does: its new state (or the same), why, and what belongs to it."""

    to: RoundState
    reason: str
    leg: str = ""
    batch: dict[str, str] | None = None
    bases: dict[str, Told] | None = None
    waits: tuple[LegWait, ...] | None = None
    numbers: Numbers | None = None


class AttemptName(NamedTuple):
    """Which entry of which leg a trade is: the `number`-th in its round, from 0."""

    plan: str
    round_id: str
    leg: str
    number: int

    @property
    def text(self) -> str:
        """Return it as people read it within its plan: ce#0."""
        return f"{self.leg}#{self.number}"


class PlanOrigin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The place of an order in a plan: its leg's `attempt`-th entry in a round, from 0.

    `basis` is what the contract was chosen from.
    """

    plan: str
    round: str
    leg: str
    attempt: int
    basis: Told
