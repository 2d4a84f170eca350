"""The order book that a tick shows: at most five levels a side."""

from __future__ import annotations

from typing import Final, NamedTuple

from daemon.domain.ticks import DEPTH_LEVELS, Int64s


class Level(NamedTuple):
    """One price level of a side: paise, units, and the number of orders."""

    price_paise: int
    quantity: int
    orders: int


class Depth(NamedTuple):
    """Bids and asks, the best first; a side is as long as the feed shows it."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


EMPTY: Final = Depth((), ())


def depth_of(levels: Int64s) -> Depth:
    """Return one row of `Ticks.depth`, shape (10, 3), without its empty levels.

    Nothing else is checked: the levels are as the feed sent them.
    """
    shown = [Level(price, quantity, orders) for quantity, price, orders in levels.tolist()]
    return Depth(_side(shown[:DEPTH_LEVELS]), _side(shown[DEPTH_LEVELS:]))


def _side(levels: list[Level]) -> tuple[Level, ...]:
    return tuple(level for level in levels if level.price_paise > 0 and level.quantity > 0)
