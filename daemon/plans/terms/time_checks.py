"""What is wrong with the times of a plan: entry, exit, roll, re-entries (P46, P47)."""

from __future__ import annotations

from typing import Final

from daemon.plans.terms.base import clock_ns
from daemon.plans.terms.finding import Finding, Findings, Path
from daemon.plans.terms.plan import Exit, Plan, Roll

CLOSE: Final = "15:30"
"""The close of NFO and BFO on an ordinary day; an expiring contract's last tick is earlier."""


def time_errors(at: Path, plan: Plan) -> Findings:
    """Yield times that contradict each other."""
    yield from _entry(at, plan)
    yield from _exit(at, plan)
    if plan.roll is not None:
        yield from _roll((*at, "roll"), plan, plan.roll)


def ends_same_day(plan: Plan) -> bool:
    """Return whether the exit is on the day of the entry."""
    return plan.exit is not None and plan.exit.dte is None and not plan.exit.sessions


def _entry(at: Path, plan: Plan) -> Findings:
    entry, limit = plan.entry, plan.no_reentry_after_ns
    if entry.until_ns is not None and entry.until_ns <= entry.at_ns:
        text = f"expected a time after entry.at ({entry.at}), was {entry.until}"
        yield Finding((*at, "entry", "until"), text)
    if limit is not None and limit <= entry.at_ns and ends_same_day(plan):
        text = f"expected a time after entry.at ({entry.at}), was {plan.no_reentry_after}"
        yield Finding((*at, "no_reentry_after"), text)


def _exit(at: Path, plan: Plan) -> Findings:
    left = plan.exit
    if left is None:
        if plan.roll is None:
            text = 'expected when the round ends, such as exit: {at: "15:15:00"}'
            yield Finding((*at, "exit"), text)
        return
    where = (*at, "exit")
    if left.dte is not None and left.sessions is not None:
        yield Finding(where, "expected dte or sessions, was both; keep one of them")
    if plan.product == "MIS" and (left.dte is not None or left.sessions):
        text = "MIS is squared off the same day; write product: NRML to hold over night"
        yield Finding(where, text)
    if ends_same_day(plan) and left.at_ns <= plan.entry.at_ns:
        text = f"expected a time after entry.at ({plan.entry.at}), was {left.at}"
        yield Finding((*where, "at"), text)


def _roll(at: Path, plan: Plan, roll: Roll) -> Findings:
    if plan.product != "NRML":
        yield Finding(at, "MIS is squared off the same day; write product: NRML to roll")
    left = plan.exit
    if left is not None and (left.dte, left.at_ns) == (roll.dte, roll.at_ns):
        yield Finding(at, f"the same dte and time as exit ({_when(left)}); change one of them")
    if roll.dte == 0 and roll.at_ns >= clock_ns(CLOSE):
        text = (
            f"expected before {CLOSE}, as the expiring contract has no tick later, was {roll.at}; "
            "15:00 leaves time for both orders"
        )
        yield Finding((*at, "at"), text)
    yield from _roll_target(at, plan, roll)


def _roll_target(at: Path, plan: Plan, roll: Roll) -> Findings:
    kind = roll.to.removeprefix("next_")
    same = [leg.id for leg in plan.legs if leg.type != "FUT" and leg.expiry.endswith(kind)]
    if roll.to == kind and same:
        text = f"{roll.to} is what {same[0]} holds by then; write next_{roll.to}"
        yield Finding((*at, "to"), text)
    futures = [leg.id for leg in plan.legs if leg.type == "FUT"]
    if kind == "weekly" and futures:
        text = f"expected monthly or next_monthly, as {futures[0]} is a future, was {roll.to}"
        yield Finding((*at, "to"), text)


def _when(left: Exit) -> str:
    return left.at if left.dte is None else f"dte {left.dte} at {left.at}"
