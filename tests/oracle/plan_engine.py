"""The oracle of plans: its contract read aloud, one input at a time, valued at every timestamp.

It imports nothing of the program. `run(scenario)` gives the list that the engine should give.
Where the text is silent this reading decides (more in plan_choose, plan_desk, plan_entries,
plan_triggers, plan_rounds, plan_roll, plan_ranges):

- What a timestamp's end does carries that timestamp and the number of the input that ended it;
  what a time of day makes due carries the ts and number of the input, and believes as of that ts.
- Inputs of one timestamp are one timestamp, clocks and gaps too. An `end` only ends the last one.
- At one time: rejections, what they lead to, `within_s` (batches, then choices), square-off,
  commands, roll, exit, `entry.until`, `no_reentry_after`, ranges, entry, session end; of one kind
  plans in their order.
- A plan whose day it is not has no round. `dte` of a plan is of its nearest leg on that day.
- Times before the first input are over, but for `entry.at` at most `within_s` ago.
- The kill switch ends rounds (`kill_switch`) and lets no entry through afterwards; an `exit`
  closes attempts (`manual_exit`), which never enter again by it.
- `no_reentry_after` drops re-entries and lazy legs that wait, not orders that work.
- At the session's end what waits in a MIS round is over (`session_end`); NRML waits for the
  morning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from tests.oracle.plan_entries import entry_of, within
from tests.oracle.plan_ranges import Ranges
from tests.oracle.plan_scenario import (
    SECOND,
    Input,
    Plan,
    Row,
    Scenario,
    Session,
    Setup,
    date_of,
    moment,
)
from tests.oracle.plan_states import Round

(
    REJECT, SETTLE, WITHIN, GIVE_UP, SQUARE_OFF, COMMAND, ROLL, EXIT, UNTIL, NO_REENTRY, RANGE,
    ENTRY, CLOSE,
) = range(13)  # fmt: skip

Due = tuple[int, int, int, Any, Callable[[], None]]
"""Due time, rank, plan's place, what marks it as done, what to do."""


