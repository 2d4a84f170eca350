"""The best variants of a sweep: those that satisfy `where`, by what is selected for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from daemon.lab.numbers.ratios import daily_drawdown, sharpe
from daemon.lab.numbers.walk_forward import Select
from daemon.lab.sweep.numbers import Number
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.terms import Sweep
from daemon.lab.sweep.where import holds

_COLUMN: Final[Mapping[Select, str]] = {
    "sharpe": "sharpe",
    "net": "net_rupees",
    "calmar": "calmar",
    "median_neighbour": "sharpe",  # the page tells neighbours; here it is the variant's own
}


class Ranked(NamedTuple):
    """A variant with the numbers that it is ranked by."""

    number: int
    job: Job
    score: float | None
    numbers: Mapping[str, Number]


def ranked(outcomes: Sequence[tuple[Job, JobDone]], sweep: Sweep) -> list[Ranked]:
    """Return the variants that were run whole and satisfy `where`, the best first.

    By what is selected for, then by net P&L; equal ones in the order of the sweep.
    """
    column = _COLUMN[sweep.select]
    found = []
    for job, numbers in _by_variant(outcomes):
        if holds(sweep.where, numbers):
            score = numbers.get(column)
            found.append(Ranked(job.number, job, score, numbers))
    return sorted(found, key=_place)


def _place(each: Ranked) -> tuple[bool, float, float, int]:
    net = each.numbers.get("net_rupees") or 0.0
    return (each.score is None, -(each.score or 0.0), -net, each.number)


def _by_variant(
    outcomes: Sequence[tuple[Job, JobDone]],
) -> list[tuple[Job, Mapping[str, Number]]]:
    """Return the numbers of each variant; of days that were run apart their sums."""
    by_number: dict[int, list[tuple[Job, JobDone]]] = defaultdict(list)
    for job, done in outcomes:
        by_number[job.number].append((job, done))
    return [
        (spans[0][0], _summed([done for _, done in spans]))
        for spans in by_number.values()
        if all(done.status == "done" for _, done in spans)
    ]


def _summed(spans: Sequence[JobDone]) -> Mapping[str, Number]:
    if len(spans) == 1:
        return spans[0].numbers
    changes = [day.pnl_paise for done in spans for day in done.days]
    names = ("net_rupees", "gross_rupees", "days", "trades", "wins", "losses", "flat")
    sums = {name: sum(done.numbers.get(name) or 0 for done in spans) for name in names}
    fall = daily_drawdown(changes).depth_paise / 100
    return {**sums, "sharpe": sharpe([change / 100 for change in changes]),
            "max_drawdown_rupees": fall}  # fmt: skip
