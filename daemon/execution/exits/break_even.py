"""Break-even: once the price is far enough beyond the entry, the stop moves to cost.

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from daemon.domain.money import PAISE_MAX, PAISE_PER_RUPEE, ceil_to_tick, floor_to_tick, ratio
from daemon.domain.position import Position
from daemon.execution.costs import Costs
from daemon.execution.exits.rule import ExitRule, StopMove

BREAK_EVEN: Final = "break_even"


class BreakEvenManager(ExitRule):
    """Move the stop to cost C: the entry, or the price that pays for the charges as well."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs

    def ahead(self, position: Position) -> int | None:
        """Return the nearest price that moves the stop to cost."""
        cost = self.better_cost(position)
        return None if cost is None else _nearest_price(position, cost)

    def stop_at(self, position: Position, ltp_paise: int) -> StopMove | None:
        """Return the move to cost that this price allows; the ladder's steps stay."""
        cost = self.better_cost(position)
        if cost is None or position.sign * (ltp_paise - _nearest_price(position, cost)) < 0:
            return None
        return StopMove(cost, position.ladder_steps, ltp_paise, BREAK_EVEN)

    def better_cost(self, position: Position) -> int | None:
        """Return C (paise) if it is better than the stop in force, None without break-even."""
        if position.exits.break_even_at_r is None or position.on_rest:
            return None
        if position.stop_paise is None:
            return None
        charged = position.exits.break_even_with_charges
        cost = cost_with_charges(position, self._costs) if charged else position.entry_paise
        if cost is None or position.sign * (cost - position.stop_paise) <= 0:
            return None
        return cost


def cost_with_charges(position: Position, costs: Costs) -> int | None:
    """Return the price step nearest to the entry that pays for the charges, None without one.

    Beyond it every step pays as well: a step earns more than it adds to the charges.
    """
    if not costs.charged:
        return position.entry_paise
    if costs.date is None:
        return None
    sign, entry, tick = position.sign, position.entry_paise, position.tick_paise
    first = (ceil_to_tick if sign > 0 else floor_to_tick)(entry, 1, tick)
    last = (PAISE_MAX if sign > 0 else first) // tick - 1

    def pays(steps: int) -> bool:
        price = first + sign * steps * tick
        gain = sign * (price - entry) * position.quantity
        return gain >= costs.to_close(position, price) * PAISE_PER_RUPEE

    reach = 1
    while reach < last and not pays(reach):
        reach *= 2
    last = min(reach, last)
    steps = bisect_left(range(last + 1), True, key=pays)
    return first + sign * steps * tick if steps <= last else None


def _nearest_price(position: Position, cost: int) -> int:
    """Return the first whole paisa that is far enough beyond the entry, and a step beyond C."""
    assert position.exits.break_even_at_r is not None
    numerator, denominator = ratio(position.exits.break_even_at_r)
    sign = position.sign
    gain = -(-numerator * position.r_paise // denominator)
    return sign * max(sign * position.entry_paise + gain, sign * cost + position.tick_paise)
