"""Call strategies at the times that they asked for."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from daemon.domain.dates import ist_date, ist_midnight
from daemon.domain.timer import Due, TimerSpec
from daemon.execution.engine import ExecutionEngineV3
from daemon.execution.hooks import Hooks
from daemon.market.agenda import Agenda, Phase
from daemon.market.schedule import Schedule


class TimerCall(NamedTuple):
    """A timer on the agenda; `last_ts` is the last time of an `every` on this date (UTC ns)."""

    spec: TimerSpec
    due_ts: int
    last_ts: int
    missed: int = 0


class Timers:
    """Keep the next time of every timer on the agenda, one date at a time.

    Times at or before `until` (UTC ns) passed in an earlier process and are not called again.
    """

    def __init__(
        self,
        engine: ExecutionEngineV3,
        agenda: Agenda,
        schedule: Schedule,
        hooks: Hooks,
        *,
        until: int,
        grace_ns: int,
    ) -> None:
        self._engine = engine
        self._agenda = agenda
        self._schedule = schedule
        self._hooks = hooks
        self._until = until
        self._grace_ns = grace_ns

    def start_day(self, date: dt.date) -> None:
        """Put the first time of each timer on the agenda, where its instrument has a session."""
        for spec in self._hooks.timers:
            open_ts, close_ts = self._schedule.span(spec.instrument, date)
            if not close_ts:
                continue
            if spec.at_ns is not None:
                self._add_at(spec, ist_midnight(date) + spec.at_ns)
            elif spec.every_ns is not None:
                self._add_every(spec, open_ts, close_ts, spec.every_ns)

    def missed(self) -> list[TimerSpec]:
        """Return the timers `at` that were due on the present date before this process began."""
        if self._until < 0 or self._engine.at.date != ist_date(self._until):
            return []
        passed = self._until - ist_midnight(ist_date(self._until))
        return [
            spec
            for spec in self._hooks.timers
            if spec.at_ns is not None and spec.at_ns + self._late(spec) <= passed
        ]

    def call(self, item: TimerCall) -> None:
        """Call a strategy, or wait for the last of the times that a silence has swallowed."""
        spec, now = item.spec, self._engine.at.now
        if spec.every_ns is not None:
            latest = self._latest(item, now)
            missed = (latest - item.due_ts) // spec.every_ns
            if missed:
                self._put(item._replace(due_ts=latest, missed=missed))
                return
            following = item.due_ts + spec.every_ns
            if following <= item.last_ts:
                self._put(TimerCall(spec, following, item.last_ts))
        due = Due(name=spec.name, ts=now, due_ts=item.due_ts, missed=item.missed)
        for wanted in self._hooks.on_timer(spec, due, self._engine.desk):
            self._engine.take_checked(wanted)

    def _latest(self, item: TimerCall, now: int) -> int:
        assert item.spec.every_ns is not None
        until = min(now, item.last_ts)
        return item.due_ts + (until - item.due_ts) // item.spec.every_ns * item.spec.every_ns

    def _add_at(self, spec: TimerSpec, due_ts: int) -> None:
        if due_ts + self._late(spec) > self._until:
            self._put(TimerCall(spec, due_ts, due_ts))

    def _add_every(self, spec: TimerSpec, open_ts: int, close_ts: int, every_ns: int) -> None:
        passed = max(0, self._until - open_ts) // every_ns
        first = open_ts + (passed + 1) * every_ns
        if first <= close_ts:
            self._put(TimerCall(spec, first, close_ts))

    def _put(self, item: TimerCall) -> None:
        spec = item.spec
        phase = Phase.AFTER_CANDLES if spec.after_candles else Phase.TIMED_INTENT
        self._agenda.add(item.due_ts + self._late(spec), phase, 0, item)

    def _late(self, spec: TimerSpec) -> int:
        """Return how long after its time a timer is due: candles close after their grace."""
        return self._grace_ns if spec.after_candles else 0
