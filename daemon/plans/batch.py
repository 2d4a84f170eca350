"""The first batch: sent at once, hedges first, complete in time or not (P10, P11, P16)."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.chain.choice import Basis
from daemon.domain.plan_round import Attempt, RoundState, Told
from daemon.plans.run import PlanRun, told_of


def send_batch(run: PlanRun, symbols: dict[str, str], bases: Mapping[str, Basis]) -> None:
    """Ask all gates once for the whole batch, then send it (P16)."""
    entry = run.plan.entry
    intents = [
        run.intent_of(leg, symbol, run.side_of(leg), "entry") for leg, symbol in symbols.items()
    ]
    refusals = run.desk.refusals(intents, hedges_first=entry.hedges_first)
    refused = [each for each in refusals if each is not None]
    is_all_or_none = entry.if_incomplete == "unwind"
    if is_all_or_none and not refused:
        short = run.desk.shortfall(intents, hedges_first=entry.hedges_first)
        refused = [] if short is None else [short]
    if refused and (is_all_or_none or len(refused) == len(symbols)):
        numbers = {"code": refused[0].reason} | refused[0].numbers
        run.move(RoundState.SKIPPED, "nothing_filled", numbers)
        return
    told = {leg: told_of(basis) for leg, basis in bases.items()}
    first = _sent_first(run, list(symbols))
    later = {leg: basis for leg, basis in told.items() if leg not in first}
    run.move(RoundState.ENTERING, "entry", batch=symbols, bases=later or None)
    for leg in first:
        _send(run, leg, told.get(leg))


def _sent_first(run: PlanRun, legs: list[str]) -> list[str]:
    """Return the legs that are sent at once: hedges alone, where there are any to wait for."""
    if not run.plan.entry.hedges_first:
        return legs
    bought = [leg for leg in legs if run.side_of(leg) == "BUY"]
    return bought or legs


def _send(run: PlanRun, leg: str, basis: Told | None) -> None:
    run.send(leg, run.active.batch[leg], run.side_of(leg), "entry", basis)


def batch_progress(run: PlanRun) -> None:
    """Send what waits for its hedges, and say when the batch is over (P30a, 6)."""
    first = _first_attempts(run)
    if any(attempt.state == "FAILED" for attempt in first.values()):
        give_up_batch(run)
        return
    if not all(attempt.filled >= attempt.quantity for attempt in first.values()):
        return
    waiting = [leg for leg in run.active.batch if leg not in first]
    for leg in waiting:
        _send(run, leg, run.active.bases.get(leg))
    if waiting:
        batch_progress(run)
    else:
        run.move(RoundState.OPEN, "complete")


def _first_attempts(run: PlanRun) -> dict[str, Attempt]:
    round_ = run.active
    return {
        attempt.leg: attempt
        for attempt in round_.attempts
        if attempt.number == 0 and attempt.leg in round_.batch
    }


def give_up_batch(run: PlanRun) -> None:
    """Unwind an incomplete batch, or keep what is filled; shorts without their hedges are not sent.

    Under `keep` a leg that waited for a hedge which failed is not sent any more.
    """
    round_ = run.active
    if run.plan.entry.if_incomplete == "unwind" or not round_.has_filled:
        run.leave("leg_incomplete")
        return
    for attempt in _first_attempts(run).values():
        if attempt.state == "WORKING":
            run.demand(attempt, "leg_incomplete")
    run.move(RoundState.OPEN, "kept")
