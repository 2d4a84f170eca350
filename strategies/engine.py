"""Run all strategies of a configuration: candles and ticks in, intents without conflicts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.gtt_requests import TimedGtt
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Universe
from daemon.domain.intent import (
    EntryChange,
    ExitOverrides,
    OrderIntent,
    Product,
    Signal,
    StrategyLimits,
)
from daemon.errors import ConfigError
from daemon.settings.config import StrategiesConfig, StrategyConfig
from strategies.catalog import LoadedStrategy, load
from strategies.conflict import LostIntent, Proposal, Rule, is_entry, resolve
from strategies.intents import completed
from strategies.runner import Failures, Runner, StrategyFault, StrategyMethod
from strategies.strategy import TickView, TimedGttStrategy, TimedStrategy
from strategies.views import Desk, History, StrategyView, WarmDesk

FAULTS_MAX: Final = 1000
"""Faults kept until the log takes them; the counters include later ones."""
LOSSES_MAX: Final = 100
"""Lost entries reported one by one per strategy; the counter includes later ones."""


class LostEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that lost a conflict, for log and journal; `ts` is engine time, UTC ns."""

    ts: int
    rule: Rule
    loss: LostIntent


class StrategyEngineV2:
    """All enabled strategies in configured order (SEMANTICS, "Strategies").

    `subscriptions` are the candles to deliver: timeframe -> indices into the universe (an empty set
    where only the timeframe's boundaries matter, for a scripted strategy). `tick_instruments` are
    those whose ticks a strategy asked for. `timed_intents` are known beforehand, sorted by time, in
    configured order at equal times; so are `timed_gtts`.
    """

    def __init__(self, config: StrategiesConfig, universe: Universe) -> None:
        self.subscriptions: dict[str, frozenset[int]] = {}
        self.tick_instruments: frozenset[int] = frozenset()
        self.timed_intents: list[TimedIntent] = []
        self.timed_gtts: list[TimedGtt] = []
        self.faults: list[StrategyFault] = []
        self.lost: list[LostEntry] = []
        self._failed: list[StrategyFault] = []
        """Faults of the current boundary or tick, not counted yet."""
        self._rule = config.conflict
        self._errors_max = config.max_strategy_errors
        self._universe = universe
        self._history = History(config.warmup_candles)
        self._configs = _by_id(config.items)
        self._runners: dict[str, Runner] = {}
        self._on_candle: dict[tuple[str, str], list[tuple[Runner, StrategyMethod]]] = {}
        self._on_tick: dict[str, list[tuple[Runner, StrategyMethod]]] = {}
        for item in config.items:
            if item.enabled:
                self._add(load(item, universe, config.path))
        self.timed_intents.sort(key=lambda timed: timed.ts)

    def limits(self, strategy_id: str) -> StrategyLimits | None:
        """Return the strategy's own limits, None for an unknown strategy."""
        config = self._configs.get(strategy_id)
        return StrategyLimits(config.max_trades_per_day, config.max_loss_streak) if config else None

    def product(self, strategy_id: str) -> Product:
        """Return the product of its orders, MIS for an unknown strategy."""
        config = self._configs.get(strategy_id)
        return config.product if config else "MIS"

    def exits(self, strategy_id: str) -> ExitOverrides:
        """Return its exit settings, which its intents from here already include."""
        config = self._configs.get(strategy_id)
        return config.exits if config else ExitOverrides()

    def on_candles(self, candles: Sequence[Candle], desk: Desk) -> list[OrderIntent]:
        """Show all candles closed at one boundary, in the engine's order, and return the intents in
        order.
        """
        self._remember(candles)
        proposals: list[Proposal] = []
        for candle in candles:
            proposals += self._ask(candle, desk)
        self._end_boundary(candles, proposals)
        return self._resolved(proposals, desk)

    def on_tick(self, tick: TickView, desk: Desk) -> list[OrderIntent]:
        """Show a tick to the strategies that asked for it, and return the intents in order."""
        failed = self._failed
        proposals: list[Proposal] = []
        for runner, decide in self._on_tick.get(tick.tradingsymbol, ()):
            if found := runner.ask(decide, tick, desk, failed):
                proposals += found
        if failed:
            self._count_failures()
        return self._resolved(proposals, desk) if proposals else []

    def warm(self, candles: Sequence[Candle]) -> None:
        """Show candles from before the run, without prices or positions, and drop what is returned.

        Candles are taken by their end, in whatever order they come.
        """
        desk = WarmDesk(candles, self._universe)
        in_time = sorted(candles, key=lambda candle: candle.end_ts)
        for _, boundary in groupby(in_time, key=lambda candle: candle.end_ts):
            closed = list(boundary)
            self._remember(closed)
            dropped: list[Proposal] = []
            for candle in closed:
                desk.show(candle)
                dropped += self._ask(candle, desk)
            self._end_boundary(closed, dropped)

    def set_enabled(self, strategy_id: str, on: bool) -> None:
        """Switch a strategy on or off by hand; report a fault if it is not loaded."""
        if strategy_id in self._runners:
            self._runners[strategy_id].switch(on)
            return
        error = f"no strategy {strategy_id!r} was loaded"
        self.faults.append(
            StrategyFault(strategy_id=strategy_id, ts=0, error=error, traceback_text="")
        )

    def disable(self, strategy_id: str, since: int) -> None:
        """Restore a loaded strategy as disabled for its failures since `since` (UTC ns)."""
        if strategy_id in self._runners:
            runner = self._runners[strategy_id]
            runner.disabled, runner.failures.disabled_ts = True, since

    def take_faults(self) -> list[StrategyFault]:
        """Return the faults since the last call, for the log."""
        faults, self.faults = self.faults, []
        return faults

    def take_lost(self) -> list[LostEntry]:
        """Return the entries lost to conflicts since the last call, at most LOSSES_MAX per
        strategy.
        """
        lost, self.lost = self.lost, []
        return lost

    def failures(self) -> dict[str, Failures]:
        """Return how often and when each loaded strategy failed since the start."""
        return {strategy_id: runner.failures for strategy_id, runner in self._runners.items()}

    def disabled(self) -> dict[str, int]:
        """Return the strategies disabled for their failures, and since when (UTC ns)."""
        return {
            strategy_id: runner.failures.disabled_ts or 0
            for strategy_id, runner in self._runners.items()
            if runner.disabled
        }

    def reports(self) -> dict[str, dict[str, int]]:
        """Return each loaded strategy's counters since the start."""
        return {strategy_id: runner.report() for strategy_id, runner in self._runners.items()}

    def status(self) -> dict[str, dict[str, int | str | None]]:
        """Return each loaded strategy's counters and the times of its failures, for people."""
        return {strategy_id: runner.status() for strategy_id, runner in self._runners.items()}

    def _add(self, loaded: LoadedStrategy) -> None:
        config, symbols = loaded.config, loaded.symbols
        self._configs[config.id] = config  # with the exit settings that the class declares
        view = StrategyView(config.id, config.timeframe, symbols, self._universe, self._history)
        runner = Runner(loaded, len(self._runners), view, self._errors_max)
        self._runners[config.id] = runner
        found = map(self._universe.index_of, symbols)
        indices = frozenset(index for index in found if index is not None)
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
        if isinstance(loaded.strategy, TimedGttStrategy):
            self.timed_gtts += loaded.strategy.timed_gtts()

    def _remember(self, candles: Iterable[Candle]) -> None:
        for candle in candles:
            if (candle.timeframe, candle.tradingsymbol) in self._on_candle:
                self._history.add(candle)

    def _ask(self, candle: Candle, desk: Desk) -> list[Proposal]:
        """Show one candle of a boundary to all strategies that asked for it."""
        proposals: list[Proposal] = []
        for runner, decide in self._on_candle.get((candle.timeframe, candle.tradingsymbol), ()):
            if found := runner.ask(decide, candle, desk, self._failed):
                proposals += found
                asked = runner.view.asked
                for proposal in found:
                    if is_entry(proposal.intent):
                        symbol = proposal.intent.symbol
                        asked[symbol] = asked.get(symbol, 0) + 1
        return proposals

    def _end_boundary(self, candles: Sequence[Candle], proposals: Sequence[Proposal]) -> None:
        """Clear the entries requested at this boundary, which now become orders; count failures."""
        for proposal in proposals:
            self._runners[proposal.intent.strategy_id].view.asked.clear()
        if self._failed:
            self._count_failures(candles)

    def _resolved(self, proposals: list[Proposal], desk: Desk) -> list[OrderIntent]:
        if not proposals:
            return []
        resolution = resolve(proposals, self._rule)
        for loss in resolution.lost:
            self._lose(LostEntry(ts=desk.now, rule=self._rule, loss=loss))
        for intent in resolution.intents:
            self._runners[intent.strategy_id].intents += 1
        return resolution.intents

    def _lose(self, lost: LostEntry) -> None:
        runner = self._runners[lost.loss.intent.strategy_id]
        runner.conflicts_lost += not lost.loss.kept
        if runner.losses_told < LOSSES_MAX:
            runner.losses_told += 1
            self.lost.append(lost)

    def _count_failures(self, candles: Sequence[Candle] = ()) -> None:
        """Count a failing boundary (its candles) or tick once for each strategy that raised."""
        by_strategy: dict[str, list[StrategyFault]] = {}
        for fault in self._failed:
            by_strategy.setdefault(fault.strategy_id, []).append(fault)
        for strategy_id, faults in by_strategy.items():
            runner = self._runners[strategy_id]
            calls = self._calls(runner, candles)
            runner.fail(faults[-1].ts, len(faults), forgiven=calls > len(faults))
        self.faults += self._failed
        del self.faults[FAULTS_MAX:]
        self._failed.clear()

    def _calls(self, runner: Runner, candles: Iterable[Candle]) -> int:
        asked = (self._on_candle.get((c.timeframe, c.tradingsymbol), ()) for c in candles)
        return sum(called is runner for runners in asked for called, _ in runners)


def _by_id(items: Iterable[StrategyConfig]) -> dict[str, StrategyConfig]:
    configs: dict[str, StrategyConfig] = {}
    for item in items:
        if item.id in configs:
            raise ConfigError(f"strategy {item.id!r}: expected each id once")
        configs[item.id] = item
    return configs


def _timed(strategy: TimedStrategy, config: StrategyConfig) -> list[TimedIntent]:
    """Return the complete intents of a scripted strategy, without HOLD, and what it changes."""
    found: list[TimedIntent] = []
    for timed in strategy.timed_intents(config.product):
        wanted = timed.intent
        if isinstance(wanted, EntryChange):
            change = msgspec.structs.replace(wanted, strategy_id=config.id)
            found.append(TimedIntent(ts=timed.ts, intent=change))
        elif wanted.signal != Signal.HOLD:
            complete = completed(wanted, config, product_given=True)
            found.append(TimedIntent(ts=timed.ts, intent=complete))
    return found
