"""The plans: their round, its legs, its result against its levels, and why nothing happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.domain.dates import ist_date
from daemon.domain.plan_round import Round, RoundState
from daemon.levels.floors import floor_of
from daemon.levels.terms import CombinedTerms, Money
from daemon.metrics.plan_results import PlanResult, plan_results
from daemon.plans.round_terms import premiums, round_terms, steps_of
from daemon.plans.terms.leg import Reentry
from daemon.plans.terms.plan import OverallReentry, Plan
from daemon.visible import visible
from daemon.web.fold.rows import Row, ms
from daemon.web.panels.plan_legs import leg_rows, result_paise, waiting_rows
from daemon.web.panels.view import View

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NO_LEVELS: Final = CombinedTerms()


def plans_panel(view: View) -> list[Row]:
    """Return the configured plans, then those with a round that are configured no more."""
    plans = view.plans
    results = {result.plan: result for result in plan_results(view.book.ledger)}
    rounds = {round_.plan: round_ for round_ in view.book.ledger.rounds.values()}
    names = [*plans, *(name for name in rounds if name not in plans)]
    return [
        _row(view, name, plans.get(name), rounds.get(name), results.get(name)) for name in names
    ]


def _row(
    view: View, name: str, plan: Plan | None, round_: Round | None, result: PlanResult | None
) -> Row:
    why_off = _why_off(view, name, plan)
    return {
        "plan": visible(name),
        "underlying": None if plan is None else visible(plan.underlying),
        "is_on": why_off is None,
        "why_off": why_off,
        "round": visible(view.book.round_lines.round_of(name) or "") or None,
        "state": None if round_ is None else str(round_.state),
        "began_ms": None if round_ is None else ms(round_.began),
        "status": _status(view, name, plan, round_),
        "legs": [] if round_ is None else [*leg_rows(view, round_), *waiting_rows(round_)],
        "reentries": [] if plan is None or round_ is None else list(_reentries(plan, round_)),
        "lines": view.book.round_lines.of(name),
        **_levels(view, plan, round_),
        **_results(result),
    }


def _why_off(view: View, name: str, plan: Plan | None) -> str | None:
    switches = view.book.process.switches(view.clock)
    if name in switches.strategies_off:
        return "switched off by a person"
    if plan is None:
        return "not in the configuration any more"
    return None if plan.enabled else "not enabled in the configuration"


# why nothing happens


def _status(view: View, name: str, plan: Plan | None, round_: Round | None) -> str | None:
    """Return why no round runs, None while one does."""
    if round_ is not None or plan is None:
        return None
    tally = view.book.ledger.plans.get(name)
    if tally is not None and tally.day == view.day and tally.rounds:
        return "Today's round is over"
    if not plan.enabled or not view.clock:
        return None
    other_day = _other_day(view, plan)
    if other_day:
        return f"No round today: {other_day}"
    if not view.is_past(plan.entry.at_ns):
        return f"No round yet: it begins at {plan.entry.at}"
    if plan.dte is not None:
        sessions = ", ".join(map(str, plan.dte))
        return f"No round today: it begins {sessions} sessions before the expiry"
    return "No round today: none was begun by a daemon that ran"


def _other_day(view: View, plan: Plan) -> str:
    """Return why today is no day of a plan, empty if it may be one."""
    today = ist_date(view.clock)
    if today in plan.skip_dates:
        return "the date is one of skip_dates"
    if plan.only_dates is not None and today not in plan.only_dates:
        return "the date is not one of only_dates"
    if plan.days is not None and _WEEKDAYS[today.weekday()] not in plan.days:
        return f"it trades on {', '.join(plan.days)}"
    return ""


# levels and results


def _levels(view: View, plan: Plan | None, round_: Round | None) -> Row:
    """Return the round's result and its levels, paise of P&L."""
    credit = None if plan is None or round_ is None else _credit(view, plan, round_)
    counts = plan is not None and plan.overall is not None and plan.overall.count_charges
    pnl = None if round_ is None else result_paise(view, round_, counts_charges=counts)
    terms = _NO_LEVELS if plan is None or round_ is None else _terms(view, plan, round_)
    floor = None if round_ is None else floor_of(terms, steps_of(round_))
    lowest = None if floor is None else _whole(floor.paise)
    target = None if terms.target is None else _whole(terms.target)
    return {
        "credit_paise": credit,
        "pnl_paise": pnl,
        "counts_charges": counts,
        "stop_paise": None if terms.stop is None else -_whole(terms.stop),
        "floor_paise": lowest,
        "floor_by": None if floor is None else floor.level,
        "to_floor_paise": None if pnl is None or lowest is None else pnl - lowest,
        "target_paise": target,
        "to_target_paise": None if pnl is None or target is None else target - pnl,
    }


def _terms(view: View, plan: Plan, round_: Round) -> CombinedTerms:
    """Return the levels, none while a contract of the round is not known here."""
    universe = view.universe
    if any(universe.index_of(attempt.symbol) is None for attempt in round_.attempts):
        return _NO_LEVELS
    lots = (each.lot_size for each in universe if each.name == plan.underlying)
    return round_terms(plan, round_, universe, max(lots, default=0))


def _credit(view: View, plan: Plan, round_: Round) -> int | None:
    """Return the premium taken in less what was paid by the first entries; None before them."""
    universe = view.universe
    known = [each for each in round_.attempts if universe.index_of(each.symbol) is not None]
    found = [each for each in premiums(plan, known, universe) if each]
    return -sum(found) if found else None


def _whole(paise: Money) -> int:
    return round(paise)


def _results(result: PlanResult | None) -> Row:
    """Return what the rounds of a plan came to, since the journal began."""
    if result is None:
        names = ("rounds", "done", "won", "skips", "net_paise", "worst_paise", "skipped")
        return dict.fromkeys(names)
    skipped = ", ".join(f"{reason} {number}" for reason, number in result.skipped.items())
    return {
        "rounds": result.rounds,
        "done": result.done,
        "won": result.won,
        "skips": result.skips,
        "net_paise": result.money.net_paise,
        "worst_paise": result.money.worst_paise,
        "skipped": skipped or None,
    }


# re-entries


def _reentries(plan: Plan, round_: Round) -> Iterator[Row]:
    """Yield the re-entries that are left, of legs and of the whole round."""
    if round_.state is RoundState.EXITING:
        return
    for leg in (*plan.legs, *plan.lazy_legs):
        for kind, spec in (("stop", leg.reentry_on_stop), ("target", leg.reentry_on_target)):
            if spec is not None:
                yield _reentry(leg.id, kind, spec, round_.used.get(f"{leg.id}/{kind}", 0))
    overall = plan.overall
    if overall is None:
        return
    for kind, again in (
        ("stop", overall.reentry_on_stop), ("target", overall.reentry_on_target),
    ):  # fmt: skip
        if again is not None:
            yield _reentry("round", kind, again, round_.overall_used.get(kind, 0))


def _reentry(name: str, kind: str, spec: Reentry | OverallReentry, used: int) -> Row:
    return {"of": visible(name), "after": kind, "most": spec.most, "left": spec.most - used}
