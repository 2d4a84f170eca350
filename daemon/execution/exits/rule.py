"""The protocol of exit rules; a new rule is one file and one line in rules.py."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from daemon.domain.events import ExitDemand
from daemon.domain.order import TRAILING_STOP, OrderState
from daemon.domain.position import Position


class Exit(NamedTuple):
    """A decision to exit: the state to wait in, the reason and the quantity."""

    state: OrderState
    reason: str
    demand: ExitDemand


class StopMove(NamedTuple):
    """A decision to move the stop (paise) at a price; `steps` whole steps over the anchor.

    A position that leaves at this stop leaves for the move's `reason`.
    """

    stop_paise: int
    steps: int
    ltp_paise: int
    reason: str = TRAILING_STOP


class Elsewhere(Protocol):
    """Which levels of a position are not the engine's to watch; `AtExchange` says it."""

    def holds_stop(self, position: Position) -> bool:
        """Return whether the stop is watched elsewhere."""
        return False

    def holds_target(self, position: Position) -> bool:
        """Return whether the target is watched elsewhere."""
        return False


class Nowhere(Elsewhere):
    """The engine watches every level."""


NOWHERE: Final = Nowhere()


class ExitRule(Protocol):
    """One reason to exit a position or to move its stop.

    A rule keeps no state: what it knows of a position is in the position. It overrides the methods
    that concern it and inherits the rest. Prices are paise; None and 0 mean that it does not want
    to be asked. Levels may depend on the date: they are asked for again on every new one.
    """

    def ahead(self, position: Position) -> int | None:
        """Return the nearest price in the position's favour at which to ask this rule."""
        return None

    def behind(self, position: Position) -> int | None:
        """Return the nearest price against the position at which to ask this rule."""
        return None

    def bars(self, position: Position) -> int:
        """Return after how many bars held to ask this rule."""
        return 0

    def exit_at(self, position: Position, ltp_paise: int) -> Exit | None:
        """Return the exit that a price leads to."""
        return None

    def exit_after(self, position: Position, bars_held: int) -> Exit | None:
        """Return the exit that this many bars held lead to."""
        return None

    def stop_at(self, position: Position, ltp_paise: int) -> StopMove | None:
        """Return where a price moves the stop to, better than the stop in force."""
        return None
