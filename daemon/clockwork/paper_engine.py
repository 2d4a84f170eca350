"""PaperEngine: inputs in, trading events out, in the one order of SEMANTICS.

It owns time: what falls due, which bars are open, which rows matter. Money is decided by the
execution engine that it was built with (v3, or v2 by configuration or as the loud fallback).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import gcd
from typing import Any, Final

import msgspec

from daemon.chain.listed import ListedOf, own_expiries
from daemon.clockwork.choose_engine import choose_engine
from daemon.clockwork.due import Due
from daemon.clockwork.engine_statistics import engine_statistics
from daemon.clockwork.followed_rows import FollowedRows
from daemon.clockwork.reactions import Reactions
from daemon.clockwork.rows import RowPath
from daemon.clockwork.timers import Timers
from daemon.clockwork.wanted_bars import bars_wanted
from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import parse_timeframe
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import (
    BrokerMargin,
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
from daemon.domain.statistics import EngineStatistics
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies, Rules, Strategies
from daemon.execution.engine import EngineParts, ExecutionEngineV3
from daemon.execution.margin_desk import MarginTerms
from daemon.market.agenda import Agenda, Phase
from daemon.market.intake import Intake
from daemon.market.rows import Rows
from daemon.market.schedule import Schedule
from daemon.market.session_bars import SessionBars
from daemon.market.shared_market import SharedMarket
from daemon.plans.plan_engine import PlanEngine
from daemon.plans.terms.plan import Plan
from daemon.settings.config import ExecutionConfig, LiveChange, RiskConfig

PIECE_ROWS: Final = 65_536
"""Larger blocks are split into pieces of this size, which bounds the memory of columns."""

_BEFORE_START: Final = frozenset({History})
"""Inputs that come before strategies start."""

RowsSeen = Callable[[Rows], None]
MarketOf = Callable[[Mapping[str, frozenset[int]]], SharedMarket | None]
"""Return the market whose leader makes candles (timeframe -> indices into the universe); None where
they depend on an engine's own positions, as those of walked candles may."""


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
        carry: CarryOver | None = None,
        first_input_no: int = 0,
        build_v3: Callable[..., ExecutionEngineV3] = ExecutionEngineV3,
        on_rows: RowsSeen | None = None,
        margin: MarginTerms | None = None,
        plans: Sequence[Plan] = (),
        listed: ListedOf | None = None,
        market_of: MarketOf | None = None,
    ) -> None:
        """Continue from a `ledger` and a `carry`, after `first_input_no` inputs.

        `on_rows` is shown accepted rows before the engine takes them: for charts, not decisions.
        Without `margin` none is computed. `listed` lists all expiries of an underlying of `plans`;
        without it those of the universe count. With `market_of` it follows the leader of a market,
        which that returns for the candles that are wanted here, and takes rows by `follow`.
        """
        self.config = config
        self.universe = universe
        self.strategies: Strategies = strategies if strategies is not None else NoStrategies()
        self.on_rows = on_rows
        self.agenda = Agenda()
        self.schedule = Schedule(rules, universe)
        parts = EngineParts(
            universe=universe, rules=rules, risk=risk, ledger=ledger, agenda=self.agenda,
            schedule=self.schedule, carry=carry, limits_of=self.strategies.limits, margin=margin,
        )  # fmt: skip
        chosen = choose_engine(config, build_v3, **parts)
        self.engine, self.fallback_reason = chosen
        self.at = self.engine.at
        self.books = self.engine.books
        timeframes = bars_wanted(self.strategies, self.ledger, universe, config.stop_basis)
        market = None if market_of is None else market_of(timeframes)
        self.engine.admission.compare_closes_of(timeframes)
        self.intake = self._make_intake(timeframes)
        self.bars = SessionBars(
            self.books, self.schedule, self.agenda, timeframes,
            grace_ns=config.candle_grace_ns, square_off_ns=config.square_off_ns, market=market,
        )  # fmt: skip
        self._hooks = self.strategies.hooks
        reactions = Reactions(self.engine, self._hooks)
        self._due = Due(self.engine, self.agenda, self.bars, self.strategies, reactions)
        self.plans_want = self._due.plans_want
        plain = RowPath(self.engine, self._due, self.agenda, self.bars, self.strategies)
        self._rows: RowPath | FollowedRows = plain
        if market is not None:
            self._rows = FollowedRows(plain, market, self.books, self.agenda, self.strategies)
        self._arrived: dict[type, Callable[[Any], None]] = {
            Gap: self._note_gap,
            History: lambda history: self.strategies.warm(history.candles),
            ConfigChange: self._change,
            BrokerMargin: self.engine.account.take_broker_margin,
        }
        self._delivered = first_input_no
        self._is_started = False
        if plans:
            known = own_expiries(universe) if listed is None else listed
            until = -1 if carry is None else carry.until
            self._due.attach_plans(PlanEngine(plans, self.engine.plan_desk, known, until=until))
        self._attach_strategies(carry)
        self._timers = self._attach_hooks(carry)

    def _make_intake(self, timeframes: Iterable[str]) -> Intake:
        return Intake(
            self.schedule,
            len(self.universe),
            stale_after_ns=self.config.stale_after_ns,
            grace_ns=self.config.candle_grace_ns,
            grid_ns=_bar_grid(timeframes),
        )

    def _attach_strategies(self, carry: CarryOver | None) -> None:
        """Watch their ticks, queue their intents, switch off those that had failed too often."""
        for index in self.strategies.tick_instruments:
            self.books[index].watch_ticks()
        after = -1 if carry is None else carry.until
        timed_intents = self.strategies.timed_intents
        self.schedule_intents([timed for timed in timed_intents if timed.ts > after])
        for asked in self.strategies.timed_gtts:
            if asked.ts > after:
                self.agenda.add(asked.ts, Phase.TIMED_GTT, 0, asked.request)
        for strategy_id, since in {} if carry is None else carry.disabled.items():
            self.strategies.disable(strategy_id, since)

    def _attach_hooks(self, carry: CarryOver | None) -> Timers | None:
        """Let strategies hear of their own trades, and be called at their times."""
        hooks = self._hooks
        if hooks is None:
            return None
        timers = Timers(
            self.engine, self.agenda, self.schedule, hooks,
            until=-1 if carry is None else carry.until, grace_ns=self.config.candle_grace_ns,
        )  # fmt: skip
        self._due.attach(timers)
        if carry is not None:
            hooks.resume(carry.saved, carry.heard)
        return timers

    def schedule_intents(self, intents: Sequence[TimedIntent]) -> None:
        """Put intents on the agenda; those of one time keep their order."""
        for timed in intents:
            self.agenda.add(timed.ts, Phase.TIMED_INTENT, 0, timed.intent)

    # results so far

    @property
    def ledger(self) -> Ledger:
        """The fold of every event so far."""
        return self.engine.ledger

    @property
    def input_no(self) -> int:
        """The number of inputs delivered so far."""
        return self._delivered

    def lasting(self) -> CarryOver:
        """Return what no event holds and only changes with a decision, disabled strategies too."""
        lasting = msgspec.structs.replace(
            self.engine.lasting(), disabled=self.strategies.disabled()
        )
        return self._with_saved(lasting)

    def carry(self) -> CarryOver:
        """Return what an engine on another day must know beyond the ledger."""
        return self._with_saved(self.engine.carry())

    def _with_saved(self, carry: CarryOver) -> CarryOver:
        """Add what strategies would save now, and the baskets in work."""
        saved = {} if self._hooks is None else self._hooks.saved()
        baskets = self.engine.asked.baskets
        return msgspec.structs.replace(
            carry, saved=saved, baskets=baskets.in_work, basket_count=baskets.count
        )

    # inputs

    def handle(self, item: Input) -> list[TradingEvent]:
        """Take one input (a block counts its rows) and return the events decided at it.

        For a row the steps are those of `RowPath`: what became due, waiting fills, exit rules,
        strategies that asked for ticks. Any other input has the first of them only.
        """
        if isinstance(item, Ticks):
            for rows in self._accepted(item):
                self._begin(rows)
                self._rows.take(rows)
        else:
            for _ in self._take_other(item):
                pass
        return self.engine.lifecycle.take_events()

    def follow(self, accepted: Iterable[Rows], input_no: int) -> list[TradingEvent]:
        """Take what the leader has accepted of a block, whose last row is input `input_no`; return
        the events decided at it.
        """
        self._delivered = input_no
        for rows in accepted:
            self._begin(rows)
            self._rows.take(rows)
        return self.engine.lifecycle.take_events()

    def is_due(self, item: Input) -> bool:
        """Return whether something falls due at the input or, for a block, at its first row."""
        ts = int(item.ts[0]) if isinstance(item, Ticks) else item.ts
        return ts >= self.agenda.next_due

    def steps(self, item: Input) -> Iterator[list[TradingEvent]]:
        """Take one input as `handle` does, with pauses while what is due at it is decided.

        Yield the events since the last pause; all of them together are those of `handle`. The
        input is complete when the iterator ends, and it must be run to its end.
        """
        take = self.engine.lifecycle.take_events
        if isinstance(item, Ticks):
            for rows in self._accepted(item):
                self._begin(rows)
                for _ in self._due_before(rows):
                    yield take()
                self._rows.take(rows)
        else:
            for _ in self._take_other(item):
                yield take()
        yield take()

    def final_clock(self) -> Clock | None:
        """Return the input that ends the last timestamp of a feed; None if nothing waits for it.

        It ends no session: the end of a recording is not one.
        """
        ts = self.engine.timestamp_end.asked_ts
        return None if ts is None else Clock(ts + 1)

    def process_signal(self, intent: OrderIntent) -> list[TradingEvent]:
        """Route an intent from outside, at the engine's present time."""
        self.engine.process_signal(intent)
        return self.engine.lifecycle.take_events()

    def _accepted(self, block: Ticks) -> Iterable[Rows]:
        """Return the accepted rows; a large block in pieces, one after the other."""
        if not 0 < len(block) <= PIECE_ROWS:
            starts = range(0, len(block), PIECE_ROWS)
            pieces = (block.rows(start, min(start + PIECE_ROWS, len(block))) for start in starts)
            return chain.from_iterable(map(self._accepted, pieces))
        first = self._delivered + 1
        self._delivered += len(block)
        at = self.at
        return self.intake.accept(block, first_input_no=first, now=at.now, feed_last=at.feed_last)

    def _begin(self, rows: Rows) -> None:
        self.at.begin_rows(rows)
        if self.on_rows is not None:
            self.on_rows(rows)
        if self.at.date is None:
            self.at.take_input(rows.input_no(0))
            self._due.move_to(int(rows.ts[0]))
        if self._hooks is not None:
            self._start_hooks(int(rows.ts[0]))

    def _due_before(self, rows: Rows) -> Iterator[None]:
        """Do what is due at the first row, with pauses; `RowPath.take` then finds it done."""
        ts = int(rows.ts[0])
        if ts >= self.agenda.next_due:
            self.at.reach_row(rows, 0)
            self._due.move_to(ts)
            yield from self._due.steps(ts)

    def _take_other(
        self, item: Clock | Command | Gap | Settlement | ConfigChange | History | BrokerMargin
    ) -> Iterator[None]:
        """Take one input other than ticks, with pauses while what is due at it is decided."""
        self._delivered += 1
        self.at.take_input(self._delivered)
        ts = max(item.ts, self.at.now)
        if isinstance(item, Command | Settlement):  # has its place in what is due
            self.agenda.add(ts, Phase.COMMAND, 0, item)
        self._due.move_to(ts)
        if self._hooks is not None and type(item) not in _BEFORE_START:
            self._start_hooks(ts)
        yield from self._due.steps(ts)
        take = self._arrived.get(type(item))
        if take is not None:
            take(item)

    def _start_hooks(self, ts: int) -> None:
        """Let strategies start, at the first input that is no history."""
        if self._is_started:
            return
        self._is_started = True
        assert self._hooks is not None
        assert self._timers is not None
        self._due.move_to(ts)
        self._hooks.start(self.engine.desk, self._timers.missed())

    def _change(self, item: ConfigChange) -> None:
        """Apply a change of the configuration, from the next decision on."""
        change = msgspec.json.decode(item.config, type=LiveChange)
        if change.risk is not None:
            self.engine.admission.change_risk(change.risk)
            self.engine.account.risk.watch()
        for strategy_id, on in change.strategies.items():
            self._due.switch(strategy_id, on=on, by_config=True)

    def _note_gap(self, gap: Gap) -> None:
        """Trust no quote from before the gap, of its symbols or (without any) of all."""
        books = self.books[:-1]
        if self._due.plans is not None:
            self._due.plans.note_gap(self.at.now)
        if gap.symbols:
            found = (self.universe.index_of(symbol) for symbol in gap.symbols)
            books = [self.books[index] for index in found if index is not None]
        for book in books:
            book.distrust_before(self.at.input_no)
        self._rows.expect_gap_ticks(books)

    # for people

    def stats(self) -> EngineStatistics:
        """Return the counters of the market side, for metrics and the summary."""
        return engine_statistics(self.engine, self.intake, self.bars)

    def marks(self) -> dict[str, int]:
        """Return the last ltp (paise) of every symbol with an open position."""
        return self.engine.marks()


def _bar_grid(timeframes: Iterable[str]) -> int:
    """Return the greatest common divisor of the timeframes in use, ns; 0 without candles."""
    spans = [parse_timeframe(timeframe) for timeframe in timeframes]
    return gcd(*spans) if spans else 0
