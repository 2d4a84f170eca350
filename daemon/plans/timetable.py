"""What a time of day makes due of a plan, and what it does (P46)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from daemon.domain.dates import ist_date
from daemon.domain.plan_round import LegWait, Numbers, RoundMove, RoundState
from daemon.market.agenda import Phase
from daemon.plans.ranges import Ranges
from daemon.plans.roll import lose_rolls, roll_is_overdue, roll_now
from daemon.plans.rounds import Rounds
from daemon.plans.run import PlanRun
from daemon.plans.schedule import dte, exits_on, is_meant
from daemon.plans.triggers import seen


class What(IntEnum):
    """What is due, in the order of things that are due at one time."""

    PROGRESS = 0
    WITHIN = 1
    CHOICE = 2
    ROLL = 3
    EXIT = 4
    UNTIL = 5
    NO_REENTRY = 6
    RANGE = 7
    ENTRY = 8


LIMITS = frozenset({What.PROGRESS, What.WITHIN, What.CHOICE})
PLACES = 10_000


class DueItem(NamedTuple):
    """Something of a plan, by its place; `about` names a round, a leg or an order."""

    what: What
    place: int
    due: int
    about: str = ""

    @property
    def phase(self) -> Phase:
        """Return the phase of the agenda."""
        return Phase.PLAN_LIMIT if self.what in LIMITS else Phase.PLAN

    @property
    def key(self) -> int:
        """Return the order within the phase: by kind, then plans in configured order."""
        return self.what * PLACES + self.place


def items_of_day(run: PlanRun, day: dt.date) -> Iterator[DueItem]:
    """Yield what a day makes due of a plan, round or not."""
    plan = run.plan
    clocks: list[tuple[What, int | None]] = [
        (What.ROLL, None if plan.roll is None else plan.roll.at_ns),
        (What.EXIT, None if plan.exit is None else plan.exit.at_ns),
        (What.UNTIL, plan.entry.until_ns),
        (What.NO_REENTRY, plan.no_reentry_after_ns),
    ]
    for what, clock in clocks:
        if clock is not None:
            yield DueItem(what, run.place, run.at_clock(day, clock))
    if not is_meant(run, day):
        return
    yield DueItem(What.ENTRY, run.place, run.at_clock(day, plan.entry.at_ns))
    for leg in (*plan.legs, *plan.lazy_legs):
        if leg.breakout is not None:
            for end in (leg.breakout.from_ns, leg.breakout.to_ns):
                due = run.at_clock(day, end)
                yield DueItem(What.RANGE, run.place, due, leg.id)


def limits_of(run: PlanRun) -> Iterator[DueItem]:
    """Yield when what waits in the round is given up."""
    round_ = run.round
    if round_ is None:
        return
    within = run.plan.entry.within_ns
    if round_.state in (RoundState.WAITING, RoundState.ENTERING) and round_.batch:
        what = What.WITHIN if round_.is_chosen else What.CHOICE
        yield DueItem(what, run.place, round_.began + within, round_.round_id)
    for wait in round_.waits.values():
        if wait.until and wait.goal in ("choose", "roll"):
            yield DueItem(What.CHOICE, run.place, wait.until, wait.leg)
    until = run.until_of_first()
    if 0 < until <= round_.began and any(wait.is_first for wait in round_.waits.values()):
        # a later round of the day: its first entries are over as soon as it has begun
        yield DueItem(What.UNTIL, run.place, round_.began + 1)
    for attempt in round_.attempts:
        if attempt.state == "WORKING" and attempt.why == "roll":
            due = run.desk.ledger.orders[attempt.order_id].created_ts + within
            yield DueItem(What.WITHIN, run.place, due, attempt.order_id)


class Timetable:
    """Do what is due of one plan. `first_ts` is the first input of this process, UTC ns."""

    def __init__(self, run: PlanRun, rounds: Rounds, ranges: Ranges) -> None:
        self.first_ts = 0
        self._run = run
        self._rounds = rounds
        self._ranges = ranges
        self._work = {
            What.PROGRESS: self._progress,
            What.WITHIN: self._within,
            What.CHOICE: self._choice,
            What.ROLL: self._roll,
            What.EXIT: self._exit,
            What.UNTIL: self._until,
            What.NO_REENTRY: self._no_reentry,
            What.RANGE: self._range,
            What.ENTRY: self._entry,
        }

    def serve(self, item: DueItem) -> None:
        """Do what is due."""
        self._work[item.what](item)

    def _progress(self, item: DueItem) -> None:
        self._rounds.progress()

    def _within(self, item: DueItem) -> None:
        """Give up a batch, or an entry of a roll, that is not filled in time."""
        round_ = self._run.round
        if round_ is None:
            return
        if item.about == round_.round_id:
            if round_.state is RoundState.ENTERING and not round_.leaving:
                self._rounds.overdue()
            return
        for attempt in round_.attempts:
            if attempt.order_id == item.about:
                roll_is_overdue(self._run, attempt)
        self._rounds.progress()

    def _choice(self, item: DueItem) -> None:
        """Give up what could not be chosen in time."""
        run, round_ = self._run, self._run.round
        if round_ is None:
            return
        if item.about == round_.round_id:
            if round_.state is RoundState.WAITING and not round_.is_chosen:
                run.skip()
            return
        wait = round_.waits.get(item.about)
        if wait is None or wait.until != item.due:
            return
        if wait.goal == "roll":
            lose_rolls(run, item.due)
        elif wait.goal == "choose":
            run.drop(wait, run.code, run.because)
        self._rounds.progress()

    def _roll(self, item: DueItem) -> None:
        run, roll = self._run, self._run.plan.roll
        if roll is None or not self._is_later(item) or dte(run, ist_date(item.due)) != roll.dte:
            return
        roll_now(run)
        self._rounds.progress()

    def _exit(self, item: DueItem) -> None:
        spec = self._run.plan.exit
        if spec is None or not self._is_later(item):
            return
        if exits_on(self._run, spec, ist_date(item.due)):
            self._run.leave("plan_exit")
            self._rounds.progress()

    def _is_later(self, item: DueItem) -> bool:
        """Return whether a round began before this time of day."""
        round_ = self._run.round
        return round_ is not None and item.due > round_.began

    def _until(self, item: DueItem) -> None:
        """End the first entries that still wait, on the day of the round's start."""
        round_ = self._run.round
        if round_ is None or ist_date(round_.began) != ist_date(item.due):
            return
        self._drop([wait for wait in self._run.by_leg() if wait.is_first], "not_triggered")

    def _no_reentry(self, item: DueItem) -> None:
        if self._is_later(item):
            again = [w for w in self._run.by_leg() if not w.is_first and w.goal != "roll"]
            self._drop(again, "no_reentry_after")

    def _drop(self, waits: list[LegWait], code: str) -> None:
        for wait in waits:
            self._run.note("dropped", wait.leg, {"code": code, **seen(self._run, wait)})
        self._rounds.progress()

    def _range(self, item: DueItem) -> None:
        breakout = self._run.plan.leg(item.about).breakout
        assert breakout is not None, item
        day = ist_date(item.due)
        start = self._run.at_clock(day, breakout.from_ns)
        if item.due == start:
            end = self._run.at_clock(day, breakout.to_ns)
            self._ranges.begin(item.about, start, end, self.first_ts)
        else:
            self._ranges.end(item.about)
            self._rounds.progress()

    def _entry(self, item: DueItem) -> None:
        """Start the day's round, or say why it is skipped (P15)."""
        run = self._run
        if run.round is not None:
            run.begin(RoundMove(RoundState.SKIPPED, "round_open"))
        elif self.first_ts - item.due > run.plan.entry.within_ns:
            told: Numbers = {"entry_ts": item.due, "first_input_ts": self.first_ts}
            run.begin(RoundMove(RoundState.SKIPPED, "late_start", numbers=told))
        else:
            self._rounds.start("entry")
