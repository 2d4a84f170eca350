"""Rounds of plans as the fold of their events and of those of their orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.domain.dates import ist_date
from daemon.domain.errors import InvalidTransition
from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderCreated,
    OrderMoved,
    RoundMoved,
    TradingEvent,
)
from daemon.domain.order import OrderState
from daemon.domain.plan_round import (
    NEXT_ROUND_STATES,
    Attempt,
    LegRange,
    LegWait,
    Round,
    RoundState,
)
from daemon.domain.plan_tally import PlanTally

ENDS_A_WAIT: Final = frozenset({"dropped", "not_reentered"})
SKIPPED_LEG: Final = frozenset({OrderState.REJECTED, OrderState.CANCELLED})


def moment_of(event: TradingEvent) -> int:
    """Return when an event was due, or when it was decided, UTC ns."""
    return event.due_ts or event.ts


def fold_round(rounds: dict[str, Round], tallies: dict[str, PlanTally], event: RoundMoved) -> Round:
    """Fold an event into the rounds that are not over; return its round.

    Raises InvalidTransition for a move that is not in the table.
    """
    found = rounds.get(event.round)
    if found is None:
        found = rounds[event.round] = _begin(tallies, event)
    to = RoundState(event.to_state)
    if to not in NEXT_ROUND_STATES[found.state] or event.from_state != found.state:
        raise InvalidTransition(event.round, found.state, to)
    found.state = to
    if event.batch is not None:
        found.batch, found.bases = dict(event.batch), dict(event.bases or {})
    if event.reason in ENDS_A_WAIT:
        found.waits.pop(event.leg, None)
    for wait in event.waits or ():
        _wait(found, wait)
    _FOLDS.get(event.reason, _nothing)(found, event)
    if to is RoundState.EXITING or (found.is_over and not found.leaving):
        found.leaving = found.leaving or event.reason
        found.waits.clear()
    if found.is_over:
        tally = tallies[event.plan]
        tally.take(found, event.reason)
        if to is RoundState.DONE:
            tally.ended_ts = moment_of(event)
        del rounds[event.round]
    return found


def _begin(tallies: dict[str, PlanTally], event: RoundMoved) -> Round:
    day = ist_date(moment_of(event)).isoformat()
    tally = tallies.setdefault(event.plan, PlanTally())
    if tally.day != day:
        tally.day, tally.rounds = day, 0
    tally.rounds += 1
    return Round(plan=event.plan, round_id=event.round, began=moment_of(event))


def _wait(round_: Round, wait: LegWait) -> None:
    """Let a leg wait; the first word of a re-entry counts it."""
    known = round_.waits.get(wait.leg)
    round_.waits[wait.leg] = wait
    is_same = known is not None and known.of_order == wait.of_order
    if wait.after and not is_same:
        key = f"{wait.of_leg}/{wait.after}"
        round_.used[key] = round_.used.get(key, 0) + 1


# what the reasons say


def _nothing(round_: Round, event: RoundMoved) -> None:
    """Most reasons say nothing beyond the state and the waits."""


def _started(round_: Round, event: RoundMoved) -> None:
    numbers = event.numbers or {}
    if event.to_state != RoundState.WAITING:
        return
    round_.is_reversed = bool(numbers.get("is_reversed"))
    round_.at_once = bool(numbers.get("at_once"))
    for kind in ("stop", "target"):
        used = numbers.get(f"used_on_{kind}")
        if used is not None:
            round_.overall_used[kind] = int(used)


def _ranged(round_: Round, event: RoundMoved) -> None:
    numbers = event.numbers or {}
    wait = round_.waits.get(event.leg)
    round_.ranges[event.leg] = LegRange(
        high_paise=int(numbers["high_paise"]),
        low_paise=int(numbers["low_paise"]),
        symbol="" if wait is None else wait.symbol,
    )


def _trailed(round_: Round, event: RoundMoved) -> None:
    round_.trail_steps = int((event.numbers or {})["steps"])


def _locked(round_: Round, event: RoundMoved) -> None:
    round_.lock_steps = int((event.numbers or {})["steps"])


def _referred(round_: Round, event: RoundMoved) -> None:
    """Take the underlying's price at the fill of an attempt; that of a momentum is in its wait."""
    number = (event.numbers or {}).get("attempt")
    for attempt in round_.attempts:
        if attempt.leg == event.leg and attempt.number == number:
            attempt.reference_paise = int((event.numbers or {})["reference_paise"])


def _rolled(round_: Round, event: RoundMoved) -> None:
    if event.from_state == event.to_state:
        round_.rolls += 1
        to = str((event.numbers or {})["to"])
        round_.expiries |= {wait.leg: to for wait in event.waits or ()}


def _leaves(round_: Round, event: RoundMoved) -> None:
    round_.leaving = str((event.numbers or {})["because"])
    round_.waits.clear()


_FOLDS: Final = {
    "entry": _started,
    "reentry": _started,
    "range": _ranged,
    "trail_step": _trailed,
    "floor": _locked,
    "reference": _referred,
    "roll": _rolled,
    "leaving": _leaves,
}


# orders


def fold_created(rounds: dict[str, Round], event: OrderCreated) -> None:
    """Fold a new order of a round: its leg waits for nothing any more."""
    round_ = rounds.get(event.round)
    if round_ is None:
        return
    round_.waits.pop(event.leg, None)
    round_.attempts.append(
        Attempt(
            order_id=event.order_id,
            leg=event.leg,
            number=event.attempt,
            symbol=event.tradingsymbol,
            side=event.transaction_type,
            quantity=event.quantity,
            why=event.note,
        )
    )


def fold_attempt(rounds: dict[str, Round], event: OrderMoved | ExchangeOrderMoved) -> None:
    """Fold what happened to an order, if it is of a round."""
    attempt = attempt_of(rounds, event.order_id)
    if attempt is None:
        return
    if isinstance(event, ExchangeOrderMoved):
        if event.fill is not None:
            (_exited if event.is_exit else _entered)(attempt, event.fill)
        return
    to = event.to_state
    if to is OrderState.FILLED:
        assert event.fill is not None
        attempt.state = "OPEN"
        _entered(attempt, event.fill)
    elif to in SKIPPED_LEG:
        attempt.state, attempt.reason, attempt.ended_ts = "FAILED", event.reason, event.ts
    elif event.demand is not None:
        attempt.state, attempt.reason = "LEAVING", event.reason
    elif event.fill is not None:
        _exited(attempt, event.fill)
        attempt.state = "OPEN"
    if to is OrderState.CLOSED:
        attempt.state, attempt.reason, attempt.ended_ts = "OVER", event.reason, event.ts


def attempt_of(rounds: dict[str, Round], order_id: str) -> Attempt | None:
    """Return the attempt that is an order, None if no round has it."""
    for round_ in rounds.values():
        for attempt in reversed(round_.attempts):
            if attempt.order_id == order_id:
                return attempt
    return None


def _entered(attempt: Attempt, fill: Fill) -> None:
    attempt.filled += fill.quantity
    attempt.cost_paise += fill.price_paise * fill.quantity
    attempt.charges += Decimal(fill.charges.total)


def _exited(attempt: Attempt, fill: Fill) -> None:
    attempt.exited += fill.quantity
    attempt.exit_value_paise += fill.price_paise * fill.quantity
    attempt.realized_paise += fill.realized_paise
    attempt.charges += Decimal(fill.charges.total)
