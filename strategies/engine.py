"""Runs all strategies of a configuration: candles and ticks in, reconciled intents out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from daemon.config import StrategiesConfig, StrategyConfig
from daemon.domain.candle import Candle
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Universe
from daemon.domain.intent import ExitOverrides, OrderIntent, Product, Signal, StrategyLimits
from daemon.errors import ConfigError
from strategies.catalog import Loaded, load
from strategies.conflict import Proposal, resolve
from strategies.intents import completed
from strategies.runner import Decide, Runner, StrategyFault
from strategies.strategy import TickView, TimedStrategy
from strategies.views import Desk, History, StrategyView, WarmDesk

FAULTS_MAX: Final = 1000
"""Faults kept until the log takes them; the counters go on."""


class StrategyEngineV2:
    """All enabled strategies in configured order (semantics.md section 9).

    `subscriptions` says which candles to deliver: timeframe -> indices into the universe (an
    empty set where only the timeframe's boundaries matter, for a scripted strategy).
    `tick_instruments` are those whose ticks a strategy asked for. `timed_intents` are known
    beforehand, by time, at one time in configured order.
    """

    def __init__(self, config: StrategiesConfig, universe: Universe) -> None:
        self.subscriptions: dict[str, frozenset[int]] = {}
        self.tick_instruments: frozenset[int] = frozenset()
        self.timed_intents: list[TimedIntent] = []
        self.faults: list[StrategyFault] = []
        self._rule = config.conflict
        self._errors_max = config.max_strategy_errors
        self._universe = universe
        self._history = History(config.warmup_candles)
        self._configs = _by_id(config.items)
        self._runners: dict[str, Runner] = {}
        self._on_candle: dict[tuple[str, str], list[tuple[Runner, Decide]]] = {}
        self._on_tick: dict[str, list[tuple[Runner, Decide]]] = {}
        for each in config.items:
            if each.enabled:
                self._add(load(each, universe))
        self.timed_intents.sort(key=lambda each: each.ts)

    def limits(self, strategy_id: str) -> StrategyLimits | None:
        """The strategy's own limits, None for an unknown strategy."""
        config = self._configs.get(strategy_id)
        return StrategyLimits(config.max_trades_per_day, config.max_loss_streak) if config else None

    def product(self, strategy_id: str) -> Product:
        """The product of its orders; MIS for an unknown strategy."""
        config = self._configs.get(strategy_id)
        return config.product if config else "MIS"

    def exits(self, strategy_id: str) -> ExitOverrides:
        """Its exit settings, merged already into the intents that come from here."""
        config = self._configs.get(strategy_id)
        return config.exits if config else ExitOverrides()

    def on_candles(self, candles: Sequence[Candle], desk: Desk) -> list[OrderIntent]:
        """All candles closed at one boundary, in the engine's order -> the intents, in order."""
        self._remember(candles)
        return self._resolved(self._candle_proposals(candles, desk))

    def on_tick(self, tick: TickView, desk: Desk) -> list[OrderIntent]:
        """A tick to those who asked for it; its intents are reconciled like a boundary's."""
        faults = self.faults
        proposals: list[Proposal] = []
        for runner, decide in self._on_tick.get(tick.tradingsymbol, ()):
            if found := runner.ask(decide, tick, desk, faults):
                proposals += found
        if faults:
            self._bound_faults()
        return self._resolved(proposals) if proposals else []

    def warm(self, candles: Sequence[Candle]) -> None:
        """History before the run: the strategies see it without prices or positions.

        What they return is dropped. Candles are taken by their end, whatever their order.
        """
        desk = WarmDesk(candles, self._universe)
        in_time = sorted(candles, key=lambda each: each.end_ts)
        for _, boundary in groupby(in_time, key=lambda each: each.end_ts):
            closed = list(boundary)
            self._remember(closed)
            for each in closed:
                desk.show(each)
                self._candle_proposals([each], desk)

    def set_enabled(self, strategy_id: str, on: bool) -> None:
        """Switch a strategy on or off by hand; a fault is reported if it is not loaded."""
        if strategy_id in self._runners:
            self._runners[strategy_id].switch(on)
            return
        error = f"no strategy {strategy_id!r} was loaded"
        self.faults.append(
            StrategyFault(strategy_id=strategy_id, ts=0, error=error, traceback_text="")
        )

    def take_faults(self) -> list[StrategyFault]:
        """The faults since the last call, for the log."""
        taken, self.faults = self.faults, []
        return taken

    def reports(self) -> dict[str, dict[str, int]]:
        """The counters of each loaded strategy since the start."""
        return {each: runner.report() for each, runner in self._runners.items()}

    def _add(self, loaded: Loaded) -> None:
        config, symbols = loaded.config, loaded.symbols
        view = StrategyView(config.id, config.timeframe, symbols, self._universe, self._history)
        runner = Runner(loaded, len(self._runners), view, self._errors_max)
        self._runners[config.id] = runner
        found = map(self._universe.index_of, symbols)
        indices = frozenset(each for each in found if each is not None)
        wanted = frozenset() if runner.on_candle is None else indices
        self.subscriptions[config.timeframe] = wanted | self.subscriptions.get(
            config.timeframe, frozenset()
        )
        if runner.on_tick is not None:
            self.tick_instruments |= indices
        for symbol in symbols:
            if runner.on_candle is not None:
                asked = self._on_candle.setdefault((config.timeframe, symbol), [])
                asked.append((runner, runner.on_candle))
            if runner.on_tick is not None:
                self._on_tick.setdefault(symbol, []).append((runner, runner.on_tick))
        if isinstance(loaded.strategy, TimedStrategy):
            self.timed_intents += _timed(loaded.strategy, config)

    def _remember(self, candles: Iterable[Candle]) -> None:
        for each in candles:
            if (each.timeframe, each.tradingsymbol) in self._on_candle:
                self._history.add(each)

    def _candle_proposals(self, candles: Iterable[Candle], desk: Desk) -> list[Proposal]:
        proposals: list[Proposal] = []
        for each in candles:
            for runner, decide in self._on_candle.get((each.timeframe, each.tradingsymbol), ()):
                proposals += runner.ask(decide, each, desk, self.faults)
        if self.faults:
            self._bound_faults()
        return proposals

    def _resolved(self, proposals: list[Proposal]) -> list[OrderIntent]:
        if not proposals:
            return []
        resolution = resolve(proposals, self._rule)
        for strategy_id in resolution.lost:
            self._runners[strategy_id].conflicts_lost += 1
        for intent in resolution.intents:
            self._runners[intent.strategy_id].intents += 1
        return resolution.intents

    def _bound_faults(self) -> None:
        del self.faults[FAULTS_MAX:]


def _by_id(items: Iterable[StrategyConfig]) -> dict[str, StrategyConfig]:
    configs: dict[str, StrategyConfig] = {}
    for each in items:
        if each.id in configs:
            raise ConfigError(f"strategy {each.id!r}: expected each id once")
        configs[each.id] = each
    return configs


def _timed(strategy: TimedStrategy, config: StrategyConfig) -> list[TimedIntent]:
    """The intents of a scripted strategy, complete and without HOLD."""
    wanted = strategy.timed_intents(config.product)
    return [
        TimedIntent(ts=each.ts, intent=completed(each.intent, config, product_given=True))
        for each in wanted
        if each.intent.signal != Signal.HOLD
    ]
