"""What strategies want to hear besides candles and ticks: their own updates and their timers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from daemon.domain.carry_over import HeardUpdate, SavedState
from daemon.domain.strategy_actions import Wanted
from daemon.domain.timer import Due, TimerSpec
from daemon.domain.update import Update
from daemon.execution.desk import Desk


class Hooks(Protocol):
    """The strategies that have such methods; what they return has been checked."""

    @property
    def heard(self) -> frozenset[str]:
        """Return the strategies that hear updates."""

    @property
    def timers(self) -> Sequence[TimerSpec]:
        """Return the times at which they want to be called."""

    def start(self, desk: Desk, missed: Sequence[TimerSpec], /) -> None:
        """Note that the first input is here; `missed` timers were due before a restart."""

    def resume(self, saved: Mapping[str, SavedState], heard: Sequence[HeardUpdate], /) -> None:
        """Load what strategies saved, and keep what they heard to show it with the history."""

    def saved(self) -> dict[str, SavedState]:
        """Return what strategies would save now."""

    def attach(self, ask: Callable[[], None], /) -> None:
        """Take what asks for the end of the present timestamp."""

    def end_timestamp(self, ts: int, desk: Desk, /) -> None:
        """Note that a timestamp (UTC ns) has ended whose end was asked for."""

    def on_update(self, strategy_id: str, update: Update, desk: Desk, /) -> list[Wanted]:
        """Return what a strategy wants after an update."""

    def on_timer(self, spec: TimerSpec, due: Due, desk: Desk, /) -> list[Wanted]:
        """Return what a strategy wants at a time."""

    def react_too_often(self, strategy_id: str, ts: int, /) -> None:
        """Count an error of a strategy whose answers did not end (`ts` UTC ns)."""
