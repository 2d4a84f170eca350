"""Runs a scenario through the real engine, cut into blocks of any size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.dates import ist_day
from daemon.domain.events import Charges, OrderCreated, OrderMoved, TradingEvent
from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal, StrategyLimits
from daemon.domain.ledger import Ledger
from daemon.domain.order import Side
from daemon.domain.ticks import (
    ABSENT,
    WALK_CLOSE,
    WALK_FIRST,
    WALK_NONE,
    WALK_OPEN,
    WALK_SECOND,
    Ticks,
)
from daemon.execution.context import NoStrategies, Strategies
from strategies.conflict import Proposal, resolve
from tests.kit.scenario import Row, Scenario, WalkCandle
from tests.kit.tariff import Tariff, in_force

WalkedRow = tuple[int, int, Row]
"""(step of the candle, price if the high comes first, the row)."""


class Span(NamedTuple):
    """A session."""

    open_ts: int
    close_ts: int


class FixedRules:
    """Sessions from a table, charges by tariffs (none: nothing), no freeze quantities."""

    def __init__(
        self,
        sessions: Mapping[tuple[dt.date, str], tuple[int, int]],
        tariffs: Sequence[Tariff] = (),
    ) -> None:
        self._sessions = sessions
        self._tariffs = tariffs

    def session(self, date: dt.date, instrument: Instrument, /) -> Span | None:
        found = self._sessions.get((date, instrument.segment))
        return None if found is None else Span(*found)

    def charges(
        self,
        date: dt.date,
        instrument: Instrument,
        /,
        *,
        transaction_type: Side,
        quantity: int,
        price_paise: int,
    ) -> Charges:
        tariff = in_force(self._tariffs, date)
        return tariff.order(instrument, transaction_type, quantity, price_paise)

    def exercise_charges(
        self,
        date: dt.date,
        instrument: Instrument,
        /,
        *,
        sign: int,
        quantity: int,
        intrinsic_paise: int,
    ) -> Charges:
        return in_force(self._tariffs, date).exercise(instrument, sign, quantity, intrinsic_paise)

    def freeze_quantity(self, date: dt.date, instrument: Instrument, /) -> int:
        return 0


class RuleStrategies(NoStrategies):
    """The candle rules of a scenario, reconciled as the program does it (highest_confidence)."""

    def __init__(self, scenario: Scenario, universe: Universe) -> None:
        super().__init__(scenario.timed)
        self._rules = scenario.strategies
        self._limits = scenario.limits
        wanted: dict[str, set[int]] = {}
        for rule in self._rules:
            for symbol in rule.symbols:
                index = universe.index_of(symbol)
                if index is not None:
                    wanted.setdefault(rule.timeframe, set()).add(index)
        self.subscriptions = {k: frozenset(v) for k, v in wanted.items()}

    def limits(self, strategy_id: str, /) -> StrategyLimits | None:
        found = self._limits.get(strategy_id)
        if found is None:
            return None
        return StrategyLimits(found.max_trades_per_day, found.max_loss_streak)

    def on_candles(self, candles: Sequence[Candle], desk: object, /) -> list[OrderIntent]:
        proposals: list[Proposal] = []
        for candle in candles:
            for rank, rule in enumerate(self._rules):
                if rule.timeframe == candle.timeframe and candle.tradingsymbol in rule.symbols:
                    proposals += (
                        Proposal(
                            intent=_complete(intent, rule.strategy_id, rule.timeframe),
                            rank=rank,
                            priority=0,
                        )
                        for intent in rule.decide(candle)
                        if intent.signal is not Signal.HOLD
                    )
        return resolve(proposals, "highest_confidence").intents


def _complete(intent: OrderIntent, strategy_id: str, timeframe: str) -> OrderIntent:
    return msgspec.structs.replace(
        intent,
        strategy_id=intent.strategy_id or strategy_id,
        timeframe=intent.timeframe or timeframe,
    )


def inputs_of(scenario: Scenario, block_rows: int) -> Iterator[Input]:
    """The scenario's inputs with consecutive rows gathered into blocks."""
    rows: list[WalkedRow] = []
    for item in _expanded(scenario):
        if isinstance(item, tuple):
            rows.append(item)
            if len(rows) == block_rows:
                yield _block(rows)
                rows = []
            continue
        if rows:
            yield _block(rows)
            rows = []
        yield item
    if rows:
        yield _block(rows)


