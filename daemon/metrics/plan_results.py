"""What plans came to, by plan, leg and attempt: metrics, summary, report, export and page say it.

One fold, the ledger's (`daemon/domain/plan_tally.py`), and what rounds that are not over have made
so far on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from daemon.domain.ledger import Ledger
from daemon.domain.money import whole_paise
from daemon.domain.plan_round import Attempt
from daemon.domain.plan_tally import STOPS, PlanTally, ResultTally
from daemon.metrics.fill_quality import rupees_2dp

_NOTHING: Final = Decimal(0)


class Money(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Gross of what was closed, all charges, and the lowest net of one; paise, rupees, paise."""

    gross_paise: int = 0
    charges: Decimal = _NOTHING
    worst_paise: int | None = None

    @property
    def charges_paise(self) -> int:
        """Return the charges, whole paise."""
        return whole_paise(self.charges)

    @property
    def net_paise(self) -> int:
        """Return gross less charges, whole paise."""
        return self.gross_paise - self.charges_paise

    def in_rupees(self) -> dict[str, float | None]:
        """Return the figures with the names of files."""
        worst = self.worst_paise
        return {
            "gross_pnl": rupees_2dp(self.gross_paise),
            "charges": rupees_2dp(self.charges_paise),
            "net_pnl": rupees_2dp(self.net_paise),
            "worst_net_pnl": None if worst is None else rupees_2dp(worst),
        }


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the trades of a leg came to that were its `attempt`-th entry in their round, from 0."""

    leg: str
    attempt: int
    trades: int
    """Those that are over."""
    won: int
    stops: int
    open: int
    """Trades that are not over."""
    money: Money

    def in_rupees(self) -> dict[str, Any]:
        """Return the row with the names of files."""
        return {
            "leg": self.leg,
            "attempt": self.attempt,
            "trades": self.trades,
            "wins": self.won,
            "stops": self.stops,
            "open": self.open,
            **self.money.in_rupees(),
        }


class PlanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the rounds of a plan came to, those that are not over with what they realized so far."""

    plan: str
    done: int
    """Rounds that traded and are over."""
    running: int
    """Rounds that are not over."""
    skipped: Mapping[str, int]
    """Rounds in which nothing was filled, by reason."""
    won: int
    stops: int
    money: Money
    legs: Sequence[AttemptResult]

    @property
    def rounds(self) -> int:
        """Return all rounds that were begun."""
        return self.done + self.running + self.skips

    @property
    def skips(self) -> int:
        """Return the rounds in which nothing was filled."""
        return sum(self.skipped.values())

    def in_rupees(self) -> dict[str, Any]:
        """Return the plan as metrics and summary.json keep it."""
        return {
            "rounds": self.rounds,
            "done": self.done,
            "running": self.running,
            "skipped": dict(self.skipped),
            "wins": self.won,
            "stops": self.stops,
            **self.money.in_rupees(),
            "legs": [leg.in_rupees() for leg in self.legs],
        }


def plan_results(ledger: Ledger) -> list[PlanResult]:
    """Return the result of each plan that ever began a round, by name."""
    running: dict[str, list[Attempt]] = {}
    for round_ in ledger.rounds.values():
        running.setdefault(round_.plan, []).extend(round_.attempts)
    counts = [round_.plan for round_ in ledger.rounds.values()]
    return [
        _plan(name, ledger.plans[name], running.get(name, []), counts.count(name))
        for name in sorted(ledger.plans)
    ]


def _plan(name: str, tally: PlanTally, attempts: Sequence[Attempt], running: int) -> PlanResult:
    return PlanResult(
        plan=name,
        done=tally.done.count,
        running=running,
        skipped=dict(sorted(tally.skipped.items())),
        won=tally.done.won,
        stops=tally.done.stops + _stops(attempts),
        money=_money(tally.done, attempts),
        legs=tuple(_legs(tally, attempts)),
    )


def _legs(tally: PlanTally, attempts: Sequence[Attempt]) -> list[AttemptResult]:
    """Return a result for each leg and number of an attempt, by name and number."""
    now: dict[tuple[str, int], list[Attempt]] = {}
    for attempt in attempts:
        if attempt.filled:
            now.setdefault((attempt.leg, attempt.number), []).append(attempt)
    known = {(leg, number) for leg, numbers in tally.legs.items() for number in numbers}
    return [
        _attempts(leg, number, tally.legs.get(leg, {}).get(number), now.get((leg, number), []))
        for leg, number in sorted(known | now.keys())
    ]


def _attempts(
    leg: str, number: int, over: ResultTally | None, now: Sequence[Attempt]
) -> AttemptResult:
    tally = ResultTally() if over is None else over
    still_open = [each for each in now if each.is_alive]
    ended = [each for each in now if not each.is_alive]
    nets = [each.realized_paise - whole_paise(each.charges) for each in ended]
    money = _money(tally, now)
    worst = min((*nets, *_known(tally.worst_paise)), default=None)
    return AttemptResult(
        leg=leg,
        attempt=number,
        trades=tally.count + len(ended),
        won=tally.won + sum(net > 0 for net in nets),
        stops=tally.stops + _stops(ended),
        open=len(still_open),
        money=msgspec.structs.replace(money, worst_paise=worst),
    )


def _known(paise: int | None) -> tuple[int, ...]:
    return () if paise is None else (paise,)


def _stops(attempts: Sequence[Attempt]) -> int:
    return sum(not each.is_alive and each.reason in STOPS for each in attempts)


def _money(tally: ResultTally, attempts: Sequence[Attempt]) -> Money:
    """Return what is over and what the attempts of rounds that are not have realized."""
    return Money(
        gross_paise=tally.gross_paise + sum(each.realized_paise for each in attempts),
        charges=tally.charges + sum((each.charges for each in attempts), _NOTHING),
        worst_paise=tally.worst_paise,
    )
