"""On which days a plan enters, leaves and rolls (P46, P48)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from daemon.domain.dates import ist_date
from daemon.plans.run import PlanRun
from daemon.plans.terms.plan import Day, Exit

WEEKDAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_meant(run: PlanRun, day: dt.date) -> bool:
    """Return whether a round of the plan begins on a day, if nothing hinders it."""
    plan = run.plan
    if not plan.enabled or not has_session(run, day) or day in plan.skip_dates:
        return False
    if plan.only_dates is not None and day not in plan.only_dates:
        return False
    if plan.days is not None and WEEKDAYS[day.weekday()] not in plan.days:
        return False
    return plan.dte is None or _nearest_dte(run, day) in plan.dte


def has_session(run: PlanRun, day: dt.date) -> bool:
    """Return whether the plan's contracts trade on a day."""
    tradable = run.market.tradable
    return bool(tradable) and bool(run.desk.session(tradable[0], day)[1])


def dte(run: PlanRun, day: dt.date) -> int | None:
    """Return the sessions to the nearest expiry of the round's legs, None if none is to come.

    Those of the last filled attempts count; without any, what the legs would choose.
    """
    round_ = run.round
    last: dict[str, str] = {}
    for attempt in () if round_ is None else round_.attempts:
        if attempt.filled:
            last[attempt.leg] = run.desk.universe[run.index_of(attempt.symbol)].expiry
    if not last:
        return _nearest_dte(run, day)
    coming = [expiry for expiry in last.values() if expiry >= day.isoformat()]
    return sessions_between(run, day, min(coming)) if coming else None


def _nearest_dte(run: PlanRun, day: dt.date) -> int | None:
    dates = [run.market.expiry_of(leg, day) for leg in run.plan.legs]
    found = [date for date in dates if date is not None]
    return sessions_between(run, day, min(found)) if found else None


def sessions_between(run: PlanRun, day: dt.date, expiry: str) -> int:
    """Return the sessions after a day up to an expiry (ISO), by the dated calendar."""
    last, count = dt.date.fromisoformat(expiry), 0
    while day < last:
        day += dt.timedelta(days=1)
        count += has_session(run, day)
    return count


def exits_on(run: PlanRun, spec: Exit, day: dt.date) -> bool:
    """Return whether the round's exit is due on a day: its own, or a later one if that was missed.

    A round that begins nearer to the expiry than `dte` leaves on its first day.
    """
    began = ist_date(run.active.began)
    if spec.sessions is not None:
        return sessions_between(run, began, day.isoformat()) >= spec.sessions
    if spec.dte is not None:
        left = dte(run, day)
        return left is not None and left <= spec.dte
    return day >= began
