"""The stop: when it is breached, how much leaves, and where the rest waits (section 7)."""

from __future__ import annotations

from daemon.domain.events import ExitDemand, Levels
from daemon.domain.money import ceil_to_tick, floor_to_tick, ratio
from daemon.domain.position import Position


class StopLossManager:
    """First breach of a losing stop lets a part go, every later one the whole."""

    def check_stop_loss(self, position: Position, ltp_paise: int) -> bool:
        """Whether the price is at the stop or through it."""
        stop = position.stop_paise
        return stop is not None and position.sign * (ltp_paise - stop) <= 0

    def execute_stop_loss(self, position: Position, ltp_paise: int) -> ExitDemand:
        """How much leaves at this breach."""
        partial = self.partial_quantity(position)
        return ExitDemand(
            quantity=partial or position.quantity,
            partial=partial > 0,
            level_paise=position.stop_paise or 0,
            ltp_paise=ltp_paise,
        )

    def partial_quantity(self, position: Position) -> int:
        """Whole lots that leave at a partial exit now, 0 if the exit must be full."""
        if not self._wants_a_part(position):
            return 0
        return part_of(position.quantity, position.lot_size, position.exits.partial_exit_pct)

    def lacks_a_lot(self, position: Position) -> bool:
        """Return whether a part should leave now and only the lot size forbids it."""
        return self._wants_a_part(position) and not self.partial_quantity(position)

    def _wants_a_part(self, position: Position) -> bool:
        rules = position.exits
        if not rules.enable_partial_exit or position.on_rest or position.initial_stop_paise is None:
            return False
        stop = position.stop_paise
        assert stop is not None
        losing = position.sign * (stop - position.entry_paise) < 0
        return losing or rules.partial_exit_when == "always"

    def reason(self, position: Position) -> str:
        """Which stop this is: the first one, one that the ladder moved, or the rest's."""
        if position.ladder_steps:
            return "trailing_stop"
        return "stop_loss_rest" if position.on_rest else "stop_loss"

    def gapped_through_rest(self, position: Position, ltp_paise: int) -> bool:
        """Whether the price has also passed where the rest would wait (stop minus one step)."""
        stop = position.stop_paise
        assert stop is not None
        step, unit = step_ratio(position)
        return position.sign * (stop - ltp_paise) * unit >= step

    def rest_levels(self, position: Position) -> Levels:
        """The levels of what is left: one step behind the breached stop, anchored at it."""
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
    """Return the whole lots (in units) that are this part, 0 if they are none or all."""
    pct, whole = ratio(partial_exit_pct)
    part = quantity * pct // (whole * lot_size) * lot_size
    return part if 0 < part < quantity else 0


def step_ratio(position: Position) -> tuple[int, int]:
    """One step of the ladder, s = trail_step_r * R, as an exact fraction of paise."""
    numerator, denominator = ratio(position.exits.trail_step_r)
    return numerator * position.r_paise, denominator


def snap_away(position: Position, numerator: int, denominator: int) -> int:
    """A level snapped away from the price: down for a long, up for a short."""
    snap = floor_to_tick if position.sign > 0 else ceil_to_tick
    return snap(numerator, denominator, position.tick_paise)
