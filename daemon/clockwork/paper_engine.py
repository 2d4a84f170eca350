"""PaperEngine: inputs in, trading events out, in the one order of semantics.md section 4.

It owns time: what falls due, which bars are open, which rows matter. Money is decided by the
execution engine that it was built with (v3, or v2 by configuration or as the loud fallback).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from math import gcd
from operator import itemgetter
from typing import Any, Final

import msgspec

from daemon.domain.carry_over import Carry
from daemon.domain.dates import (
    SECOND_NS,
    ist_date,
    ist_day,
    parse_timeframe,
)
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import (
    Clock,
    Command,
    ConfigChange,
    Gap,
    History,
    Input,
    Settlement,
    TimedIntent,
)
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent
from daemon.domain.ledger import Ledger
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.tick_view import TickView
from daemon.domain.ticks import WALK_FIRST, WALK_OPEN, WALK_SECOND, Ticks
from daemon.execution.base import EngineParts
from daemon.execution.context import CalendarBars, NoStrategies, Rules, Strategies
from daemon.execution.engine import ExecutionEngineV3
from daemon.execution.legacy import ExecutionEngineV2
from daemon.market.agenda import Agenda, Phase
from daemon.market.book import Book
from daemon.market.fast_forward import Stops, Stretch, fast_forward
from daemon.market.intake import Intake, Rows
from daemon.market.scan import scan
from daemon.market.schedule import Schedule
from daemon.market.session_bars import SessionBars
from daemon.settings.config import ExecutionConfig, LiveChange, RiskConfig

PIECE_ROWS: Final = 65_536
"""A block goes through in pieces of so many rows, which bounds the memory that columns take."""
SCAN_ROWS: Final = 8_192
"""Rows whose lists of integers stay in the processor's cache: 1.3 to 1.5 times as fast."""
FAST_ROWS: Final = 128
FAST_ROWS_EACH: Final = 5
"""Shorter stretches than FAST_ROWS and FAST_ROWS_EACH an instrument go row by row. Measured:
columns win from 120, 350, 1,000 and 4,500 rows on with 1, 50, 200 and 1,000 instruments."""
STEP_ORDERS: Final = 16
"""So many orders of a boundary are decided between two pauses of `steps`: a millisecond or two."""

Engine = ExecutionEngineV3 | ExecutionEngineV2


