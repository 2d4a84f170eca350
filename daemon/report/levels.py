"""Fold the stop and target of each trade over its life, to be drawn as steps."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.domain.events import OrderMoved, StopMoved, TradingEvent
from daemon.domain.order import ENTRY_FILL, MODIFIED, OrderState
from daemon.domain.position import Position


class LevelStep(msgspec.Struct, frozen=True):
    """From `ts` (UTC ns) on a trade has this stop and this target, paise; None = no such level."""

    ts: int
    stop_paise: int | None
    target_paise: int | None


class LevelFold:
    """The levels of every trade, each as its steps in order."""

    def __init__(self) -> None:
        self.steps: Final[dict[str, list[LevelStep]]] = {}

    def begin(self, position: Position, ts: int) -> None:
        """Begin a trade at `ts` (UTC ns) with the levels of a position that is carried over."""
        step = LevelStep(ts, position.stop_paise, position.target_paise)
        self.steps[position.order_id] = [step]

    def add(self, event: TradingEvent) -> None:
        """Fold one more event."""
        if isinstance(event, StopMoved):
            steps = self.steps.setdefault(event.order_id, [])
            target = steps[-1].target_paise if steps else None
            if event.reason in (ENTRY_FILL, MODIFIED):
                target = event.target_to_paise or None
            steps.append(LevelStep(event.ts, event.stop_to_paise or None, target))
        elif isinstance(event, OrderMoved):
            self._move(event)

    def _move(self, event: OrderMoved) -> None:
        if event.to_state is OrderState.CLOSED and event.order_id in self.steps:
            self.steps[event.order_id].append(LevelStep(event.ts, None, None))
        elif event.levels is not None:
            step = LevelStep(event.ts, event.levels.stop_paise, event.levels.target_paise)
            self.steps.setdefault(event.order_id, []).append(step)
