"""ExecutionEngineV3: every position has its own exit coroutine, woken by the trigger book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Unpack

from msgspec import structs

from daemon.domain.carry_over import RememberedDemand
from daemon.domain.events import Levels, StopMoved
from daemon.domain.position import Position
from daemon.execution.base import EngineParts
from daemon.execution.context import BarClock, CountedBars
from daemon.execution.exits.coroutine import (
    Crossing,
    ExitTask,
    Leave,
    MoveStop,
    Wake,
    drive,
    make_managers,
    manage_exits,
)
from daemon.execution.exits.trailing_stop import StopMove
from daemon.execution.session_end import SessionEnd
from daemon.market.agenda import Phase
from daemon.market.book import Book
from daemon.settings.config import ExecutionConfig

_GO_ON: Final = Wake()


class ExecutionEngineV3(SessionEnd):
    """Runs an order's whole life by itself: entry, stop, target, trail, time, close.

    It is the scheduler of the exit coroutines (design D3): a coroutine's request is served at
    once, and the coroutine goes on when its condition is met. Deterministic: no task, no clock.
    """

    name = "v3"

    def __init__(
        self,
        config: ExecutionConfig,
        *,
        bars: BarClock | None = None,
        **parts: Unpack[EngineParts],
    ) -> None:
        self.bars: BarClock = bars if bars is not None else CountedBars()
        super().__init__(config, **parts)

    def _prepare(self) -> None:
        self.managers = make_managers()
        self._tasks: dict[int, ExitTask] = {}
        self._order_ids: dict[int, str] = {}
        self._remembered: dict[int, Wake] = {}

    # the scheduler of the coroutines

    def _opened(self, position: Position, book: Book) -> None:
        task = manage_exits(position, self.managers)
        self._tasks[position.number] = task
        self._order_ids[position.number] = position.order_id
        bars = position.exits.time_stop_bars
        due = self.bars.due(position, bars) if bars else None
        if due is not None:
            self.agenda.add(due, Phase.TIME_STOP, position.number, (position.number, due))
        self._serve(position, book, drive(task, None))

    def _serve(self, position: Position, book: Book, request: Any) -> None:
        """Do what the coroutine asks until it waits or has ended."""
        number = position.number
        while request is not None:
            if isinstance(request, Crossing):
                wake = self._remembered.pop(number, None)
                if wake is None:
                    book.triggers.set(number, below=request.below, above=request.above)
                    book.arm()
                    return
                request = self._go_on(number, wake)
            elif isinstance(request, MoveStop):
                self._record_stop(position, request.move)
                request = self._go_on(number, _GO_ON)
            else:
                if isinstance(request, Leave):
                    book.triggers.clear(number)
                    self._begin_exit(position, request.state, request.reason, request.demand)
                return
        self._forget(position, book)

    def _go_on(self, number: int, wake: Wake) -> Any:
        return drive(self._tasks[number], wake)

    def _wake(self, position: Position, book: Book, wake: Wake) -> None:
        """Wake the coroutine, or remember the wake while a partial exit is pending."""
        pending = position.pending
        if pending is None:
            self._serve(position, book, self._go_on(position.number, wake))
        elif pending.partial:
            self._remembered.setdefault(position.number, wake)

    def _exit_filled(self, position: Position, book: Book) -> None:
        if position.number in self._tasks:
            self._serve(position, book, self._go_on(position.number, _GO_ON))

    def _release(self, position: Position) -> None:
        task = self._tasks.pop(position.number)
        task.close()
        self._forget(position, self.book_of(position.tradingsymbol))

    def _forget(self, position: Position, book: Book) -> None:
        number = position.number
        self._tasks.pop(number, None)
        self._order_ids.pop(number, None)
        self._remembered.pop(number, None)
        self.bars.forget(position)
        book.triggers.clear(number)
        book.arm()

    def _all_remembered(self) -> dict[str, RememberedDemand]:
        return {
            self._order_ids[number]: RememberedDemand(**wake._asdict())
            for number, wake in sorted(self._remembered.items())
        }

    def _recall(self, remembered: Mapping[str, RememberedDemand]) -> None:
        for number, order_id in self._order_ids.items():
            if order_id in remembered:
                self._remembered[number] = Wake(**structs.asdict(remembered[order_id]))

    # why coroutines wake

    def _check_exits(self, book: Book) -> None:
        ltp = book.ltp
        for number in book.triggers.fire(ltp):
            position = self.ledger.positions[self._order_ids[number]]
            self._wake(position, book, Wake(ltp_paise=ltp))

    def time_stop_due(self, number: int, due: int) -> None:
        """The boundary that completes position `number`'s bars has been passed."""
        order_id = self._order_ids.get(number)
        if order_id is None:
            return
        position = self.ledger.positions[order_id]
        wake = Wake(bars_held=self.bars.held(position, due))
        self._wake(position, self.book_of(position.tradingsymbol), wake)

    def on_candle_close(self, symbol: str, timeframe: str) -> None:
        """A bar of `symbol` has closed, for a caller that counts bars itself."""
        if not isinstance(self.bars, CountedBars):
            return
        self.bars.close(symbol, timeframe)
        book = self.book_of(symbol)
        for order_id in list(self._order_ids.values()):
            position = self.ledger.positions[order_id]
            if position.tradingsymbol == symbol and position.timeframe == timeframe:
                held = self.bars.held(position, self.at.now)
                if self.managers.time_stop.check_time_stop(position, held):
                    self._wake(position, book, Wake(bars_held=held))

    def _demand(self, position: Position, reason: str) -> None:
        book = self.book_of(position.tradingsymbol)
        self._wake(position, book, Wake(demand=reason))

    # what a stop does

    def _record_stop(self, position: Position, move: StopMove) -> None:
        at = self.at
        assert position.stop_paise is not None
        self.lifecycle.record(
            StopMoved(
                seq=self.ledger.seq + 1,
                ts=at.now,
                input_no=at.input_no,
                order_id=position.order_id,
                due_ts=at.due_ts,
                stop_from_paise=position.stop_paise,
                stop_to_paise=move.stop_paise,
                steps=move.steps,
                ltp_paise=move.ltp_paise,
            )
        )

    def _partial_quantity(self, position: Position, ltp_paise: int) -> int:
        assert position.pending is not None
        if self.managers.stop_loss.gapped_through_rest(position, ltp_paise):
            return position.quantity
        return position.pending.quantity

    def _rest_levels(self, position: Position) -> Levels:
        return self.managers.stop_loss.rest_levels(position)
