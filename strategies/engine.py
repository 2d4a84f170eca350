"""Runs all strategies of a configuration: candles and ticks in, reconciled intents out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Universe
from daemon.domain.intent import ExitOverrides, OrderIntent, Product, Signal, StrategyLimits
from daemon.errors import ConfigError
from daemon.settings.config import StrategiesConfig, StrategyConfig
from strategies.catalog import Loaded, load
from strategies.conflict import Loss, Proposal, Rule, is_entry, resolve
from strategies.intents import completed
from strategies.runner import Decide, Failures, Runner, StrategyFault
from strategies.strategy import TickView, TimedStrategy
from strategies.views import Desk, History, StrategyView, WarmDesk

FAULTS_MAX: Final = 1000
"""Faults kept until the log takes them; the counters go on."""
LOSSES_MAX: Final = 100
"""So many lost entries of a strategy are told one by one; the counter goes on."""


class LostEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that lost to a conflict, for log and journal. `ts` UTC ns of the engine."""

    ts: int
    rule: Rule
    loss: Loss


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
        self.lost: list[LostEntry] = []
        self._failed: list[StrategyFault] = []
        """Faults of the boundary or tick in work, not counted yet."""
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
                self._add(load(each, universe, config.path))
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
        proposals: list[Proposal] = []
        for candle in candles:
            proposals += self._ask(candle, desk)
        self._end_boundary(candles, proposals)
        return self._resolved(proposals, desk)

    def on_tick(self, tick: TickView, desk: Desk) -> list[OrderIntent]:
        """A tick to those who asked for it; its intents are reconciled like a boundary's."""
        failed = self._failed
        proposals: list[Proposal] = []
        for runner, decide in self._on_tick.get(tick.tradingsymbol, ()):
            if found := runner.ask(decide, tick, desk, failed):
                proposals += found
        if failed:
            self._count_failures()
        return self._resolved(proposals, desk) if proposals else []

    def warm(self, candles: Sequence[Candle]) -> None:
        """History before the run: the strategies see it without prices or positions.

        What they return is dropped. Candles are taken by their end, whatever their order.
        """
        desk = WarmDesk(candles, self._universe)
        in_time = sorted(candles, key=lambda each: each.end_ts)
        for _, boundary in groupby(in_time, key=lambda each: each.end_ts):
            closed = list(boundary)
            self._remember(closed)
            dropped: list[Proposal] = []
            for candle in closed:
                desk.show(candle)
                dropped += self._ask(candle, desk)
            self._end_boundary(closed, dropped)

    def set_enabled(self, strategy_id: str, on: bool) -> None:
        """Switch a strategy on or off by hand; a fault is reported if it is not loaded."""
        if strategy_id in self._runners:
            self._runners[strategy_id].switch(on)
            return
        error = f"no strategy {strategy_id!r} was loaded"
        self.faults.append(
            StrategyFault(strategy_id=strategy_id, ts=0, error=error, traceback_text="")
        )

    def disable(self, strategy_id: str, since: int) -> None:
        """Take up a strategy that had failed too often at `since` (UTC ns), if it is loaded."""
        if strategy_id in self._runners:
            runner = self._runners[strategy_id]
            runner.disabled, runner.failures.disabled_ts = True, since

    def take_faults(self) -> list[StrategyFault]:
        """The faults since the last call, for the log."""
        taken, self.faults = self.faults, []
        return taken

    def take_lost(self) -> list[LostEntry]:
        """The entries lost to conflicts since the last call, at most LOSSES_MAX a strategy."""
        taken, self.lost = self.lost, []
        return taken

    def failures(self) -> dict[str, Failures]:
        """Return how often and when each loaded strategy failed since the start."""
        return {strategy_id: runner.failures for strategy_id, runner in self._runners.items()}

    def disabled(self) -> dict[str, int]:
        """The strategies that failed too often and are not called, and since when (UTC ns)."""
        return {
            strategy_id: runner.failures.disabled_ts or 0
            for strategy_id, runner in self._runners.items()
            if runner.disabled
        }

    def reports(self) -> dict[str, dict[str, int]]:
        """The counters of each loaded strategy since the start."""
        return {each: runner.report() for each, runner in self._runners.items()}

    def status(self) -> dict[str, dict[str, int | str | None]]:
        """The counters of each loaded strategy with the times of its failures, for people."""
        return {strategy_id: runner.status() for strategy_id, runner in self._runners.items()}

    def _add(self, loaded: Loaded) -> None:
        config, symbols = loaded.config, loaded.symbols
        self._configs[config.id] = config  # with the exit settings that the class declares
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

    def _ask(self, candle: Candle, desk: Desk) -> list[Proposal]:
        """Show one candle of a boundary to all who asked for it."""
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
        """Everyone was asked: what was asked for becomes orders, and failures are counted."""
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
