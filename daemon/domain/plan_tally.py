"""What the rounds of a plan have come to, since its journal began: kept by the ledger.

Every face shows these sums, so that all show the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.domain.money import whole_paise
from daemon.domain.plan_round import Attempt, Round, RoundState

STOPS: Final = frozenset({"stop_loss", "trailing_stop", "to_cost", "leg_stop_underlying"})
"""The reasons of exits that count as a stop (P30 to P32)."""
_NOTHING: Final = Decimal(0)


class ResultTally(msgspec.Struct, kw_only=True, gc=False):
    """What rounds that traded came to, or the trades of a leg's attempts with one number."""

    count: int = 0
    won: int = 0
    """Those whose net was above 0."""
    stops: int = 0
    """Trades that left by a stop."""
    gross_paise: int = 0
    charges: Decimal = _NOTHING
    worst_paise: int | None = None
    """The lowest net of one."""

    @property
    def net_paise(self) -> int:
        """Gross less charges, whole paise."""
        return self.gross_paise - whole_paise(self.charges)

    def add(self, attempts: list[Attempt]) -> None:
        """Count what attempts have come to together."""
        gross = sum(each.realized_paise for each in attempts)
        charges = sum((each.charges for each in attempts), _NOTHING)
        net = gross - whole_paise(charges)
        self.count += 1
        self.won += net > 0
        self.stops += sum(each.reason in STOPS for each in attempts)
        self.gross_paise += gross
        self.charges += charges
        self.worst_paise = net if self.worst_paise is None else min(net, self.worst_paise)


class PlanTally(msgspec.Struct, kw_only=True, gc=False):
    """The rounds of a plan: those of its last day (ISO) by number, and all by result."""

    day: str = ""
    rounds: int = 0
    """Begun on `day`."""
    ended_ts: int = 0
    """When the last one that traded ended, UTC ns."""
    done: ResultTally = msgspec.field(default_factory=ResultTally)
    """Rounds that traded and are over."""
    skipped: dict[str, int] = {}
    """Rounds in which nothing was filled, by reason."""
    legs: dict[str, dict[int, ResultTally]] = {}
    """The trades of those rounds, by leg and by number of the attempt."""

    def take(self, over: Round, reason: str) -> None:
        """Count a round that is over; `reason` is that of its last move."""
        if over.state is RoundState.SKIPPED:
            self.skipped[reason] = self.skipped.get(reason, 0) + 1
            return
        self.done.add(over.attempts)
        for attempt in over.attempts:
            if attempt.filled:
                self.of(attempt).add([attempt])

    def of(self, attempt: Attempt) -> ResultTally:
        """Return the tally of a leg's attempts with this one's number; create it on first use."""
        numbers = self.legs.setdefault(attempt.leg, {})
        return numbers.setdefault(attempt.number, ResultTally())
