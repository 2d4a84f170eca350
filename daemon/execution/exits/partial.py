"""Partial exits: how much is closed, and the levels of the rest.

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

from daemon.domain.events import Levels
from daemon.domain.money import ceil_to_tick, floor_to_tick, ratio
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position


def quantity_at_fill(position: Position, ltp_paise: int) -> int:
    """Return how much of a pending partial exit to close at a price: all if it gapped through."""
    assert position.pending is not None
    if gapped_through_rest(position, ltp_paise):
        return position.quantity
    return position.pending.quantity


def is_part_of_stop(order: Order, position: Position) -> bool:
    """Return whether a pending exit is the part that a breached stop closes, with new levels.

    A part that the strategy asked for is not: its levels stay.
    """
    pending = position.pending
    return pending is not None and pending.partial and order.state is OrderState.SL_PENDING


def gapped_through_rest(position: Position, ltp_paise: int) -> bool:
    """Return whether the price has passed the rest's stop to be (stop minus one step)."""
    stop = position.stop_paise
    assert stop is not None
    step, unit = step_ratio(position)
    return position.sign * (stop - ltp_paise) * unit >= step


def rest_levels(position: Position) -> Levels:
    """Return the levels of the rest: one step behind the breached stop, anchored at it."""
    stop = position.stop_paise
    assert stop is not None
    step, unit = step_ratio(position)
    return Levels(
        stop_paise=snap_away(position, stop * unit - position.sign * step, unit),
        target_paise=position.target_paise,
        anchor_paise=stop,
        r_paise=position.r_paise,
    )


def part_of(quantity: int, lot_size: int, partial_exit_pct: float) -> int:
    """Return this part in whole lots (in units), 0 if that is nothing or everything."""
    pct, whole = ratio(partial_exit_pct)
    part = quantity * pct // (whole * lot_size) * lot_size
    return part if 0 < part < quantity else 0


def step_ratio(position: Position) -> tuple[int, int]:
    """Return one step of the ladder, s = trail_step_r * R, as an exact fraction of paise."""
    numerator, denominator = ratio(position.exits.trail_step_r)
    return numerator * position.r_paise, denominator


def snap_away(position: Position, numerator: int, denominator: int) -> int:
    """Return a level snapped away from the price: down for a long, up for a short."""
    snap = floor_to_tick if position.sign > 0 else ceil_to_tick
    return snap(numerator, denominator, position.tick_paise)
