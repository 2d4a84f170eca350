"""How a round starts, proceeds and ends (P10, P11, P45; P30a, 6)."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import ist_date
from daemon.domain.plan_round import LegWait, Numbers, Round, RoundMove, RoundState
from daemon.plans.batch import batch_progress, give_up_batch
from daemon.plans.choosing import choices
from daemon.plans.ranges import Ranges
from daemon.plans.roll import lacks_its_long
from daemon.plans.round_exits import exactly, tell_of_basis, value
from daemon.plans.run import NOT_TRIGGERED, OTHER, PlanRun
from daemon.plans.terms.leg import Leg

OVERALL: Final = {
    "overall_stop": "stop",
    "overall_trail": "stop",
    "overall_lock": "stop",
    "overall_target": "target",
}
"""Which re-entry of the round an exit of it leads to (P45)."""


def _pnl(run: PlanRun) -> Numbers:
    pnl = value(run)
    return {} if pnl is None else {"pnl_paise": exactly(pnl)}


class Rounds:
    """Start the rounds of a plan and carry them on."""

    def __init__(self, run: PlanRun, ranges: Ranges) -> None:
        self._run = run
        self._ranges = ranges

    def start(
        self,
        reason: str,
        numbers: Numbers | None = None,
        *,
        at_once: bool = False,
        is_reversed: bool = False,
    ) -> None:
        """Start a round: what waits waits, the others are chosen now if they can be."""
        run = self._run
        run.cannot(NOT_TRIGGERED)
        run.left.clear()
        refused = run.desk.round_refusal(run.plan.id)
        if refused is not None:
            told: Numbers = {"code": refused.reason, **refused.numbers}
            run.begin(RoundMove(RoundState.SKIPPED, "nothing_filled", numbers=told))
            return
        waits = tuple(
            self._first_wait(leg, is_reversed=is_reversed)
            for leg in run.plan.legs
            if leg.waits and not at_once
        )
        batch = {leg.id: "" for leg in run.plan.legs if at_once or not leg.waits}
        said: Numbers = dict(numbers or {})
        if at_once:
            said["at_once"] = 1
        if is_reversed:
            said["is_reversed"] = 1
        run.begin(
            RoundMove(RoundState.WAITING, reason, batch=batch, waits=waits, numbers=said or None)
        )
        for wait in run.by_leg():
            if wait.goal == "breakout":
                self._ranges.publish(wait)
        for leg in run.plan.legs if at_once else ():
            self._ranges.tell_stop(leg)
        choices(run)
        self.progress()

    def _first_wait(self, leg: Leg, *, is_reversed: bool) -> LegWait:
        run = self._run
        until = run.plan.entry.until_ns
        side = OTHER[leg.order_side] if is_reversed else leg.order_side
        return LegWait(
            leg=leg.id,
            goal="choose" if leg.momentum is not None else "breakout",
            why="momentum" if leg.momentum is not None else "breakout",
            side=side,
            is_first=True,
            until=0 if until is None else run.at_clock(ist_date(run.desk.moment), until),
        )

    def progress(self) -> None:
        """Carry the batch on, then end the round if it is over."""
        run, round_ = self._run, self._run.round
        if round_ is None:
            return
        if round_.leaving and round_.state is not RoundState.EXITING:
            self._leave_on(round_)
        elif round_.state is RoundState.ENTERING:
            batch_progress(run)
            self._tell_of_basis()
        elif round_.state is RoundState.OPEN and lacks_its_long(run):
            run.leave("leg_incomplete")
        if round_.is_over:
            return
        if round_.state is RoundState.EXITING:  # a fill may have come before its cancel
            run.demand_all(round_.alive, round_.leaving)
        if round_.state is RoundState.EXITING and not round_.alive:
            self._done(round_, round_.leaving)
        elif round_.state is RoundState.OPEN and not round_.alive and not round_.waits:
            self._done(round_, "flat")
        elif round_.state is RoundState.WAITING and self._is_idle(round_):
            run.skip()

    def _tell_of_basis(self) -> None:
        round_ = self._run.round
        if round_ is not None and round_.state is RoundState.OPEN:
            tell_of_basis(self._run)

    def _leave_on(self, round_: Round) -> None:
        """Carry on what began to leave before anything was filled."""
        if round_.has_filled:
            self._run.leave(round_.leaving)
        elif not round_.alive:
            self._run.skip()

    def _is_idle(self, round_: Round) -> bool:
        return not (round_.alive or round_.waits or round_.batch)

    def overdue(self) -> None:
        """Give an incomplete batch up: its time is over (P11)."""
        give_up_batch(self._run)
        self.progress()

    def _done(self, round_: Round, reason: str) -> None:
        run = self._run
        run.move(RoundState.DONE, reason, _pnl(run))
        kind = OVERALL.get(reason)
        overall = run.plan.overall
        if kind is None or overall is None:
            return
        spec = overall.reentry_on_stop if kind == "stop" else overall.reentry_on_target
        used = round_.overall_used.get(kind, 0)
        if spec is None or used >= spec.most or run.is_too_late() or self._is_closed():
            return
        counts: Numbers = {f"used_on_{each}": n for each, n in round_.overall_used.items()}
        self.start(
            "reentry",
            counts | {f"used_on_{kind}": used + 1},
            at_once=not spec.waits,
            is_reversed=round_.is_reversed != spec.is_reverse,
        )

    def _is_closed(self) -> bool:
        """Return whether nothing new of the plan is taken now."""
        run = self._run
        return bool(run.desk.closed_for(run.market.tradable[0], run.plan.product))
