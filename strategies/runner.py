"""Run one strategy: call it safely, count its results, disable it when it keeps failing."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.dates import iso_ist
from daemon.domain.intent import OrderIntent, Signal
from strategies.catalog import LoadedStrategy
from strategies.conflict import Proposal
from strategies.intents import as_intents, completed
from strategies.strategy import Intents, TickView, View
from strategies.views import Desk, StrategyView

StrategyMethod = Callable[[Any, View], Intents]
"""A strategy's method: takes a candle or a tick and a View, returns intents."""


class StrategyFault(msgspec.Struct, frozen=True, kw_only=True):
    """An error in a call of a strategy, for the log.

    `ts` (UTC ns) is the end of the candle, or the time of the tick, that it was shown.
    """

    strategy_id: str
    ts: int
    error: str
    traceback_text: str


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
        self.view = view
        self._errors_max = errors_max
        self._streak = 0

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
        faults: list[StrategyFault],
    ) -> list[Proposal]:
        """Return its proposals on a closed candle or a tick; add a fault to `faults`.

        `decide` is its `on_candle` or its `on_tick`. The caller counts the faults of a boundary or
        a tick with `fail`.
        """
        if self.disabled:
            return []
        view = self.view
        view.show(shown, desk)
        try:
            returned = decide(shown, view)
            if returned is None:  # the usual case
                self._streak = 0
                return []
            intents = [completed(intent, self.config) for intent in as_intents(returned)]
        except Exception as error:  # noqa: BLE001  (the boundary to the user's code)
            faults.append(self._fault(error, shown))
            return []
        self._streak = 0
        return [self._proposal(intent) for intent in intents if self._may(intent)]

    def fail(self, ts: int, calls: int, *, forgiven: bool) -> None:
        """Count a boundary or tick (`ts`, UTC ns) at which `calls` of its calls raised.

        It is forgiven if another call of the same boundary succeeded.
        """
        failures = self.failures
        failures.count += 1
        failures.calls += calls
        failures.first_ts = ts if failures.first_ts is None else failures.first_ts
        failures.last_ts = ts
        self._streak = 0 if forgiven else self._streak + 1
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

    def _may(self, intent: OrderIntent) -> bool:
        if self.on or intent.signal == Signal.EXIT:
            return True
        self.withheld += 1
        return False

    def _proposal(self, intent: OrderIntent) -> Proposal:
        return Proposal(intent=intent, rank=self.rank, priority=self.config.priority)

    def _fault(self, error: Exception, shown: Candle | TickView) -> StrategyFault:
        return StrategyFault(
            strategy_id=self.config.id,
            ts=shown.end_ts if isinstance(shown, Candle) else shown.ts,
            error=f"{type(error).__name__}: {error}",
            traceback_text="".join(traceback.format_exception(error)),
        )


def _time(ts: int | None) -> str | None:
    return None if ts is None else iso_ist(ts)
