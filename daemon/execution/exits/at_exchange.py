"""Which orders a position wants at the exchange: its stop as an SL, its target as a LIMIT (F33)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from daemon.domain.money import ceil_to_tick, floor_to_tick, ratio
from daemon.domain.order_kind import OrderKind
from daemon.domain.position import Position
from daemon.execution.exits.partial import rest_levels, snap_away
from daemon.execution.exits.stop_loss import StopLossManager

_RULE: Final = StopLossManager()


class Place(StrEnum):
    """Which exit of a trade an order is: its stop, that of its rest, or its target."""

    STOP = "stop"
    REST = "rest"
    TARGET = "target"

    __hash__ = str.__hash__
    """As fast as a string's hash; Enum's own is a Python function."""


class Wanted(NamedTuple):
    """An order that a position wants at the exchange. Units and paise; `trigger` 0 for a LIMIT."""

    place: Place
    quantity: int
    trigger: int
    limit: int

    @property
    def kind(self) -> OrderKind:
        """Return what kind of order it is."""
        return "SL" if self.trigger else "LIMIT"


class AtExchange:
    """Whether stop and target of a position are the exchange's to watch, or the engine's.

    What it refused to hold, by trade and place, the engine watches.
    """

    def __init__(self) -> None:
        self._fallen: set[tuple[str, Place]] = set()

    def holds_stop(self, position: Position) -> bool:
        """Return whether the stop lies at the exchange, or is on its way there."""
        held = position.exits.stop_at_exchange
        return held and (position.order_id, Place.STOP) not in self._fallen

    def holds_target(self, position: Position) -> bool:
        """Return whether the target lies at the exchange, or is on its way there."""
        held = position.exits.target_at_exchange
        return held and (position.order_id, Place.TARGET) not in self._fallen

    def fall(self, position: Position, place: Place) -> None:
        """Let the engine watch a level that the exchange does not hold."""
        self._fallen.add((position.order_id, place))

    def rise(self, position: Position, place: Place) -> None:
        """Let the exchange hold a level again."""
        self._fallen.discard((position.order_id, place))

    def start_day(self) -> None:
        """Let the exchange hold everything again: what it refuses depends on the day."""
        self._fallen.clear()


def wanted_stops(position: Position) -> list[Wanted]:
    """Return the stop; in two parts while a part leaves first: q at S, the rest at S - s.

    A stop at cost may lie between two steps; the first price that meets it is the next step.
    """
    stop = position.stop_paise
    if stop is None or not position.exits.stop_at_exchange:
        return []
    stop = snap_away(position, stop, 1)
    part = _RULE.partial_quantity(position)
    if not part:
        return [_stop(position, Place.STOP, position.quantity, stop)]
    stops = [_stop(position, Place.STOP, part, stop)]
    behind = rest_levels(position).stop_paise
    assert behind is not None
    if behind >= position.tick_paise:  # no price ever meets a stop below the first step
        stops.append(_stop(position, Place.REST, position.quantity - part, behind))
    return stops


def wanted_target(position: Position) -> list[Wanted]:
    """Return the target, whole."""
    target = position.target_paise
    if target is None or not position.exits.target_at_exchange:
        return []
    return [Wanted(Place.TARGET, position.quantity, 0, target)]


def is_met(position: Position, ltp_paise: int) -> bool:
    """Return whether a price is at the stop or through it."""
    stop = position.stop_paise
    return stop is not None and position.sign * (ltp_paise - stop) <= 0


def _stop(position: Position, place: Place, quantity: int, trigger: int) -> Wanted:
    return Wanted(place, quantity, trigger, limit_of(position, trigger))


def limit_of(position: Position, trigger: int) -> int:
    """Return L = T -+ buffer (paise): rounded to the step away from T, at least one step."""
    buffer, tick = position.exits.sl_limit_buffer, position.tick_paise
    assert buffer is not None
    part, whole = ratio(buffer.percent)
    unit = 100 * whole
    beyond = max(trigger * part, buffer.min_ticks * tick * unit)
    if position.sign > 0:
        return max(floor_to_tick(trigger * unit - beyond, unit, tick), tick)
    return ceil_to_tick(trigger * unit + beyond, unit, tick)
