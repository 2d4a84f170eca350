"""The ladder: for every whole step gained the stop moves up one step.

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

from daemon.domain.money import ratio
from daemon.domain.position import Position
from daemon.execution.exits.partial import snap_away, step_ratio
from daemon.execution.exits.rule import ExitRule, StopMove

__all__ = ["StopMove", "TrailingStopManager"]


class TrailingStopManager(ExitRule):
    """Move the stop to max(stop, A + floor((H - A)/s)*s - D), never against the position.

    From entry A = E and D = R; after a partial exit A = the breached stop and D = s.
    """

    def ahead(self, position: Position) -> int | None:
        """Return the next price that moves the stop."""
        return self.next_level(position)

    def stop_at(self, position: Position, ltp_paise: int) -> StopMove | None:
        """Return the move that this price earns."""
        return self.update_trailing_stop(position, ltp_paise)

    def update_trailing_stop(self, position: Position, ltp_paise: int) -> StopMove | None:
        """Return the move that this price earns, None if the stop stays where it is."""
        if not _trails(position) or position.sign * (ltp_paise - _begins_at(position)) < 0:
            return None
        step, unit = step_ratio(position)
        gained = position.sign * (ltp_paise - position.anchor_paise) * unit
        steps = gained // step
        if steps <= position.ladder_steps:
            return None
        stop = snap_away(position, self._stop(position, steps, step, unit), unit)
        assert position.stop_paise is not None
        if position.sign * (stop - position.stop_paise) <= 0:
            return None
        return StopMove(stop, steps, ltp_paise)

    def next_level(self, position: Position) -> int | None:
        """Return the nearest price (paise) that would move the stop, None if it does not trail."""
        if not _trails(position):
            return None
        assert position.stop_paise is not None
        step, unit = step_ratio(position)
        sign = position.sign
        # the least n whose snapped stop is at least one tick better than the stop in force
        better = sign * position.stop_paise + position.tick_paise
        behind = self._distance(position, step, unit)
        missing = better * unit - sign * position.anchor_paise * unit + behind
        steps = max(-(-missing // step), position.ladder_steps + 1)
        level = -(-(sign * position.anchor_paise * unit + steps * step) // unit)
        return sign * max(level, sign * _begins_at(position))

    def _stop(self, position: Position, steps: int, step: int, unit: int) -> int:
        """Return the unsnapped stop after `steps`, in 1/unit paise."""
        up = position.sign * (steps * step - self._distance(position, step, unit))
        return position.anchor_paise * unit + up

    def _distance(self, position: Position, step: int, unit: int) -> int:
        """Return D in 1/unit paise."""
        return step if position.on_rest else position.r_paise * unit


def _trails(position: Position) -> bool:
    return position.exits.enable_trailing and position.r_paise > 0


def _begins_at(position: Position) -> int:
    """Return the first whole paisa at which the ladder may move; a rest's may at once."""
    after = position.exits.trail_after_r
    if after is None or position.on_rest:
        return position.anchor_paise
    numerator, denominator = ratio(after)
    gain = -(-numerator * position.r_paise // denominator)
    return position.entry_paise + position.sign * gain
