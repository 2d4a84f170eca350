"""Slippage: how far from its base price an order fills (SEMANTICS, "Fills")."""

from __future__ import annotations

from typing import Final

from daemon.domain.money import nearest_tick, ratio
from daemon.domain.order import Side

_BPS: Final = 10_000


class Slippage:
    """Move a base price against the order by basis points, snap it, then move whole steps."""

    def __init__(self, bps: float, ticks: int = 0) -> None:
        self._bps, denominator = ratio(bps)
        self._ticks = ticks
        self._unit = denominator * _BPS

    def price(self, base_half: int, side: Side, tick: int) -> int:
        """Return the price in paise; never better than the base if there is slippage.

        `base_half` is in half paise, because a mid can fall between two paise.
        """
        price = self._snapped(base_half, side, tick)
        if not self._ticks:
            return price
        steps = self._ticks * tick
        return price + steps if side == "BUY" else max(price - steps, tick)

    def _snapped(self, base_half: int, side: Side, tick: int) -> int:
        if not self._bps and not base_half % (2 * tick):
            return max(base_half // 2, tick)  # a price on its tick stays where it is
        double = 2 * self._unit
        if side == "BUY":
            price = nearest_tick(base_half * (self._unit + self._bps), double, tick, ties_up=True)
            if self._bps and 2 * price <= base_half:
                price = (base_half // (2 * tick) + 1) * tick
        else:
            price = nearest_tick(base_half * (self._unit - self._bps), double, tick, ties_up=False)
            if self._bps and 2 * price >= base_half:
                price = (-(-base_half // (2 * tick)) - 1) * tick
        return max(price, tick)
