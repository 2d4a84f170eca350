"""Run all strategies of a configuration: candles and ticks in, intents without conflicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from daemon.chain.listed import ListedOf
from daemon.domain.candle import Candle
from daemon.domain.gtt_requests import TimedGtt
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Universe
from daemon.domain.intent import (
    EntryChange,
    ExitOverrides,
    Product,
    Signal,
    StrategyLimits,
)
from daemon.domain.strategy_actions import Asked, Wanted
from daemon.errors import ConfigError
from daemon.settings.config import StrategiesConfig, StrategyConfig
from strategies.catalog import LoadedStrategy, load
from strategies.chains import Chains
from strategies.conflict import LostIntent, Proposal, Rule, is_entry, resolve
from strategies.desks import Desk, WarmDesk
from strategies.hooks import StrategyHooks
from strategies.intents import completed
from strategies.runner import BoundaryFaults, Failures, Runner, StrategyFault, StrategyMethod
from strategies.strategy import TickView, TimedGttStrategy, TimedStrategy
from strategies.views import History, SharedMarket, StrategyView

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

    def __init__(
        self,
        config: StrategiesConfig,
        universe: Universe,
        listed_of: ListedOf | None = None,
        classes: Mapping[str, type[Any]] | None = None,
    ) -> None:
        """Build the strategies; `classes` are those that no module needs to be searched for, by the
        id of the strategy. Raises ConfigError.
        """
        self.subscriptions: dict[str, frozenset[int]] = {}
        self.tick_instruments: frozenset[int] = frozenset()
        self.timed_intents: list[TimedIntent] = []
        self.timed_gtts: list[TimedGtt] = []
        self.faults: list[StrategyFault] = []
        self.lost: list[LostEntry] = []
        self._failed = BoundaryFaults()
        """Faults of the current boundary or tick, not counted yet."""
        self._rule = config.conflict
        self._errors_max = config.max_strategy_errors
        self._universe = universe
        self._chains = Chains(universe, listed_of)
        self._market = SharedMarket(universe, History(config.warmup_candles), self._chains)
        self._configs = _by_id(config.items)
        self._runners: dict[str, Runner] = {}
        self._on_candle: dict[tuple[str, str], list[tuple[Runner, StrategyMethod]]] = {}
        self._on_tick: dict[str, list[tuple[Runner, StrategyMethod]]] = {}
        for item in config.items:
            if item.enabled:
                self._add(load(item, universe, config.path, (classes or {}).get(item.id)))
        self.timed_intents.sort(key=lambda timed: timed.ts)
        self.hooks = self._hooks()

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

    def on_candles(self, candles: Sequence[Candle], desk: Desk) -> list[Wanted]:
        """Show all candles closed at one boundary, in the engine's order, and return the intents in
        order.
        """
        self._remember(candles)
        self._failed.begin()
        proposals: list[Proposal | Asked] = []
        for candle in candles:
            proposals += self._ask(candle, desk)
        self._end_boundary(proposals)
        return self._resolved(proposals, desk)

    def on_tick(self, tick: TickView, desk: Desk) -> list[Wanted]:
        """Show a tick to the strategies that asked for it, and return the intents in order."""
        failed = self._failed
        failed.number += 1  # `begin`, without a call for every tick
        proposals: list[Proposal | Asked] = []
        for runner, decide in self._on_tick.get(tick.tradingsymbol, ()):
            if wanted := runner.answer(decide, tick, desk, failed):
                proposals += runner.proposals(wanted)
        if failed.found:
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
            if self.hooks is not None:
                self.hooks.replay(desk, before=closed[0].end_ts)
            self._failed.begin()
            dropped: list[Proposal | Asked] = []
            for candle in closed:
                desk.show(candle)
                dropped += self._ask(candle, desk)
            self._end_boundary(dropped)

    def wanted(self, desk: Desk) -> frozenset[int]:
        """Return what must be quoted for the chains that strategies have asked for."""
        return frozenset(self._chains.wanted(desk))

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

    def not_called(self) -> list[tuple[str, str]]:
        """Return (strategy, line) for methods that have a hook's name and take something else."""
        return [
            (strategy_id, line)
            for strategy_id, runner in self._runners.items()
            for line in runner.hooks.not_called
        ]

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
        timeframes = tuple(dict.fromkeys((config.timeframe, *config.timeframes)))
        view = StrategyView(config.id, timeframes, symbols, self._market)
        runner = Runner(loaded, len(self._runners), view, self._errors_max)
        self._runners[config.id] = runner
        found = map(self._universe.index_of, symbols)
        indices = frozenset(index for index in found if index is not None)
        wanted = frozenset() if runner.on_candle is None else indices
        for timeframe in timeframes:
            before = self.subscriptions.get(timeframe, frozenset())
            self.subscriptions[timeframe] = wanted | before
        if runner.on_tick is not None:
            self.tick_instruments |= indices
        for symbol in symbols:
            if runner.on_candle is not None:
                for timeframe in timeframes:
                    asked = self._on_candle.setdefault((timeframe, symbol), [])
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
                self._market.add(candle)

    def _ask(self, candle: Candle, desk: Desk) -> list[Proposal | Asked]:
        """Show one candle of a boundary to all strategies that asked for it."""
        proposals: list[Proposal | Asked] = []
        for runner, decide in self._on_candle.get((candle.timeframe, candle.tradingsymbol), ()):
            if candle.end_ts <= runner.memory.boundary:
                continue  # it was saved after that boundary
            if found := runner.ask(decide, candle, desk, self._failed):
                proposals += found
                asked = runner.view.asked
                for proposal in found:
                    if isinstance(proposal, Proposal) and is_entry(proposal.intent):
                        symbol = proposal.intent.symbol
                        asked[symbol] = asked.get(symbol, 0) + 1
        return proposals

    def _end_boundary(self, proposals: Sequence[Proposal | Asked]) -> None:
        """Clear the entries requested at this boundary, which now become orders; count failures."""
        for proposal in proposals:
            if isinstance(proposal, Proposal):
                self._runners[proposal.intent.strategy_id].view.asked.clear()
        if self._failed.found:
            self._count_failures()

    def _resolved(self, proposals: list[Proposal | Asked], desk: Desk) -> list[Wanted]:
        if not proposals:
            return []
        resolution = resolve(proposals, self._rule)
        for loss in resolution.lost:
            self._lose(LostEntry(ts=desk.now, rule=self._rule, loss=loss))
        for wanted in resolution.wanted:
            self._runners[wanted.strategy_id].intents += 1
        return resolution.wanted

    def _lose(self, lost: LostEntry) -> None:
        runner = self._runners[lost.loss.intent.strategy_id]
        runner.conflicts_lost += not lost.loss.kept
        if runner.losses_told < LOSSES_MAX:
            runner.losses_told += 1
            self.lost.append(lost)

    def _hooks(self) -> StrategyHooks | None:
        """Return the strategies that want more than candles, None if no one does."""
        hooks = StrategyHooks(
            list(self._runners.values()),
            self._chains,
            self._count_failures,
            self._failed,
            self._universe,
            self._log_fault,
        )
        for runner in self._runners.values():
            index = self._universe.index_of(runner.view.symbols[0]) if runner.view.symbols else 0
            try:
                hooks.schedule(runner, index or 0)
            except Exception as error:  # a boundary: `schedule` is the user's code
                raise ConfigError(f"strategy {runner.config.id!r}: schedule: {error}") from error
        return None if hooks.is_idle else hooks

    def _log_fault(self, strategy_id: str, error: str) -> None:
        """Report what went wrong outside of a boundary; it disables nothing."""
        if len(self.faults) < FAULTS_MAX:
            fault = StrategyFault(strategy_id=strategy_id, ts=0, error=error, traceback_text="")
            self.faults.append(fault)

    def _count_failures(self) -> None:
        """Count a failing boundary, tick or call once for each strategy that raised."""
        by_strategy: dict[str, list[StrategyFault]] = {}
        for fault in self._failed.found:
            by_strategy.setdefault(fault.strategy_id, []).append(fault)
        for strategy_id, faults in by_strategy.items():
            self._runners[strategy_id].fail(faults[-1].ts, len(faults), self._failed.number)
        self.faults += self._failed.found
        del self.faults[FAULTS_MAX:]
        self._failed.found.clear()


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
