"""The exit coroutine: one per position, driven by the engine (design D3).

It awaits market conditions and asks for exits; it keeps nothing of its own. All it knows is in
the position, so one that is thrown away and started again goes on the same.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, NamedTuple

from daemon.domain.events import ExitDemand
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.exits.stop_loss import StopLossManager
from daemon.execution.exits.take_profit import TakeProfitManager
from daemon.execution.exits.time_stop import TimeStopManager
from daemon.execution.exits.trailing_stop import StopMove, TrailingStopManager


class Wake(NamedTuple):
    """Why the coroutine goes on: a price (paise), bars that were counted, or a demand."""

    ltp_paise: int = 0
    bars_held: int = 0
    demand: str = ""


class _Request:
    """Something the coroutine asks of the engine; awaiting it yields it to the engine."""

    __slots__ = ()

    def __await__(self) -> Generator[_Request, Wake, Wake]:
        return (yield self)


class Crossing(_Request):
    """Wait for a price at or beyond a level (paise), for `bars` held, or for a demand."""

    __slots__ = ("above", "bars", "below")

    def __init__(self, *, below: int | None, above: int | None, bars: int | None) -> None:
        self.below = below
        self.above = above
        self.bars = bars


class MoveStop(_Request):
    """Set the stop anew."""

    __slots__ = ("move",)

    def __init__(self, move: StopMove) -> None:
        self.move = move


class Leave(_Request):
    """Begin an exit and wait until its fill is booked."""

    __slots__ = ("demand", "reason", "state")

    def __init__(self, state: OrderState, reason: str, demand: ExitDemand) -> None:
        self.state = state
        self.reason = reason
        self.demand = demand


class Filled(_Request):
    """Wait for the fill of an exit that was begun before (after a restart)."""

    __slots__ = ()


ExitTask = Coroutine[_Request, Wake, None]
Request = Crossing | MoveStop | Leave | Filled
crossing = Crossing


class ExitManagers(NamedTuple):
    """The four rules, shared by all positions."""

    stop_loss: StopLossManager
    take_profit: TakeProfitManager
    trailing_stop: TrailingStopManager
    time_stop: TimeStopManager


def make_managers() -> ExitManagers:
    """The four managers; they keep no state."""
    return ExitManagers(
        StopLossManager(), TakeProfitManager(), TrailingStopManager(), TimeStopManager()
    )


async def manage_exits(position: Position, managers: ExitManagers) -> None:
    """The life of one position from its fill to its last unit."""
    if position.pending is not None:
        await Filled()
    while position.quantity:
        wake = await watch(position, managers)
        request = decide(position, managers, wake)
        if request is not None:
            await request


def watch(position: Position, managers: ExitManagers) -> Crossing:
    """What the position waits for: its stop on one side, target or next step on the other."""
    ahead = position.target_paise
    step = managers.trailing_stop.next_level(position)
    sign = position.sign
    if step is not None and (ahead is None or sign * (step - ahead) < 0):
        ahead = step
    bars = position.exits.time_stop_bars or None
    if sign > 0:
        return crossing(below=position.stop_paise, above=ahead, bars=bars)
    return crossing(below=ahead, above=position.stop_paise, bars=bars)


def decide(position: Position, managers: ExitManagers, wake: Wake) -> Leave | MoveStop | None:
    """What one wake leads to; for a price: target, then stop, then trail."""
    if wake.demand:
        demand = ExitDemand(quantity=position.quantity)
        return Leave(OrderState.EXIT_PENDING, wake.demand, demand)
    if wake.bars_held:
        if not managers.time_stop.check_time_stop(position, wake.bars_held):
            return None
        demand = managers.time_stop.execute_time_stop(position, wake.bars_held)
        return Leave(OrderState.EXIT_PENDING, "time_stop", demand)
    return _decide_by_price(position, managers, wake.ltp_paise)


def _decide_by_price(
    position: Position, managers: ExitManagers, ltp: int
) -> Leave | MoveStop | None:
    if managers.take_profit.check_take_profit(position, ltp):
        demand = managers.take_profit.execute_take_profit(position, ltp)
        return Leave(OrderState.TP_PENDING, "take_profit", demand)
    stop = managers.stop_loss
    if stop.check_stop_loss(position, ltp):
        demand = stop.execute_stop_loss(position, ltp)
        return Leave(OrderState.SL_PENDING, stop.reason(position), demand)
    move = managers.trailing_stop.update_trailing_stop(position, ltp)
    return None if move is None else MoveStop(move)


def drive(task: ExitTask, wake: Wake | None) -> Any:
    """Let the coroutine go on until its next request; None when it has ended."""
    try:
        return task.send(wake)  # type: ignore[arg-type]  # the first send is None by protocol
    except StopIteration:
        return None