class PaperEngine:
    """The deterministic machine: `handle` takes one input and returns what was decided."""

    def __init__(
        self,
        config: ExecutionConfig,
        *,
        universe: Universe,
        rules: Rules,
        risk: RiskConfig | None = None,
        strategies: Strategies | None = None,
        ledger: Ledger | None = None,
        carry: Carry | None = None,
        first_input_no: int = 0,
        build_v3: Callable[..., ExecutionEngineV3] = ExecutionEngineV3,
    ) -> None:
        """Take up a `ledger` (and what else was carried) after `first_input_no` inputs."""
        self.config = config
        self._build_v3 = build_v3
        self.universe = universe
        self.strategies: Strategies = strategies if strategies is not None else NoStrategies()
        self.agenda = Agenda()
        self.schedule = Schedule(rules, universe)
        self._grace_ns = config.candle_grace_ns
        self.fallback_reason = ""
        self.engine: Engine = self._build_engine(rules, risk, ledger, carry)
        self.at = self.engine.at
        self.books = self.engine.books
        self.intake = Intake(
            self.schedule,
            len(universe),
            stale_after_ns=config.stale_after_ns,
            grace_ns=self._grace_ns,
        )
        self.bars = SessionBars(
            self.books, self.schedule, self.agenda, self.strategies.subscriptions,
            grace_ns=self._grace_ns, square_off_ns=config.square_off_ns,
        )  # fmt: skip
        self.on_rows: Callable[[Rows], None] | None = None
        """Told of accepted rows before the engine takes them; for pictures, not for decisions."""
        self._delivered = first_input_no
        self._attach_strategies(after=-1 if carry is None else carry.until)
        for strategy_id, since in {} if carry is None else carry.disabled.items():
            self.strategies.disable(strategy_id, since)

    def _build_engine(
        self, rules: Rules, risk: RiskConfig | None, ledger: Ledger | None, carry: Carry | None
    ) -> Engine:
        """V3 when configured; V2 when configured, or when V3 cannot be built and may fall back."""
        shared = EngineParts(
            universe=self.universe, rules=rules, risk=risk, ledger=ledger, agenda=self.agenda,
            schedule=self.schedule, carry=carry,
        )  # fmt: skip
        if self.config.engine == "v2":
            return ExecutionEngineV2(self.config, **shared)
        bars = CalendarBars(self.schedule, self.universe, self._grace_ns)
        try:
            return self._build_v3(self.config, bars=bars, **shared)
        except Exception as error:  # the one named boundary of the fallback (D13)
            # Falling back is only honest while nothing is held that needs v3 to manage it.
            if self.config.fallback == "none" or (ledger is not None and ledger.positions):
                raise
            self.fallback_reason = f"{type(error).__name__}: {error}"
            return ExecutionEngineV2(self.config, **shared)

    def _attach_strategies(self, *, after: int) -> None:
        self.engine.limits_of = self.strategies.limits
        for index in self.strategies.tick_instruments:
            self.books[index].tick_watchers = True
            self.books[index].arm()
        spans = [parse_timeframe(each) for each in self.strategies.subscriptions]
        self.intake.grid_ns = gcd(*spans) if spans else 0
        timed = self.strategies.timed_intents
        self.schedule_intents([each for each in timed if each.ts > after])

    def schedule_intents(self, intents: Sequence[TimedIntent]) -> None:
        """Put intents on the agenda; those of one time keep their order."""
        for timed in intents:
            self.agenda.add(timed.ts, Phase.TIMED_INTENT, 0, timed.intent)

    # inputs

    @property
    def ledger(self) -> Ledger:
        """The fold of every event so far."""
        return self.engine.ledger

    @property
    def input_no(self) -> int:
        """How many inputs were delivered so far."""
        return self._delivered

    def lasting(self) -> Carry:
        """Return what no event holds and only changes with a decision, disabled strategies too."""
        return msgspec.structs.replace(self.engine.lasting(), disabled=self.strategies.disabled())

    def handle(self, item: Input) -> list[TradingEvent]:
        """Take one input (a block counts its rows) and return the events decided at it."""
        if isinstance(item, Ticks):
            for rows in self._accepted(item):
                self._begin_rows(rows)
                self._take_rows(rows)
        else:
            for _ in self._take_other(item):
                pass
        return self.engine.lifecycle.take_events()

    def is_due(self, item: Input) -> bool:
        """Whether something falls due at the input or, for a block, at its first row."""
        ts = int(item.ts[0]) if isinstance(item, Ticks) else item.ts
        return ts >= self.agenda.next_due

    def steps(self, item: Input) -> Iterator[list[TradingEvent]]:
        """Take one input as `handle` does, with pauses while what is due at it is decided.

        Each pause gives the events since the last one; all of them together are those of
        `handle`. The input is complete when the iterator ends, and it must be run to its end.
        """
        take = self.engine.lifecycle.take_events
        if isinstance(item, Ticks):
            for rows in self._accepted(item):
                self._begin_rows(rows)
                for _ in self._due_before(rows):
                    yield take()
                self._take_rows(rows)
        else:
            for _ in self._take_other(item):
                yield take()
        yield take()

    def process_signal(self, intent: OrderIntent) -> list[TradingEvent]:
        """Route an intent from outside, at the engine's present time."""
        self.engine.process_signal(intent)
        return self.engine.lifecycle.take_events()

    def _take_other(
        self, item: Clock | Command | Gap | Settlement | ConfigChange | History
    ) -> Iterator[None]:
        """One input that is no tick; pauses while what is due at it is decided."""
        self._delivered += 1
        self.at.input_no = self._delivered
        ts = max(item.ts, self.at.now)
        if isinstance(item, Command | Settlement):
            self.agenda.add(ts, Phase.COMMAND, 0, item)
        self._move_to(ts)
        yield from self._due(ts)
        if isinstance(item, Gap):
            self._note_gap(item)
        elif isinstance(item, History):
            self.strategies.warm(item.candles)
        elif isinstance(item, ConfigChange):
            self._change(msgspec.json.decode(item.config, type=LiveChange))

    def _change(self, change: LiveChange) -> None:
        """The configuration has changed, from the next decision on."""
        if change.risk is not None:
            self.engine.risk = change.risk
        for strategy_id, on in change.strategies.items():
            self._switch(strategy_id, on=on, off_by=self.engine.config_off)

    def _note_gap(self, gap: Gap) -> None:
        books = self.books[:-1]
        if gap.symbols:
            found = (self.universe.index_of(each) for each in gap.symbols)
            books = [self.books[index] for index in found if index is not None]
        for book in books:
            book.fresh_from_no = self.at.input_no
        self._expect_gap_ticks(books)

    def _expect_gap_ticks(self, books: Sequence[Book]) -> None:
        """The next tick of each is the first after a gap, and must be noticed."""
        for book in books:
            self.engine.quote_of(book)
            book.expects_gap_tick = True
            book.arm()

    def _accepted(self, block: Ticks) -> Iterator[Rows]:
        """The rows that count; a large block goes through in pieces, one after the other."""
        if not 0 < len(block) <= PIECE_ROWS:
            starts = range(0, len(block), PIECE_ROWS)
            pieces = (block.rows(each, min(each + PIECE_ROWS, len(block))) for each in starts)
            return chain.from_iterable(map(self._accepted, pieces))
        first = self._delivered + 1
        self._delivered += len(block)
        at = self.at
        return self.intake.accept(block, first_input_no=first, now=at.now, feed_last=at.feed_last)

    def _begin_rows(self, rows: Rows) -> None:
        self.engine.rows = rows
        if self.on_rows is not None:
            self.on_rows(rows)
        if self.bars.date is None:
            self._start_day(ist_date(int(rows.ts[0])))

    def _due_before(self, rows: Rows) -> Iterator[None]:
        """What is due at the first row, which `_take_rows` then finds done; pauses in between."""
        ts = int(rows.ts[0])
        if ts >= self.agenda.next_due:
            self.at.input_no = rows.input_no(0)
            self._move_to(ts)
            yield from self._due(ts)

    def _take_rows(self, rows: Rows) -> None:
        start = 0
        for special in rows.special:
            self._run(rows, start, special)
            self._take_row(rows, special, special_row=True)
            start = special + 1
        self._run(rows, start, len(rows))
        for book in self._books_in(rows):
            book.settle(rows)
        self.engine.rows = None
        self.at.now = self.at.feed_last = int(rows.ts[-1])

    def _books_in(self, rows: Rows) -> Iterable[Book]:
        """The books that the rows may have touched, each at least once."""
        if len(rows) < len(self.books):
            return [self.books[each] for each in rows.instrument.tolist()]
        return self.books

    def _run(self, rows: Rows, start: int, stop: int) -> None:
        """Rows without anything special: by columns where that pays, else one by one."""
        agenda = self.agenda
        fast_rows = FAST_ROWS + FAST_ROWS_EACH * len(self.books)
        while start < stop:
            end = rows.first_at(agenda.next_due, start, stop)
            if end - start < fast_rows:
                end = min(start + min(fast_rows, SCAN_ROWS), stop)
                self._scan(rows, start, end)
                start = end
                continue
            start = fast_forward(
                rows, start, end, self.books, agenda, self._take_plain, self._tell_ticks
            )
            if start < stop and rows.ts[start] >= agenda.next_due:
                self._take_plain(rows, start)
                start += 1

    def _scan(self, rows: Rows, start: int, stop: int) -> None:
        """Run over rows that do not matter, stop at those that do."""
        books, agenda, cursor = self.books, self.agenda, rows.cursor(start, stop)
        while (row := scan(cursor, books, agenda.next_due)) >= 0:
            self._take_plain(rows, row)

    def _take_plain(self, rows: Rows, row: int) -> None:
        self._take_row(rows, row, special_row=False)

    def _take_row(self, rows: Rows, row: int, *, special_row: bool) -> None:
        """One row through all four steps."""
        at = self.at
        ts = int(rows.ts[row])
        if row:
            at.feed_last = int(rows.ts[row - 1])
        at.input_no = rows.input_no(row)
        self._advance(ts)
        if row in rows.gaps:
            self._end_silence(ts)
        at.feed_last = ts
        book = self.books[rows.instrument[row]]
        if book.instrument is None:
            return
        book.settle(rows)
        book.end_segment()
        if special_row:
            self._take_special(rows, row, book)
        else:
            self._take_price(book, rows, row, volume=True)
        self.engine.update_positions(book)
        if book.tick_watchers:
            for intent in self._tell_tick_strategies(book):
                self.engine.process_signal(intent)
        if special_row and rows.walk is not None and rows.walk[row] == WALK_OPEN:
            book.walk_high_first = sum(book.held.values()) < 0

    def _tell_ticks(self, stretch: Stretch, stops: Stops) -> None:
        """The rows that strategies asked for. Most reach no level: the strategy, and that is all.

        The books follow as they do for all rows: at the end, or when somebody asks.
        """
        at, agenda, rows = self.at, self.agenda, stretch.rows
        on_tick, engine = self.strategies.on_tick, self.engine
        nearest, due = stops.nearest, stops.due
        for row, ts, tick in stretch.watched_rows(self.books):
            if row >= nearest:
                stops.take_before(row + 1)  # the row itself too, if it reaches a level
                nearest, due = stops.nearest, stops.due
            if row >= stops.end:
                return
            if stretch.row == row:
                continue
            stretch.row = row
            at.now = ts
            intents = on_tick(tick, engine)
            if intents:
                self._take_told(rows, row, intents)
            if stretch.asked or agenda.next_due != due:
                stops.look_again()
                nearest, due = stops.nearest, stops.due

    def _take_told(self, rows: Rows, row: int, intents: list[OrderIntent]) -> None:
        """A row that reaches no level, and what a strategy wants at it."""
        at = self.at
        at.feed_last = at.now
        at.input_no = rows.input_no(row)
        book = self.books[rows.instrument[row]]
        book.settle(rows)
        book.end_segment()
        self._take_price(book, rows, row, volume=True)
        assert book.run is not None
        book.run.pass_row()
        for intent in intents:
            self.engine.process_signal(intent)

    def _take_price(self, book: Book, rows: Rows, row: int, *, volume: bool) -> None:
        """The book takes the row: a segment of its own, and the quote."""
        ltp = int(rows.ltp[row])
        book.row = row
        book.open = book.high = book.low = ltp
        if volume:
            book.take_volume(rows.volume_at(row))
        book.settle(rows)
        if book.expects_gap_tick:
            book.expects_gap_tick = False
            book.after_gap_no = book.input_no

    def _end_silence(self, ts: int) -> None:
        """The feed is back: no quote from before is believed, the next of each is marked."""
        self.at.resumed_ts = ts
        self._expect_gap_ticks(self.books[:-1])

    # rows that the scan may not take

    def _take_special(self, rows: Rows, row: int, book: Book) -> None:
        walked = rows.walk is not None and rows.walk[row] in (WALK_FIRST, WALK_SECOND)
        if walked and book.walk_high_first:
            assert rows.other is not None
            rows.ltp[row] = rows.other[row]
        bar_ts = int((rows.ts if rows.bar_ts is None else rows.bar_ts)[row])
        if all(bar.start <= bar_ts < bar.end for bar in book.bars.values()):
            self._take_price(book, rows, row, volume=True)
        else:
            self._take_price(book, rows, row, volume=False)
            self.bars.take_foreign(book, rows.volume_at(row), bar_ts)

    def _tell_tick_strategies(self, book: Book) -> list[OrderIntent]:
        instrument = book.instrument
        assert instrument is not None
        tick = TickView(
            tradingsymbol=instrument.tradingsymbol,
            ts=self.at.now,
            ltp=book.ltp / PAISE_PER_RUPEE,
            bid=book.bid / PAISE_PER_RUPEE if book.bid else None,
            ask=book.ask / PAISE_PER_RUPEE if book.ask else None,
        )
        return self.strategies.on_tick(tick, self.engine)

    # time

    def _advance(self, ts: int) -> None:
        """Step 1 without a pause."""
        self._move_to(ts)
        if self.agenda.next_due <= ts:
            for _ in self._due(ts):
                pass

    def _move_to(self, ts: int) -> None:
        if self.bars.date is None:
            self._start_day(ist_date(ts))
        self.at.now = ts

    def _due(self, ts: int) -> Iterator[None]:
        """Step 1: everything due at or before `ts`, one time completely before the next."""
        at = self.at
        while (due := self.agenda.pop_time(ts)) is not None:
            due_ts, items = due
            at.due_ts = due_ts if due_ts < ts else 0
            yield from self._do_due(due_ts, items)
        at.due_ts = 0

    def _do_due(self, due_ts: int, items: list[tuple[Phase, Any]]) -> Iterator[None]:
        """What is due at one time, phase by phase."""
        for phase, group in groupby(items, key=itemgetter(0)):
            due = [item for _, item in group]
            if phase is Phase.CANDLES:
                yield from self._close_candles(due_ts, due)
            elif phase is Phase.SQUARE_OFF:
                self.engine.square_off(self.bars.instruments(due))
            elif phase is Phase.SESSION_END:
                assert self.bars.date is not None
                self.engine.end_session(self.bars.instruments(due), self.bars.date.isoformat())
            else:
                for number, item in enumerate(due, 1):
                    self._do_one(phase, item)
                    if number % STEP_ORDERS == 0:
                        yield

    def _do_one(self, phase: Phase, item: Any) -> None:
        if phase is Phase.ENTRY_LIMIT:
            self.engine.reject_unfilled(item)
        elif phase is Phase.TIMED_INTENT:
            self.engine.process_signal(item)
        elif phase is Phase.COMMAND:
            self._obey(item)
        elif phase is Phase.DAY:
            self._start_day(item)
        elif isinstance(self.engine, ExecutionEngineV3):
            self.engine.time_stop_due(*item)

    def _obey(self, command: Command | Settlement) -> None:
        if isinstance(command, Settlement):
            self.engine.settle(command)
        elif command.command == "kill_switch":
            self.engine.kill()
        elif command.command == "manual_exit":
            self.engine.exit_order(command.target, "manual_exit")
        elif command.command == "square_off":
            self.engine.square_off_now()
        else:
            on = command.command == "strategy_on"
            self._switch(command.target, on=on, off_by=self.engine.strategies_off)

    def _switch(self, strategy_id: str, *, on: bool, off_by: set[str]) -> None:
        """A strategy on or off; the latest word counts, whoever said it."""
        self.strategies.set_enabled(strategy_id, on)
        if on:
            self.engine.strategies_off.discard(strategy_id)
            self.engine.config_off.discard(strategy_id)
        else:
            off_by.add(strategy_id)

    def _start_day(self, date: dt.date) -> None:
        self.bars.start_day(date, self.engine.rows)

    def _close_candles(self, due_ts: int, boundaries: list[tuple[str, int]]) -> Iterator[None]:
        """Close the bars of one boundary and let the strategies see them."""
        candles = self.bars.close(due_ts, boundaries, self.engine.rows)
        if candles:
            self.at.is_over = ist_day(due_ts) != ist_day(self.at.now)
            intents = self.strategies.on_candles(candles, self.engine)
            for number, intent in enumerate(intents, 1):
                self.engine.process_signal(intent)
                if number % STEP_ORDERS == 0:
                    yield
            self.at.is_over = False

    # what people see

    def stats(self) -> dict[str, Any]:
        """Counters of the market side, for metrics and the summary."""
        intake = self.intake
        return {
            "engine": self.engine.name,
            "ticks": intake.rows,
            "refused_rows": {k: v for k, v in intake.refused.items() if v},
            "dropped_books": intake.dropped_books,
            "bad_sides": intake.bad_sides,
            "outside_session": intake.outside_session,
            "late_for_candle": self.bars.late_rows,
            "gaps": intake.gaps,
            "longest_gap_s": intake.longest_gap_ns // SECOND_NS,
            "candles": self.bars.candles_closed,
            "settlements_pending": len(self.engine.settlements_pending()),
        }

    def marks(self) -> dict[str, int]:
        """The last ltp (paise) of every symbol with an open position."""
        marks: dict[str, int] = {}
        for book in self.books[:-1]:
            quote = self.engine.quote_of(book) if book.marks else None
            if quote is not None and book.instrument is not None:
                marks[book.instrument.tradingsymbol] = quote.ltp
        return marks
