"""Run the exit coroutines: start them, wake them, do what they ask for (decision 0002)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import structs

from daemon.domain.candle import Candle
from daemon.domain.carry_over import RememberedDemand
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.position import Position
from daemon.execution.closing import Closing
from daemon.execution.context import BarCounter
from daemon.execution.exits.basis import OtherBases, is_level_met
from daemon.execution.exits.coroutine import (
    GO_ON,
    ExitTask,
    Request,
    Wake,
    drive,
    manage_exits,
    nearest_levels,
)
from daemon.execution.exits.rule import Exit, ExitRule, StopMove
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.step import Step
from daemon.market.agenda import Agenda, Phase
from daemon.market.book import Book

FIRST_OTHER_WAITER: Final = 1 << 40
"""Waiters in the trigger books from here on are no positions, which count from 1 and wake first."""


class Watch:
    """One position under its coroutine."""

    __slots__ = ("book", "position", "task")

    def __init__(self, position: Position, book: Book, task: ExitTask) -> None:
        self.position = position
        self.book = book
        self.task = task


class ExitRunner:
    """Schedule the coroutines of all open positions. Deterministic: no task, no clock.

    A request is served at once, and the coroutine resumes when its condition is met. Positions wait
    in the trigger books under their number.
    """

    def __init__(
        self,
        rules: Sequence[ExitRule],
        bars: BarCounter,
        agenda: Agenda,
        recorder: Recorder,
        closing: Closing,
        quotes: Quotes,
        step: Step,
    ) -> None:
        self._quotes = quotes
        self._step = step
        self._rules = rules
        self._bars = bars
        self._agenda = agenda
        self._recorder = recorder
        self._closing = closing
        self._watches: dict[int, Watch] = {}
        self._remembered: dict[int, Wake] = {}
        self._bases = OtherBases()

    # the life of a position

    def open(self, position: Position, book: Book) -> None:
        """Begin to watch a position."""
        watch = Watch(position, book, manage_exits(position, self._rules))
        number = position.number
        self._watches[number] = watch
        for rule in self._rules:
            bars = rule.bars(position)
            due = self._bars.due(position, bars) if bars else None
            if due is not None:
                self._agenda.add(due, Phase.TIME_STOP, number, (number, due))
        self._closing.opened(position, book)
        self._bases.add(position, book)
        self._serve(watch, drive(watch.task, None))

    def filled(self, position: Position) -> None:
        """Resume after the fill of an exit that had to wait."""
        watch = self._watches.get(position.number)
        if watch is not None:
            self._serve(watch, drive(watch.task, GO_ON))

    def refresh(self, position: Position) -> None:
        """Ask the rules for a position's levels again: its entry price has changed."""
        if position.number in self._watches and position.pending is None:
            nearest_levels(position, self._rules).serve(self, position)

    def shift_stop(self, position: Position, move: StopMove) -> None:
        """Move the stop of an open position for something that is no rule."""
        self.move_stop(position, move)
        self.refresh(position)

    def exit_began(self, position: Position) -> None:
        """Watch no level while an exit that began at the exchange is pending."""
        watch = self._watches[position.number]
        watch.book.triggers.clear(position.number)
        watch.book.arm()

    def reached(self, position: Position, ltp_paise: int) -> None:
        """Ask the rules what a price leads to."""
        self._wake(self._watches[position.number], Wake(ltp_paise=ltp_paise))

    def release(self, position: Position) -> None:
        """Stop watching a position."""
        watch = self._watches[position.number]
        watch.task.close()
        self._forget(watch)

    def begin_date(self) -> None:
        """Let everyone who waits for a price ask the rules for their levels again."""
        for watch in self._watches.values():
            if watch.position.pending is None:
                nearest_levels(watch.position, self._rules).serve(self, watch.position)

    # why coroutines wake

    def on_tick(self, book: Book) -> list[int]:
        """Wake the positions whose level the tick just taken by the book has reached.

        Return the waiters that are no positions, which others wake.
        """
        ltp = book.ltp
        met = dict(self._bases.met_by_side(book)) if book.sides_watched else {}
        fired = book.triggers.fire(ltp)
        if not met and not fired:
            return fired
        for number in sorted({*met, *fired}) if met else fired:
            if number in met:
                self._meet(number, ltp, met[number])
            if number in self._watches and (number not in met or number in fired):
                self._wake(self._watches[number], Wake(ltp_paise=ltp))
        return [number for number in fired if number >= FIRST_OTHER_WAITER]

    def on_close(self, symbol: str, timeframe: str, close_paise: int | None) -> None:
        """Wake the positions whose level the close of a bar has met, None for the last price."""
        for position in self._bases.by_close(symbol, timeframe):
            book = self._watches[position.number].book
            quote = self._quotes.quote_of(book)
            if quote is not None:
                price = quote.ltp if close_paise is None else close_paise
                if position.pending is None and is_level_met(position, price):
                    self._meet(position.number, quote.ltp, price)

    def on_closes(self, candles: Sequence[Candle]) -> None:
        """Compare the closes of candles with the levels that go by them, in their order."""
        for each in candles:
            self.on_close(each.tradingsymbol, each.timeframe, round(each.close * PAISE_PER_RUPEE))

    def _meet(self, number: int, ltp_paise: int, basis_paise: int) -> None:
        watch = self._watches.get(number)
        if watch is not None and watch.position.pending is None:
            self._wake(watch, Wake(ltp_paise=ltp_paise, basis_paise=basis_paise))

    def demand(self, position: Position, reason: str, quantity: int = 0) -> None:
        """Ask for an exit of some units, 0 for all; dropped if a full one is under way."""
        watch = self._watches.get(position.number)
        if watch is not None:
            self._wake(watch, Wake(demand=reason, quantity=quantity))

    def time_stop_due(self, number: int, due: int) -> None:
        """Note that the boundary that completes a position's bars has been passed."""
        watch = self._watches.get(number)
        if watch is not None:
            self._wake(watch, Wake(bars_held=self._bars.held(watch.position, due)))

    def bar_closed(self, symbol: str, timeframe: str, now: int) -> None:
        """Note that a bar has closed for positions whose bars the caller counts."""
        for watch in list(self._watches.values()):
            position = watch.position
            if position.tradingsymbol != symbol or position.timeframe != timeframe:
                continue
            held = self._bars.held(position, now)
            if any(0 < rule.bars(position) <= held for rule in self._rules):
                self._wake(watch, Wake(bars_held=held))

    def _wake(self, watch: Watch, wake: Wake) -> None:
        """Wake the coroutine, or remember the wake while a partial exit is pending."""
        pending = watch.position.pending
        if pending is None:
            self._serve(watch, drive(watch.task, wake))
        elif pending.partial:
            self._remembered.setdefault(watch.position.number, wake)

    # full exits that wait for a partial one

    def remembered(self) -> dict[str, RememberedDemand]:
        """Return the remembered demands, by order id."""
        return {
            self._watches[number].position.order_id: RememberedDemand(
                ltp_paise=wake.ltp_paise, bars_held=wake.bars_held, demand=wake.demand
            )
            for number, wake in sorted(self._remembered.items())
        }

    def recall(self, remembered: Mapping[str, RememberedDemand]) -> None:
        """Restore remembered demands."""
        for number, watch in self._watches.items():
            known = remembered.get(watch.position.order_id)
            if known is not None:
                self._remembered[number] = Wake(**structs.asdict(known))

    # what coroutines ask for

    def cross(self, position: Position, below: int | None, above: int | None) -> Wake | None:
        """Set the levels in the trigger book, unless a wake was remembered."""
        wake = self._remembered.pop(position.number, None)
        if wake is None:
            book = self._watches[position.number].book
            book.triggers.set(position.number, below=below, above=above)
            book.arm()
        return wake

    def move_stop(self, position: Position, move: StopMove) -> Wake | None:
        """Record the move."""
        self._recorder.stop_moved(position, move)
        self._closing.stop_moved(position, self._watches[position.number].book)
        return GO_ON

    def leave(self, position: Position, leaving: Exit) -> Wake | None:
        """Begin the exit; wait for its fill unless it filled at once."""
        book = self._watches[position.number].book
        book.triggers.clear(position.number)
        return GO_ON if self._closing.begin(position, book, leaving) else None

    def _serve(self, watch: Watch, request: Request | None) -> None:
        """Do what the coroutine asks for until it waits or has ended."""
        self._step.begin()
        while request is not None:
            wake = request.serve(self, watch.position)
            if wake is None:
                break
            request = drive(watch.task, wake)
        if request is None:
            self._forget(watch)
        self._step.end()

    def _forget(self, watch: Watch) -> None:
        number = watch.position.number
        self._watches.pop(number, None)
        self._remembered.pop(number, None)
        self._bars.forget(watch.position)
        self._bases.forget(watch.position, watch.book)
        watch.book.triggers.clear(number)
        watch.book.arm()
