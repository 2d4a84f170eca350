"""Run one strategy: call it safely, count its results, disable it when it keeps failing."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.dates import iso_ist
from daemon.domain.intent import Signal
from daemon.domain.strategy_actions import Asked, Basket, Wanted
from strategies.catalog import LoadedStrategy
from strategies.conflict import Proposal
from strategies.desks import Desk, Shown, ts_of
from strategies.hook_methods import HookMethods
from strategies.intents import as_actions, wanted_of
from strategies.memory import Memory
from strategies.strategy import Actions, TickView, View
from strategies.views import StrategyView

StrategyMethod = Callable[[Any, View], Actions]
"""A strategy's method: takes a candle, a tick or the like and a View, returns actions."""


class StrategyFault(msgspec.Struct, frozen=True, kw_only=True):
    """An error in a call of a strategy, for the log.

    `ts` (UTC ns) is the end of the candle, or the time of the tick, that it was shown.
    """

    strategy_id: str
    ts: int
    error: str
    traceback_text: str


class BoundaryFaults:
    """The faults of the boundary, tick or other call in work, and its number."""

    def __init__(self) -> None:
        self.number = 0
        self.found: list[StrategyFault] = []

    def begin(self) -> None:
        """Begin the next one."""
        self.number += 1


class Failures(msgspec.Struct, kw_only=True):
    """The failures of a strategy: how often, and when; times are UTC ns, None for never.

    A boundary counts once, however many of its candles were shown; so does a tick.
    """

    count: int = 0
    calls: int = 0
    """Calls that raised; several at one boundary all count here."""
    first_ts: int | None = None
    last_ts: int | None = None
    disabled_ts: int | None = None
    """When it was last disabled; kept when it is switched on again."""


class Runner:
    """Calls one strategy and keeps its faults from everything else.

    A strategy switched off by hand still sees candles, so that its indicators are right when it is
    switched on again, but only its exits go through. One that failed too often is not called until
    it is switched on by hand.
    """

    def __init__(
        self, loaded: LoadedStrategy, rank: int, view: StrategyView, errors_max: int
    ) -> None:
        self.config = loaded.config
        self.on = True
        self.disabled = False
        self.intents = 0
        self.failures = Failures()
        self.withheld = 0
        self.conflicts_lost = 0
        self.losses_told = 0
        self.rank = rank
        self.on_candle: StrategyMethod | None = getattr(loaded.strategy, "on_candle", None)
        self.on_tick: StrategyMethod | None = getattr(loaded.strategy, "on_tick", None)
        """The strategy's own methods, None for what it did not ask for."""
        self.hooks = HookMethods(loaded.strategy)
        self.memory = Memory()
        self.view = view
        self._errors_max = errors_max
        self._streak = 0
        self._ok_number = self._ok_before = 0
        """The last two boundaries at which a call succeeded; then the last that failed."""
        self._failed_number = 0

    def switch(self, on: bool) -> None:
        """Switch the strategy on or off by hand; switching on forgives earlier errors."""
        self.on = on
        if on:
            self.disabled, self._streak = False, 0

    def ask(
        self,
        decide: StrategyMethod,
        shown: Candle | TickView,
        desk: Desk,
        faults: BoundaryFaults,
    ) -> list[Proposal | Asked]:
        """Return its proposals on a closed candle or a tick; add a fault to `faults`.

        `decide` is its `on_candle` or its `on_tick`. The caller counts the faults of a boundary or
        a tick with `fail`.
        """
        return self.proposals(self.answer(decide, shown, desk, faults))

    def proposals(self, wanted: Iterable[Wanted]) -> list[Proposal | Asked]:
        """Return what it wants as proposals."""
        return [self._proposal(each) for each in wanted]

    def answer(
        self, decide: StrategyMethod, shown: Shown, desk: Desk, faults: BoundaryFaults
    ) -> Sequence[Wanted]:
        """Return what it wants after a call, which has been checked; add a fault to `faults`.

        It is called for every tick that a strategy asked for, so it calls as little as it can.
        """
        if self.disabled:
            return ()
        view = self.view
        view.show(shown, desk)
        if self.hooks.save is not None:
            self.memory.note(shown)
        try:
            returned = decide(shown, view)
            wanted: Sequence[Wanted] = ()
            if returned is not None:
                wanted = [wanted_of(action, self.config) for action in as_actions(returned)]
        except Exception as error:  # noqa: BLE001  (the boundary to the user's code)
            text = "".join(traceback.format_exception(error))
            ts = ts_of(shown, desk)
            self.fault(faults, ts, f"{type(error).__name__}: {error}", text)
            return ()
        number = faults.number
        if number != self._ok_number:
            self._ok_before, self._ok_number = self._ok_number, number
        return [each for each in wanted if self._may(each)] if wanted else ()

    def fault(self, faults: BoundaryFaults, ts: int, error: str, text: str = "") -> None:
        """Note an error of the strategy at `ts` (UTC ns), with its traceback if there is one."""
        faults.found.append(
            StrategyFault(strategy_id=self.config.id, ts=ts, error=error, traceback_text=text)
        )

    def fail(self, ts: int, calls: int, number: int) -> None:
        """Count the boundary `number` (`ts`, UTC ns) at which `calls` of its calls raised.

        Calls of the same boundary that succeeded change nothing: it failed.
        """
        failures = self.failures
        failures.count += 1
        failures.calls += calls
        failures.first_ts = ts if failures.first_ts is None else failures.first_ts
        failures.last_ts = ts
        succeeded = self._ok_number if self._ok_number != number else self._ok_before
        self._streak = 1 if succeeded > self._failed_number else self._streak + 1
        self._failed_number = number
        if self._streak >= self._errors_max:
            self.disabled = True
            failures.disabled_ts = ts

    def report(self) -> dict[str, int]:
        """Return its counters since the start; `disabled` is for its errors, `off` by hand."""
        return {
            "intents": self.intents,
            "errors": self.failures.count,
            "disabled": int(self.disabled),
            "off": int(not self.on),
            "withheld": self.withheld,
            "conflicts_lost": self.conflicts_lost,
        }

    def status(self) -> dict[str, int | str | None]:
        """Return its counters and when it failed and was disabled: Indian time, None for never."""
        failures = self.failures
        return {
            **self.report(),
            "failed_calls": failures.calls,
            "first_failure": _time(failures.first_ts),
            "last_failure": _time(failures.last_ts),
            "disabled_at": _time(failures.disabled_ts),
        }

    def _may(self, wanted: Wanted) -> bool:
        if self.on:
            return True
        if isinstance(wanted, Asked):
            opens = isinstance(wanted.action, Basket)
        else:
            opens = wanted.signal != Signal.EXIT
        if not opens:
            return True
        self.withheld += 1
        return False

    def _proposal(self, wanted: Wanted) -> Proposal | Asked:
        if isinstance(wanted, Asked):
            return wanted
        return Proposal(intent=wanted, rank=self.rank, priority=self.config.priority)


def _time(ts: int | None) -> str | None:
    return None if ts is None else iso_ist(ts)
