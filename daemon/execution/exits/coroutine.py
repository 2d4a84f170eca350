"""The exit coroutine: one per position, driven by the engine (decision 0002).

It awaits market conditions and requests exits; it has no state of its own. All it knows is in the
position, so one that is dropped and started again behaves the same.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Sequence
from typing import NamedTuple, Protocol

from msgspec import structs

from daemon.domain.events import ExitDemand
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.exits.rule import Exit, ExitRule, StopMove


class Wake(NamedTuple):
    """Why the coroutine resumes: a price (paise), bars that were counted, or a demand.

    With `basis_paise` that price has met stop or target, and `ltp_paise` moves nothing. `quantity`
    is what a demand is for, in units; 0 for everything.
    """

    ltp_paise: int = 0
    bars_held: int = 0
    demand: str = ""
    basis_paise: int = 0
    quantity: int = 0


GO_ON = Wake()
"""The request has been carried out."""


class Hands(Protocol):
    """Carry out the coroutine's requests; every method returns the next wake, None to wait."""

    def cross(self, position: Position, below: int | None, above: int | None) -> Wake | None:
        """Wait for a price at or beyond a level (paise)."""

    def move_stop(self, position: Position, move: StopMove) -> Wake | None:
        """Move the stop."""

    def leave(self, position: Position, leaving: Exit) -> Wake | None:
        """Begin an exit."""


class Request:
    """A request of the coroutine; awaiting it yields it to the driver."""

    __slots__ = ()

    def __await__(self) -> Generator[Request, Wake, Wake]:
        return (yield self)

    def serve(self, hands: Hands, position: Position) -> Wake | None:
        """Carry it out; return the next wake, None if the coroutine must wait."""
        raise NotImplementedError


class Crossing(Request):
    """Wait for a price at or beyond a level (paise), for a count of bars, or for a demand."""

    __slots__ = ("above", "below")

    def __init__(self, *, below: int | None, above: int | None) -> None:
        self.below = below
        self.above = above

    def serve(self, hands: Hands, position: Position) -> Wake | None:
        """Wait at the levels."""
        return hands.cross(position, self.below, self.above)


class MoveStop(Request):
    """Move the stop."""

    __slots__ = ("move",)

    def __init__(self, move: StopMove) -> None:
        self.move = move

    def serve(self, hands: Hands, position: Position) -> Wake | None:
        """Move it."""
        return hands.move_stop(position, self.move)


class Leave(Request):
    """Begin an exit and wait until its fill is booked."""

    __slots__ = ("leaving",)

    def __init__(self, leaving: Exit) -> None:
        self.leaving = leaving

    def serve(self, hands: Hands, position: Position) -> Wake | None:
        """Begin it."""
        return hands.leave(position, self.leaving)


class Filled(Request):
    """Wait for the fill of an exit that began before a restart."""

    __slots__ = ()

    def serve(self, hands: Hands, position: Position) -> Wake | None:
        """Wait; the fill itself wakes the coroutine."""
        return None


ExitTask = Coroutine[Request, Wake, None]
crossing = Crossing


async def manage_exits(position: Position, rules: Sequence[ExitRule]) -> None:
    """Manage the exits of one position from its fill to its last unit."""
    if position.pending is not None:
        await Filled()
    while position.quantity:
        wake = await nearest_levels(position, rules)
        if wake == GO_ON:  # an exit that began at the exchange has filled a part
            continue
        request = decide(position, rules, wake)
        if request is not None:
            await request


def nearest_levels(position: Position, rules: Sequence[ExitRule]) -> Crossing:
    """Return what the position waits for: the nearest level of its rules on either side."""
    sign = position.sign
    ahead = behind = None
    for rule in rules:
        level = rule.ahead(position)
        if level is not None and (ahead is None or sign * (level - ahead) < 0):
            ahead = level
        level = rule.behind(position)
        if level is not None and (behind is None or sign * (level - behind) > 0):
            behind = level
    if sign > 0:
        return crossing(below=behind, above=ahead)
    return crossing(below=ahead, above=behind)


def decide(position: Position, rules: Sequence[ExitRule], wake: Wake) -> Request | None:
    """Return what one wake leads to: the first of the rules' exits, else the best new stop."""
    if wake.demand:
        is_part = 0 < wake.quantity < position.quantity
        quantity = wake.quantity if is_part else position.quantity
        demand = ExitDemand(quantity=quantity, partial=is_part)
        return Leave(Exit(OrderState.EXIT_PENDING, wake.demand, demand))
    for rule in rules:
        leaving = _exit_of(rule, position, wake)
        if leaving is not None:
            return Leave(leaving)
    if wake.bars_held or wake.basis_paise:
        return None
    move = best_move(position, rules, wake.ltp_paise)
    return None if move is None else MoveStop(move)


def _exit_of(rule: ExitRule, position: Position, wake: Wake) -> Exit | None:
    """Return the exit that one rule decides on at a wake."""
    if wake.bars_held:
        return rule.exit_after(position, wake.bars_held)
    if not position.exits.stop_basis:
        return rule.exit_at(position, wake.ltp_paise)
    leaving = rule.exit_at(position, wake.basis_paise) if wake.basis_paise else None
    if leaving is None:
        return None
    ltp, basis = wake.ltp_paise, wake.basis_paise
    return leaving._replace(
        demand=structs.replace(leaving.demand, ltp_paise=ltp, basis_paise=basis)
    )


def best_move(position: Position, rules: Sequence[ExitRule], ltp_paise: int) -> StopMove | None:
    """Return the best stop that a rule would set at this price; the earlier rule wins a tie."""
    best: StopMove | None = None
    for rule in rules:
        move = rule.stop_at(position, ltp_paise)
        if move is None:
            continue
        if best is None or position.sign * (move.stop_paise - best.stop_paise) > 0:
            best = move
    return best


def drive(task: ExitTask, wake: Wake | None) -> Request | None:
    """Resume the coroutine up to its next request; return None when it has ended."""
    try:
        return task.send(wake)  # type: ignore[arg-type]  # the first send is None by protocol
    except StopIteration:
        return None