class Oracle(Ranges):
    """One run."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.open_ts: int | None = None
        self.done_keys: set[Any] = set()
        self.ended = False
        self.unsettled: list[tuple[int, Round]] = []
        """Rounds of which an order was rejected: all rejections of one time come first."""

    # ------------------------------------------------------------------ inputs

    def deliver(self, item: Input) -> None:
        assert not self.ended, "expected nothing after the end"
        assert self.open_ts is None or item.ts >= self.open_ts, "expected inputs by time"
        self.input_no, self.stamp = item.input_no, item.ts
        if item.what == "end":
            self.end_of_timestamp()
            self.ended = True
            return
        if self.open_ts is not None and item.ts > self.open_ts:
            self.end_of_timestamp()
        if self.first is None:
            self.first = item.ts
        before = self.open_ts
        self.now = self.open_ts = item.ts
        if before != item.ts or item.what != "tick":
            self.what_is_due(item, item.ts - 1 if before is None else before)
        if item.what == "gap":
            self.market.gap(item.ts)
        elif item.what == "tick" and self.market.tick(item.ts, item.symbol, item.ltp_paise):
            self.tick(item.symbol)

    def end_of_timestamp(self) -> None:
        """P5a, P30a: every plan's step, on the quotes of the timestamp that is over."""
        if self.open_ts is None:
            return
        self.now = self.open_ts
        for found in self.ranges.values():
            self.sample(found)
        for plan in self.setup.plans:
            for round_ in [each for each in self.rounds if each.plan is plan and not each.over]:
                self.plan_step(round_)

    # ------------------------------------------------------------------ what is due

    def what_is_due(self, item: Input, before: int) -> None:
        """Everything due up to now; a roll or an exit only at the first input after its time."""
        command_done = item.what not in ("kill", "exit")
        while True:
            due = [
                each
                for each in self.all_due()
                if each[0] <= item.ts and (each[1] not in (ROLL, EXIT) or each[0] > before)
            ]
            if not command_done:
                due.append((item.ts, COMMAND, 0, None, lambda: self.command(item)))
            if not due:
                return
            _, _, _, mark, act = min(due, key=lambda each: each[:3])
            if mark is None:
                command_done = True
            else:
                self.done_keys.add(mark)
            act()

    def all_due(self) -> Iterator[Due]:
        for each in self.of_orders():
            if each[3] not in self.done_keys:
                yield each
        for place, plan in enumerate(self.setup.plans):
            for session in self.setup.sessions:
                for each in self.of_day(place, plan, session):
                    if each[3] not in self.done_keys:
                        yield each
            for round_ in self.rounds:
                if round_.plan is plan and not round_.over:
                    for each in self.of_round(place, round_):
                        if each[3] not in self.done_keys:
                            yield each

    def of_orders(self) -> Iterator[Due]:
        wait = self.setup.reject_after_s * SECOND
        plans = list(self.setup.plans)
        for number, (due, round_) in enumerate(self.unsettled):

            def settle(round_: Round = round_) -> None:
                self.progress(round_)

            yield (due, SETTLE, plans.index(round_.plan), ("settle", number), settle)
        for attempt in self.attempts:
            mark = ("reject", attempt.number)
            if attempt.state == "WORKING":
                due = attempt.sent + wait

                def reject(attempt: Any = attempt) -> None:
                    self.fail(attempt, "REJECTED", "no_price")
                    if attempt.n and attempt.round.state == "OPEN":
                        self.note(attempt.round, "not_reentered", attempt.leg, code="no_price")
                    self.unsettled.append((attempt.sent + wait, attempt.round))

                yield (due, REJECT, attempt.number, mark, reject)
            if attempt.state in ("WORKING", "OPEN", "LEAVING"):

                def close(attempt: Any = attempt) -> None:
                    if attempt.state == "WORKING":
                        self.fail(attempt, "CANCELLED", "day_over")
                    else:
                        self.close_at_last(attempt, "expiry")
                    self.progress(attempt.round)

                closes = attempt.contract.closes
                yield (closes, CLOSE, attempt.number, ("closes", attempt.number), close)

    def of_day(self, place: int, plan: Plan, session: Session) -> Iterator[Due]:
        """What is due of a plan on a date, round or not."""
        if not self.day_meant(plan, session.date):
            return
        mark = (place, session.date)
        at = moment(session.date, entry_of(plan)["at"])
        yield (at, ENTRY, place, ("entry", *mark), lambda: self.entry(plan, at, session))
        for leg in plan["legs"]:
            spec = leg.get("breakout")
            if spec:
                start, end = moment(session.date, spec["from"]), moment(session.date, spec["to"])
                key = (plan["id"], session.date, leg["id"])

                def begin(
                    key: Any = key, leg: Any = leg, start: int = start, end: int = end
                ) -> None:
                    self.range_begins(plan, key, leg, start, end)

                def finish(key: Any = key) -> None:
                    self.range_ends(key)

                yield (start, RANGE, place, ("from", *mark, leg["id"]), begin)
                yield (end, RANGE, place, ("to", *mark, leg["id"]), finish)

    def of_round(self, place: int, round_: Round) -> Iterator[Due]:
        plan = round_.plan
        limit = round_.began + within(plan)
        if round_.state == "WAITING" and round_.batch and round_.chosen is None:
            yield (limit, GIVE_UP, place, ("batch", round_.id), lambda: self.no_batch(round_))
        if round_.state == "ENTERING":
            yield (limit, WITHIN, place, ("within", round_.id), lambda: self.overdue(round_))
        for wait in round_.waits:
            if wait.goal in ("choose", "roll"):

                def expire(wait: Any = wait) -> None:
                    self.expire(round_, wait)

                yield (wait.deadline, GIVE_UP, place, ("wait", wait.serial, wait.deadline), expire)
        for attempt in round_.attempts:
            if attempt.state == "WORKING" and attempt.why == "roll":

                def cancel(attempt: Any = attempt) -> None:
                    self.demand(attempt, "roll_lost")
                    self.progress(round_)

                due = attempt.sent + within(plan)
                yield (due, WITHIN, place, ("roll", attempt.number), cancel)
        until = self.until(round_)
        yield (until, UNTIL, place, ("until", round_.id), lambda: self.first_entries_over(round_))
        for session in self.setup.sessions:
            if session.date >= date_of(round_.began):
                yield from self.of_round_day(place, round_, session)

    def of_round_day(self, place: int, round_: Round, session: Session) -> Iterator[Due]:
        plan, day = round_.plan, session.date
        mark = (round_.id, day)

        def leaving(reason: str) -> Callable[[], None]:
            def act() -> None:
                self.leave(round_, reason)
                self.progress(round_)

            return act

        if plan.get("product", "MIS") == "MIS":
            if session.square_off is not None:
                act = leaving("square_off")
                yield (session.square_off, SQUARE_OFF, place, ("square", *mark), act)
            yield (session.close, CLOSE, place, ("end", *mark), lambda: self.session_end(round_))
        limit = plan.get("no_reentry_after")
        if limit:
            at = moment(day, limit)
            if at > round_.began:
                act = lambda: self.no_more(round_)  # noqa: E731
                yield (at, NO_REENTRY, place, ("no_reentry", *mark), act)
        spec = plan.get("exit")
        if spec and self.exit_day(round_, spec, day):
            at = moment(day, spec["at"])
            if at > round_.began:
                yield (at, EXIT, place, ("exit", *mark), leaving("plan_exit"))
        roll = plan.get("roll")
        if roll and self.dte(round_, day) == roll["dte"] and moment(day, roll["at"]) > round_.began:
            act = lambda: self.roll_now(round_)  # noqa: E731
            yield (moment(day, roll["at"]), ROLL, place, ("roll", *mark), act)

    def exit_day(self, round_: Round, spec: Any, day: dt.date) -> bool:
        began = date_of(round_.began)
        if "sessions" in spec:
            return self.sessions_between(began, day) >= int(spec["sessions"])
        if "dte" in spec:
            left = self.dte(round_, day)
            return left is not None and left <= int(spec["dte"])
        return day >= began

    # ------------------------------------------------------------------ entry.at

    def day_meant(self, plan: Plan, day: dt.date) -> bool:
        if not plan.get("enabled", True) or day in (plan.get("skip_dates") or ()):
            return False
        only = plan.get("only_dates")
        if only is not None and day not in only:
            return False
        days = plan.get("days")
        if days is not None and f"{day:%a}".lower() not in days:
            return False
        if plan.get("dte") is None:
            return True
        name = plan["underlying"]
        dates = [self.market.expiry(name, leg["expiry"], leg["type"], day) for leg in plan["legs"]]
        found = [self.sessions_between(day, each) for each in dates if each is not None]
        return bool(found) and min(found) in plan["dte"]

    def entry(self, plan: Plan, at: int, session: Session) -> None:
        assert self.first is not None
        if date_of(self.first) > session.date:
            return
        late = self.first - at > within(plan)
        busy = any(each.plan is plan and not each.over for each in self.rounds)
        round_ = self.new_round(plan)
        round_.began = at
        if busy:
            self.move(round_, "SKIPPED", "round_open")
        elif late:
            self.move(round_, "SKIPPED", "late_start")
        else:
            self.start(round_, "entry", at)

    # ------------------------------------------------------------------ ends

    def no_batch(self, round_: Round) -> None:
        round_.waits.clear()
        self.move(round_, "SKIPPED", round_.code)

    def overdue(self, round_: Round) -> None:
        if round_.state == "ENTERING":
            self.incomplete(round_)
            self.progress(round_)

    def expire(self, round_: Round, wait: Any) -> None:
        if wait.goal == "roll":
            if wait.contract is None:
                self.lose_rolls(round_, wait.deadline)
        else:
            self.give_up(round_, wait, round_.code)
        self.progress(round_)

    def first_entries_over(self, round_: Round) -> None:
        for wait in [each for each in self.by_leg(round_) if each.first]:
            round_.waits.remove(wait)
            self.note(round_, "dropped", wait.leg, code="not_triggered")
        self.progress(round_)

    def no_more(self, round_: Round) -> None:
        for wait in [each for each in self.by_leg(round_) if not each.first]:
            if wait.goal != "roll":
                round_.waits.remove(wait)
                self.note(round_, "dropped", wait.leg, code="no_reentry_after")
        self.progress(round_)

    def roll_now(self, round_: Round) -> None:
        if round_.state == "OPEN":
            self.roll(round_)
            self.progress(round_)

    def session_end(self, round_: Round) -> None:
        self.leave(round_, "session_end")
        for attempt in sorted(round_.alive, key=lambda each: (each.long, each.number)):
            self.close_at_last(attempt, "square_off")
        self.progress(round_)

    def command(self, item: Input) -> None:
        if item.what == "kill":
            self.killed = True
            plans = list(self.setup.plans)
            mine = [each for each in self.rounds if not each.over]
            for round_ in sorted(mine, key=lambda each: plans.index(each.plan)):
                self.leave(round_, "kill_switch")
                self.progress(round_)
            return
        for plan, name, leg, n in item.exits:
            for attempt in list(self.attempts):
                where = (attempt.round.plan["id"], attempt.round.id, attempt.leg, attempt.n)
                if where == (plan, name, leg, n):
                    self.demand(attempt, "manual_exit")
                    self.progress(attempt.round)


def run(scenario: Scenario) -> list[Row]:
    """Return what the plans of a scenario do."""
    oracle = Oracle(scenario.setup)
    for item in scenario.inputs:
        oracle.deliver(item)
    return oracle.rows
