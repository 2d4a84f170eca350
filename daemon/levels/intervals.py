"""Prices at which a combined result may have reached something, instrument by instrument.

While every instrument stays within its interval, the result cannot have moved by as much as its
distance to the nearest level: the sum of quantity x move is less than units x (distance / units).
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.levels.stake import Stake
from daemon.levels.terms import Money


class Interval(NamedTuple):
    """The prices (paise) that end it: at or below, at or above; None = not on that side."""

    below: int | None
    above: int | None


class Reach(NamedTuple):
    """How far every price may move at least, against the stake and with it, paise; None = far."""

    loss: int | None
    gain: int | None


def reach_of(stake: Stake, result: Money, floor: Money | None, ceiling: Money | None) -> Reach:
    """Return how far prices must move before the result meets `floor` or `ceiling`."""
    units = stake.units
    return Reach(
        None if floor is None else _up(result - floor, units),
        None if ceiling is None else _up(ceiling - result, units),
    )


def interval(quantity: int, price: int, reach: Reach) -> Interval:
    """Return the interval of an instrument held in a signed quantity, around its last price."""
    down, up = reach if quantity > 0 else (reach.gain, reach.loss)
    below = None if down is None or down >= price else price - down
    return Interval(below, None if up is None else price + up)


def _up(distance: Money, units: int) -> int:
    return int(-(-distance // units))