def _expanded(scenario: Scenario) -> list[Any]:
    """Rows as (walk step, other, row), everything in the order of delivery."""
    items: list[tuple[int, int, Any]] = []
    walks = False
    volumes: dict[tuple[int, int], int] = {}
    for place, item in enumerate(scenario.inputs):
        if isinstance(item, WalkCandle):
            walks = True
            key = (item.instrument, ist_day(item.ts))
            so_far = volumes.get(key, 0)
            volumes[key] = so_far + item.volume
            items.extend((row[2].ts, place, row) for row in _steps(item, so_far))
        elif isinstance(item, Row):
            items.append((item.ts, place, (WALK_NONE, 0, item)))
        else:
            items.append((item.ts, place, item))
    if walks:
        items.sort(key=lambda each: (each[0], each[1]))
    return [each[2] for each in items]


def _steps(candle: WalkCandle, so_far: int) -> list[WalkedRow]:
    end = candle.ts + candle.interval_ns
    prices = (candle.open, candle.high, candle.low, candle.close)
    high, low = max(prices), min(prices)
    steps = (
        (WALK_OPEN, candle.ts, candle.open, 0, so_far),
        (WALK_FIRST, candle.ts + candle.interval_ns // 4, low, high, -1),
        (WALK_SECOND, candle.ts + candle.interval_ns // 2, high, low, -1),
        (WALK_CLOSE, end - 1000, candle.close, 0, so_far + candle.volume),
    )
    return [
        (step, other, Row(ts, candle.instrument, ltp, volume=volume))
        for step, ts, ltp, other, volume in steps
    ]


def _block(rows: list[WalkedRow]) -> Ticks:
    column = [row for _, _, row in rows]

    def prices(name: str) -> Any:
        values = [getattr(row, name) for row in column]
        return np.array([ABSENT if v is None else v for v in values], dtype=np.int64)

    def numbers(name: str) -> Any:
        return np.array([getattr(row, name) for row in column], dtype=np.int64)

    walk = np.array([step for step, _, _ in rows], dtype=np.int8)
    walked = bool(walk.any())
    return Ticks(
        ts=numbers("ts"),
        instrument=numbers("instrument").astype(np.int32),
        ltp=numbers("ltp"),
        exchange_ts=numbers("exchange_ts"),
        bid=prices("bid"),
        ask=prices("ask"),
        volume=numbers("volume"),
        walk=walk if walked else None,
        other=np.array([other for _, other, _ in rows], dtype=np.int64) if walked else None,
    )


def make_engine(
    scenario: Scenario, strategies: Strategies | None = None, **before: Any
) -> PaperEngine:
    """The engine of a scenario, of its own strategies if no other are given.

    `before` is what the engine continues from: ledger, carry, first_input_no.
    """
    universe = Universe(scenario.instruments)
    return PaperEngine(
        scenario.execution,
        universe=universe,
        rules=FixedRules(scenario.sessions, scenario.tariffs),
        risk=scenario.risk,
        strategies=strategies or RuleStrategies(scenario, universe),
        **before,
    )


def run_engine(scenario: Scenario, block_rows: int = 65_536) -> tuple[list[TradingEvent], Ledger]:
    """All events of the scenario and the ledger they left."""
    engine = make_engine(scenario)
    events: list[TradingEvent] = []
    for item in inputs_of(scenario, block_rows):
        events.extend(engine.handle(item))
    return events, engine.ledger


def comparable(event: TradingEvent) -> TradingEvent:
    """The event without the numbers that only explain it."""
    if isinstance(event, OrderMoved):
        return msgspec.structs.replace(event, numbers=None, excursion=None)
    return event


def describe(event: TradingEvent | None) -> str:
    """One line for a failed comparison."""
    if event is None:
        return "(nothing)"
    if isinstance(event, OrderCreated):
        return f"{event.seq} created {event.order_id} {event}"
    return f"{event.seq} {event.order_id} {event}"
