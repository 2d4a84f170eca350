"""The levels that a strategy gave its trade, folded from their event."""

from __future__ import annotations

from daemon.domain.events import StopMoved
from daemon.domain.order import Order
from daemon.domain.position import Position


def fold_modified(event: StopMoved, order: Order, position: Position | None) -> None:
    """Set the levels of what is open and of what may still fill.

    R stays as it was, unless there is no stop any more to count it from.
    """
    stop, target = event.stop_to_paise or None, event.target_to_paise or None
    order.sl_rel, order.tp_rel = event.stop_rel, event.target_rel
    order.sl_paise = None if event.stop_rel else stop
    order.tp_paise = None if event.target_rel else target
    if position is None:
        return
    position.stop_paise, position.target_paise = stop, target
    position.stop_moved_by = ""
    if stop is None:
        position.initial_stop_paise = None
