"""What both sides of the differential test are given: inputs, configuration, rules.

`random_scenario(seed)` makes rich ones; `tests.oracle.engine.run` says what should come out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from daemon.domain.candle import Candle
from daemon.domain.inputs import Clock, Command, Gap, Settlement, TimedIntent
from daemon.domain.instrument import Instrument
from daemon.domain.intent import OrderIntent
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.tariff import Tariff


@dataclass(frozen=True)
class Row:
    """One tick, paise; instrument -1 is unknown, exchange_ts 0 and volume -1 are absent."""

    ts: int
    instrument: int
    ltp: int
    bid: int | None = None
    ask: int | None = None
    exchange_ts: int = 0
    volume: int = -1


@dataclass(frozen=True)
class WalkCandle:
    """A candle without ticks, paise: four rows at start, +T/4, +T/2 and end - 1 us."""

    ts: int
    interval_ns: int
    instrument: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass(frozen=True)
class CandleRule:
    """A test strategy: a pure function of the closed candle, to none, one or several intents."""

    strategy_id: str
    timeframe: str
    symbols: tuple[str, ...]
    decide: Callable[[Candle], Sequence[OrderIntent]]


@dataclass(frozen=True)
class StrategyLimits:
    """A strategy's own limits; None is no limit."""

    max_trades_per_day: int | None = None
    max_loss_streak: int | None = None


ScenarioInput = Row | Clock | Command | Settlement | Gap | WalkCandle


@dataclass(frozen=True)
class Scenario:
    """Everything a run depends on.

    Inputs are in the order of delivery (a late row is where it arrives). Where there are
    WalkCandles, all inputs and steps are delivered by (ts, place in `inputs`).
    """

    instruments: tuple[Instrument, ...]
    execution: ExecutionConfig
    risk: RiskConfig
    sessions: Mapping[tuple[dt.date, str], tuple[int, int]]
    """(date, segment) -> (open ns, close ns); missing = no session."""
    inputs: tuple[ScenarioInput, ...]
    timed: tuple[TimedIntent, ...] = ()
    strategies: tuple[CandleRule, ...] = ()
    limits: Mapping[str, StrategyLimits] = field(default_factory=dict)
    tariffs: tuple[Tariff, ...] = ()
    """What orders cost, where `execution.charges` is on."""


def random_scenario(seed: int) -> Scenario:
    """The same rich scenario for the same seed."""
    from tests.oracle.scenarios import Generator  # it needs the classes above

    return Generator(seed).scenario()
