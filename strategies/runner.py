"""One strategy at work: called safely, counted, disabled when it keeps failing."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.intent import OrderIntent, Signal
from strategies.catalog import Loaded
from strategies.conflict import Proposal
from strategies.intents import as_intents, completed
from strategies.strategy import Intents, TickView, View
from strategies.views import Desk, StrategyView

Decide = Callable[[Any, View], Intents]
"""A strategy's method, of a candle or a tick and what it may see."""


class StrategyFault(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong in a strategy, for the log. `ts` UTC ns of the engine."""

    strategy_id: str
    ts: int
    error: str
    traceback_text: str


class Runner:
    """Calls one strategy and keeps its faults from everyone else.

    A strategy that a person switched off is still shown candles, so that its indicators are
    right when it comes back, but only its exits go through. One that failed too often is not
    called again until a person switches it on.
    """

    def __init__(self, loaded: Loaded, rank: int, view: StrategyView, errors_max: int) -> None:
        self.config = loaded.config
        self.on = True
        self.disabled = False
        self.intents = 0
        self.errors = 0
        self.withheld = 0
        self.conflicts_lost = 0
        self.rank = rank
        self.on_candle: Decide | None = getattr(loaded.strategy, "on_candle", None)
        self.on_tick: Decide | None = getattr(loaded.strategy, "on_tick", None)
        """The strategy's own methods, None for what it did not ask for."""
        self._view = view
        self._errors_max = errors_max
        self._streak = 0

    def switch(self, on: bool) -> None:
        """On forgives the errors so far."""
        self.on = on
        if on:
            self.disabled, self._streak = False, 0

    def ask(
        self,
        decide: Decide,
        shown: Candle | TickView,
        desk: Desk,
        faults: list[StrategyFault],
    ) -> list[Proposal]:
        """What it proposes on a closed candle or a tick; a fault is added to `faults`.

        `decide` is its `on_candle` or its `on_tick`.
        """
        if self.disabled:
            return []
        view = self._view
        view.show(shown, desk)
        try:
            returned = decide(shown, view)
            if returned is None:  # nearly always
                self._streak = 0
                return []
            intents = [completed(each, self.config) for each in as_intents(returned)]
        except Exception as error:  # noqa: BLE001  (the boundary to the user's code)
            faults.append(self._fault(error, desk.now))
            return []
        self._streak = 0
        return [self._proposal(each) for each in intents if self._may(each)]

    def report(self) -> dict[str, int]:
        """Its counters since the start; `disabled` by its errors, `off` by a person."""
        return {
            "intents": self.intents,
            "errors": self.errors,
            "disabled": int(self.disabled),
            "off": int(not self.on),
            "withheld": self.withheld,
            "conflicts_lost": self.conflicts_lost,
        }

    def _may(self, intent: OrderIntent) -> bool:
        if self.on or intent.signal == Signal.EXIT:
            return True
        self.withheld += 1
        return False

    def _proposal(self, intent: OrderIntent) -> Proposal:
        return Proposal(intent=intent, rank=self.rank, priority=self.config.priority)

    def _fault(self, error: Exception, ts: int) -> StrategyFault:
        self.errors += 1
        self._streak += 1
        self.disabled = self._streak >= self._errors_max
        return StrategyFault(
            strategy_id=self.config.id,
            ts=ts,
            error=f"{type(error).__name__}: {error}",
            traceback_text="".join(traceback.format_exception(error)),
        )
