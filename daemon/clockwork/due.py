"""Step 1 of an input: do what has fallen due, phase by phase."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from daemon.clockwork.reactions import Reactions
from daemon.clockwork.timers import TimerCall, Timers
from daemon.domain.dates import ist_date
from daemon.domain.inputs import Command, Settlement
from daemon.domain.intent import EntryChange, OrderIntent
from daemon.domain.risk_state import RiskState
from daemon.execution.baskets import BasketDue
from daemon.execution.context import Strategies
from daemon.execution.engine import ExecutionEngineV3
from daemon.execution.icebergs import NextLeg
from daemon.market.agenda import Agenda, Phase
from daemon.market.session_bars import Boundary, SessionBars
from daemon.market.timestamp_end import EndRank
from daemon.market.triggers import FIRST_PLAN_WAITER
from daemon.plans.plan_engine import PlanEngine
from daemon.plans.timetable import DueItem

STEP_ORDERS: Final = 16
"""Orders of one time that are decided between two pauses: a millisecond or two."""

Request = Command | Settlement | OrderIntent | EntryChange | TimerCall | BasketDue | NextLeg
PhaseWork = Callable[[int, Sequence[Any]], Iterator[None]]
"""Do all items of one phase at one due time (UTC ns), with pauses."""


class Due:
    """Do what has fallen due, in the order of SEMANTICS, "One input, in this order".

    The table `_work` has one entry for each phase of the agenda; its items are what that phase
    put there. Iterators pause every STEP_ORDERS orders and must be run to their end.
    """

    def __init__(
        self,
        engine: ExecutionEngineV3,
        agenda: Agenda,
        bars: SessionBars,
        strategies: Strategies,
        reactions: Reactions,
    ) -> None:
        self._engine = engine
        self._agenda = agenda
        self._bars = bars
        self._strategies = strategies
        self._at = engine.at
        self._reactions = reactions
        self._timers: Timers | None = None
        self._work: dict[Phase, PhaseWork] = {
            Phase.TIMESTAMP_END: self._end_timestamps,
            Phase.DAY: _one_by_one(self.start_day),
            Phase.ARRIVAL: _one_by_one(engine.arrive),
            Phase.ENTRY_LIMIT: _one_by_one(engine.entries.reject_unfilled),
            Phase.EXCHANGE: _one_by_one(engine.exchange.advance),
            Phase.TIME_STOP: _one_by_one(lambda item: engine.runner.time_stop_due(*item)),
            Phase.PLAN_LIMIT: _one_by_one(self._serve_plan),
            Phase.SQUARE_OFF: self._square_off,
            Phase.RISK: _one_by_one(engine.account.risk.look),
            Phase.COMMAND: _one_by_one(self._obey),
            Phase.PLAN: _one_by_one(self._serve_plan),
            Phase.TIMED_INTENT: self._obey_each,
            Phase.TIMED_GTT: _one_by_one(lambda request: request.serve(engine.account.gtts)),
            Phase.CANDLES: self._close_candles,
            Phase.AFTER_CANDLES: self._obey_each,
            Phase.SESSION_END: self._end_session,
            Phase.MARGIN: _one_by_one(engine.account.minute_passed),
        }
        self._requests: dict[type, Callable[[Any], object]] = {
            Command: self._obey_command,
            NextLeg: lambda leg: engine.account.icebergs.send_next(leg),
            Settlement: engine.settle,
            OrderIntent: engine.process_signal,
            EntryChange: engine.change_entry,
            BasketDue: engine.asked.baskets.due,
        }
        self.plans: PlanEngine | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "kill_switch": lambda _: self._kill(),
            "square_off": lambda _: self._square_off_now(),
            "manual_exit": lambda order_id: engine.exit_order(order_id, "manual_exit"),
            "risk_active": lambda _: engine.account.risk.command(RiskState.ACTIVE),
            "risk_reducing": lambda _: engine.account.risk.command(RiskState.REDUCING),
            "risk_halted": lambda _: engine.account.risk.command(RiskState.HALTED),
            "strategy_on": lambda name: self.switch(name, on=True),
            "strategy_off": lambda name: self.switch(name, on=False),
        }

    def attach(self, timers: Timers) -> None:
        """Call strategies at their times."""
        self._timers = timers
        self._requests[TimerCall] = timers.call

    # time

    def move_to(self, ts: int) -> None:
        """Set the time; the first time of all begins its day."""
        self._at.move_to(ts)
        if self._at.date is None:
            self.start_day(ist_date(ts))

    def advance(self, ts: int) -> None:
        """Move to `ts` and do all that is due by then, without a pause."""
        self.move_to(ts)
        if self._agenda.next_due <= ts:
            for _ in self.steps(ts):
                pass

    def steps(self, ts: int) -> Iterator[None]:
        """Do everything due at or before `ts`, one time completely before the next."""
        at, reactions = self._at, self._reactions
        reactions.begin_due()
        while (due := self._agenda.pop_time(ts)) is not None:
            due_ts, items = due
            at.begin_due(due_ts, ts)
            for phase, group in groupby(items, key=itemgetter(0)):
                yield from self._work[phase](due_ts, [item for _, item in group])
                if reactions.has_work:
                    yield from reactions.deliver()
            self._engine.account.refresh()
        at.end_due()
        reactions.end_due()

    # phases

    def _end_timestamps(self, due_ts: int, ended: Sequence[int]) -> Iterator[None]:
        """Decide at the end of the timestamp before this due time, as of that timestamp.

        Watches, plans and strategies all look back: quotes, belief and gates are those of then.
        """
        for ts in ended:
            self._at.begin_due(ts, self._at.now)
            self._at.look_back(ts)
            yield from self._engine.timestamp_end.reach(ts)
            self._at.look_ahead()
        self._at.begin_due(due_ts, self._at.now)

    def start_day(self, date: dt.date) -> None:
        """Open the sessions of a date."""
        self._bars.start_day(date, self._at.rows)
        self._engine.start_day(date)
        if self._timers is not None:
            self._timers.start_day(date)
        if self.plans is not None:
            self.plans.start_day(date, self._at.now)

    def _square_off(self, due_ts: int, groups: Sequence[int]) -> Iterator[None]:
        indices = self._bars.instruments(groups)
        if self.plans is not None:
            self.plans.square_off(indices, "square_off")
        self._engine.square_off(indices)
        yield from ()

    def _obey_each(self, due_ts: int, requests: Sequence[Request]) -> Iterator[None]:
        """Obey requests one by one; a timer's answers are heard before the next one is called."""
        for number, request in enumerate(requests, 1):
            self._obey(request)
            if self._reactions.has_work:
                yield from self._reactions.deliver()
            if number % STEP_ORDERS == 0:
                yield

    # plans

    def attach_plans(self, plans: PlanEngine) -> None:
        """Let plans hear of ends, times, levels and orders."""
        self.plans = plans
        engine = self._engine
        engine.timestamp_end.listen(EndRank.PLANS, self._end_for_plans)
        engine.account.waiters.add(FIRST_PLAN_WAITER, lambda waiter, _: plans.fired(waiter))
        engine.lifecycle.tell(plans.hear)

    def plans_want(self) -> frozenset[int]:
        """Return the instruments that plans must see quoted now, by index."""
        return frozenset() if self.plans is None else self.plans.wanted()

    def _end_for_plans(self, ts: int) -> Iterator[None]:
        """Do the plans' step of a timestamp that has ended (P5a)."""
        assert self.plans is not None
        self.plans.end_timestamp()
        yield from ()

    def _serve_plan(self, item: DueItem) -> None:
        assert self.plans is not None
        self.plans.due(item)

    def _kill(self) -> None:
        if self.plans is not None:
            self._engine.admission.kill()
            self.plans.leave_all("kill_switch")
        self._engine.kill()

    def _square_off_now(self) -> None:
        if self.plans is not None:
            self.plans.leave_all("square_off")
        self._engine.square_off_now()

    # requests

    def _obey(self, request: Request) -> None:
        self._requests[type(request)](request)

    def _obey_command(self, command: Command) -> None:
        if command.order is not None:
            self._engine.account.api.serve(command.order)
        elif command.intents:
            for intent in command.intents:
                self._engine.process_signal(intent)
        else:
            self._commands[command.command](command.target)

    def _close_candles(self, due_ts: int, boundaries: Sequence[Boundary]) -> Iterator[None]:
        """Close the bars of one boundary and let the strategies see them."""
        candles = self._bars.close(due_ts, boundaries, self._at.rows)
        if not candles:
            return
        self._engine.runner.on_closes(candles)
        self._at.begin_candles(due_ts)
        wanted = self._strategies.on_candles(candles, self._engine.desk)
        yield from _one_by_one(self._engine.take_checked)(due_ts, wanted)
        self._at.end_candles()

    def _end_session(self, due_ts: int, groups: Sequence[int]) -> Iterator[None]:
        assert self._at.date is not None
        indices = self._bars.instruments(groups)
        if self.plans is not None:
            self.plans.square_off(indices, "session_end")
        self._engine.end_session(indices, self._at.date.isoformat())
        if self.plans is not None:
            self.plans.progress()
        yield from self._engine.timestamp_end.reach_now()

    # strategies on and off

    def switch(self, strategy_id: str, *, on: bool, by_config: bool = False) -> None:
        """Switch a strategy on or off; the latest command counts, whatever its source."""
        self._strategies.set_enabled(strategy_id, on)
        if not on:
            self._engine.entries.drop_of(strategy_id, "strategy_off")
        self._engine.admission.switch(strategy_id, on=on, by_config=by_config)


def _one_by_one(take: Callable[[Any], object]) -> PhaseWork:
    """Return the work of a phase that takes its items one after the other."""

    def work(due_ts: int, items: Sequence[Any]) -> Iterator[None]:
        for number, item in enumerate(items, 1):
            take(item)
            if number % STEP_ORDERS == 0:
                yield

    return work
