"""All plans: what the end of a timestamp, a time of day, a command and a fill make them do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from daemon.chain.listed import ListedOf
from daemon.domain.events import ExchangeOrderMoved, OrderCreated, OrderMoved, TradingEvent
from daemon.domain.order import OrderState
from daemon.domain.plan_round import RoundState
from daemon.market.triggers import FIRST_PLAN_WAITER
from daemon.plans.desk import Desk
from daemon.plans.ranges import Ranges
from daemon.plans.rounds import Rounds
from daemon.plans.run import PlanRun
from daemon.plans.step import needs_every_timestamp, plan_step
from daemon.plans.terms.plan import Plan
from daemon.plans.timetable import DueItem, Timetable, What, items_of_day, limits_of
from daemon.plans.wanted import wanted_contracts
from daemon.plans.watching import Watcher

WAITERS_EACH: Final = 1 << 32


class Running:
    """One plan with all its parts."""

    def __init__(self, run: PlanRun, watcher: Watcher) -> None:
        self.run = run
        self.ranges = Ranges(run)
        self.rounds = Rounds(run, self.ranges)
        self.timetable = Timetable(run, self.rounds, self.ranges)
        self.watcher = watcher
        self.limits: set[DueItem] = set()


class PlanEngine:
    """Decide for all plans, in configured order; deterministic, without clock and I/O.

    `until` is the time of the last input of the process before, -1 without one: what was due by
    then is not called again.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        desk: Desk,
        listed: ListedOf,
        *,
        until: int = -1,
    ) -> None:
        self._desk = desk
        self._until = until
        self._first_ts = -1
        self._all = [
            Running(
                PlanRun(plan, place, desk, listed(plan.underlying)),
                Watcher(desk, FIRST_PLAN_WAITER + place * WAITERS_EACH),
            )
            for place, plan in enumerate(plans)
        ]
        self._orders: dict[str, Running] = {}
        self._resume()

    def _resume(self) -> None:
        """Take up the rounds that the journal holds."""
        for running in self._all:
            round_ = running.run.round
            for attempt in () if round_ is None else round_.attempts:
                self._orders[attempt.order_id] = running
                if attempt.state == "OVER" and attempt.ended_ts >= self._until:
                    running.run.left.append(attempt.order_id)

    # time

    def start_day(self, date: dt.date, first_ts: int) -> None:
        """Put on the agenda what a date makes due; `first_ts` is the input that begins it."""
        if self._first_ts < 0:
            self._first_ts = first_ts
        for running in self._all:
            running.ranges.start_day()
            running.timetable.first_ts = self._first_ts
            for item in items_of_day(running.run, date):
                if item.due > self._handled_until(item):
                    self._desk.add_due(item.due, item.phase, item.key, item)
        self._settle()

    def _handled_until(self, item: DueItem) -> int:
        """Return the time up to which an item is over: before a first start a round's times are."""
        if self._until < 0 and item.what in (What.ROLL, What.EXIT):
            return self._first_ts - 1
        return self._until

    def end_timestamp(self) -> None:
        """Do the step of every plan on the quotes of the timestamp that has ended (P30a)."""
        for each in self._all:
            each.ranges.sample()
        for each in self._all:
            plan_step(each.run, each.rounds)
        self._settle()

    def wanted(self) -> frozenset[int]:
        """Return what must be quoted for what plans look at now and may choose (P8).

        What its rounds hold and wait for, the ledger knows (`Round.symbols`).
        """
        if self._desk.now < 0:
            return frozenset()
        found: set[int] = set()
        for running in self._all:
            found.update(wanted_contracts(running.run), running.ranges.contracts())
        return frozenset(found)

    def due(self, item: DueItem) -> None:
        """Do what a time of day made due; it concerns one plan."""
        running = self._all[item.place]
        running.timetable.serve(item)
        self._settle_one(running)

    # what happens to the account

    def square_off(self, indices: frozenset[int], reason: str) -> None:
        """Let the intraday rounds of some instruments leave."""
        for each in self._all:
            tradable = each.run.market.tradable
            if each.run.plan.product == "MIS" and tradable and tradable[0] in indices:
                self._leave(each, reason)
        self._settle()

    def leave_all(self, reason: str) -> None:
        """Let every round leave: the kill switch, or a person who stops the daemon."""
        for each in self._all:
            self._leave(each, reason)
        self._settle()

    def _leave(self, each: Running, reason: str) -> None:
        if each.run.round is not None:
            each.run.leave(reason)
            each.rounds.progress()

    def progress(self) -> None:
        """Carry on what the end of a session has closed."""
        for each in self._all:
            each.rounds.progress()
        self._settle()

    def note_gap(self, ts: int) -> None:
        """Note that data is missing: a range in formation is incomplete."""
        for each in self._all:
            each.ranges.note_gap(ts)

    # what happens to orders and prices

    def fired(self, waiter: int) -> None:
        """Ask for the end of a timestamp in which a level was reached."""
        place = (waiter - FIRST_PLAN_WAITER) // WAITERS_EACH
        if self._all[place].watcher.fired(waiter):
            self._desk.ask_end()

    def hear(self, event: TradingEvent) -> None:
        """Take note of what happened to an order of a plan; the rest waits for the end."""
        if isinstance(event, OrderCreated):
            if event.plan:
                self._took(event)
            return
        if not isinstance(event, OrderMoved | ExchangeOrderMoved):
            return
        each = self._orders.get(event.order_id)
        if each is None:
            return
        state = event.to_state if isinstance(event, OrderMoved) else None
        each.run.hear(event, state)
        if state is OrderState.ARCHIVED:
            del self._orders[event.order_id]
            return
        if state is OrderState.REJECTED and event.reason == "no_price":
            self._unfilled(each, event.order_id)
        self._desk.ask_end()

    def _took(self, event: OrderCreated) -> None:
        for each in self._all:
            if each.run.plan.id == event.plan:
                self._orders[event.order_id] = each

    def _unfilled(self, each: Running, order_id: str) -> None:
        """Carry on at once what a time limit has rejected: rejections come before `within_s`."""
        round_ = each.run.round
        attempt = None if round_ is None else round_.by_order(order_id)
        is_open = round_ is not None and round_.state is RoundState.OPEN
        if attempt is not None and attempt.number and is_open:
            each.run.note("not_reentered", attempt.leg, {"code": "no_price"})
        item = DueItem(What.PROGRESS, each.run.place, self._desk.moment)
        self._desk.add_due(item.due, item.phase, item.key, item)

    # afterwards

    def _settle(self) -> None:
        """Watch the levels that are waited for, set the limits, ask for the next end if needed."""
        for running in self._all:
            self._settle_one(running)

    def _settle_one(self, running: Running) -> None:
        run = running.run
        running.watcher.follow(run)
        limits = set(limits_of(run))
        for item in sorted(limits - running.limits):
            self._desk.add_due(item.due, item.phase, item.key, item)
        running.limits = limits
        if running.ranges.is_forming or needs_every_timestamp(run):
            self._desk.ask_end()
