"""Levels that are relative to the entry: what they are once its price is known (F50)."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.errors import BadNumber
from daemon.domain.intent import Rel
from daemon.domain.money import PAISE_PER_RUPEE, Ratio, decimal_from, nearest_tick, ratio
from daemon.domain.order import Order
from daemon.risk.gates import Refusal


class EntryLevels(NamedTuple):
    """Stop and target of a position, paise; None = no such level."""

    stop_paise: int | None
    target_paise: int | None


def levels_at(order: Order, cost_paise: int, quantity: int) -> EntryLevels:
    """Return the levels of an order whose entry has cost so much: what is a price stays."""
    entry = (cost_paise, quantity)
    stop, target = order.sl_paise, order.tp_paise
    if order.sl_rel is not None:
        stop = _level(order, entry, -order.sign, order.sl_rel, 0)
    if order.tp_rel is not None:
        risk = 0 if stop is None else abs(cost_paise - stop * quantity)
        target = _level(order, entry, order.sign, order.tp_rel, risk)
    return EntryLevels(stop, target)


def check_relative(order: Order) -> Refusal | None:
    """Refuse a distance that is not above 0, and one in R that has no R or makes it."""
    has_stop = order.sl_paise is not None or order.sl_rel is not None
    for name, level, may_be_r in (
        ("sl_price", order.sl_rel, False),
        ("tp_price", order.tp_rel, has_stop),
    ):
        if level is not None and not (_is_distance(level) and (may_be_r or level.unit != "r")):
            return Refusal("bad_level", {name: f"{level.x!r} {level.unit}"})
    return None


def _is_distance(level: Rel) -> bool:
    try:
        return decimal_from(level.x) > 0
    except BadNumber:
        return False


def _level(order: Order, entry: Ratio, side: int, rel: Rel, risk: int) -> int | None:
    """Return the level at a distance from the entry, None without room for one.

    It is on the price step, a tie away from the position. One that snaps onto the entry moves a
    step away. `entry` is cost by quantity, `risk` that of the whole quantity (paise).
    """
    (cost, quantity), tick = entry, order.tick_paise
    x, whole = ratio(rel.x)
    if rel.unit == "pct":
        distance, of = cost * x, 100 * whole
    elif rel.unit == "points":
        distance, of = quantity * PAISE_PER_RUPEE * x, whole
    else:
        distance, of = risk * x, whole
    level = nearest_tick(cost * of + side * distance, quantity * of, tick, ties_up=side > 0)
    if side * (level * quantity - cost) <= 0:
        level += side * tick
    return level if level >= tick else None
