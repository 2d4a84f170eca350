"""Levels of a leg that the engine does not watch: the underlying's, and stops moved to cost."""

from __future__ import annotations

from daemon.domain.plan_round import Attempt
from daemon.plans.levels import has_underlying_level, leaves_by_range
from daemon.plans.run import PlanRun


def underlying_levels(run: PlanRun) -> None:
    """Leave by the last S of the timestamp; what filled in it takes its reference (P21)."""
    price, has_ticked = run.market.seen_reference(), run.market.reference_ticked()
    if price is None:
        return
    for attempt in list(run.active.attempts):
        if attempt.state != "OPEN" or not has_underlying_level(run.plan.leg(attempt.leg)):
            continue
        if not attempt.reference_paise:
            _refer(run, attempt, price)
        elif has_ticked:
            reason = reached(run, attempt, price)
            if reason:
                run.demand(attempt, reason)


def take_references(run: PlanRun) -> None:
    """Take the last S as the reference of what has just been filled."""
    price = run.market.seen_reference()
    if price is None:
        return
    for attempt in run.active.attempts:
        is_new = attempt.state == "OPEN" and not attempt.reference_paise
        if is_new and has_underlying_level(run.plan.leg(attempt.leg)):
            _refer(run, attempt, price)


def _refer(run: PlanRun, attempt: Attempt, price: int) -> None:
    numbers: dict[str, int | str] = {"attempt": attempt.number, "reference_paise": price}
    sources = [run.desk.last(index) for index in run.market.sources()]
    ages = [run.desk.now - quote.ts for quote in sources if quote is not None]
    if ages:
        numbers["age_ns"] = max(ages)
    run.note("reference", attempt.leg, numbers)


def reached(run: PlanRun, attempt: Attempt, price: int) -> str:
    """Return why an attempt leaves at a price of S, "" if it stays; the stop comes first."""
    stop, target = bounds(run, attempt)
    up = 1 if is_up_good(run, attempt) else -1
    if stop is not None and up * (price - stop) <= 0:
        return "leg_stop_underlying"
    if target is not None and up * (price - target) >= 0:
        return "leg_target_underlying"
    return ""


def bounds(run: PlanRun, attempt: Attempt) -> tuple[int | None, int | None]:
    """Return the last whole paise of S, seen from the position, that are its stop and target."""
    leg = run.plan.leg(attempt.leg)
    up = 1 if is_up_good(run, attempt) else -1
    reference = attempt.reference_paise
    stop = target = None
    if leg.stop is not None and (far := leg.stop.underlying_distance(reference)) is not None:
        stop = reference - up * -(-far // 1)
    if leg.target is not None and (far := leg.target.underlying_distance(reference)) is not None:
        target = reference + up * -(-far // 1)
    range_ = run.active.ranges.get(attempt.leg)
    if leaves_by_range(leg) and range_ is not None and leg.breakout is not None:
        is_high = leg.breakout.side == "high"
        stop = range_.low_paise - 1 if is_high else range_.high_paise + 1
    return stop, target


def is_up_good(run: PlanRun, attempt: Attempt) -> bool:
    """Return whether a rise of the underlying is in an attempt's favour (P21, P49).

    A stop at the other end of a range lies on its own side, whatever the leg's type.
    """
    leg = run.plan.leg(attempt.leg)
    if leaves_by_range(leg) and leg.breakout is not None:
        return leg.breakout.side == "high"
    return (attempt.side == "BUY") == (run.kind_of(attempt) != "PE")


def move_to_cost(run: PlanRun, left: Attempt) -> None:
    """Move the stops of the others to their entries after a stop (P31)."""
    spec = run.plan.move_to_cost
    if spec is None:
        return
    opposite = {"CE": "PE", "PE": "CE"}.get(run.kind_of(left))
    for attempt in run.active.attempts:
        if attempt.state != "OPEN":
            continue
        if spec.of == "opposite" and run.kind_of(attempt) != opposite:
            continue
        if isinstance(spec.of, tuple) and attempt.leg not in spec.of:
            continue
        _to_cost(run, attempt, with_charges=spec.with_charges)


def _to_cost(run: PlanRun, attempt: Attempt, *, with_charges: bool) -> None:
    position = run.desk.ledger.positions[attempt.order_id]
    stop = position.stop_paise
    cost: int | None = position.entry_paise
    if stop is None or attempt.sign * (position.entry_paise - stop) <= 0:
        return
    if with_charges:
        cost = run.desk.cost_with_charges(attempt.order_id)
    if cost is not None:
        run.desk.move_stop(attempt.order_id, cost, "to_cost")
