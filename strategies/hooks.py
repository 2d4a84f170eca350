"""Call strategies besides candles and ticks: at the start, on updates, at their times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from daemon.domain.carry_over import HeardUpdate, SavedState
from daemon.domain.instrument import Universe
from daemon.domain.order import OrderState
from daemon.domain.strategy_actions import Wanted
from daemon.domain.timer import Due, TimerSpec
from daemon.domain.update import Update
from strategies.chains import Chains
from strategies.desks import Desk, WarmDesk
from strategies.runner import BoundaryFaults, Runner, StrategyMethod
from strategies.timers import Timer


class StrategyHooks:
    """The strategies that have such methods; one failing call is one failing boundary."""

    def __init__(
        self, runners: Sequence[Runner], chains: Chains, count_failures: Callable[[], None],
        faults: BoundaryFaults, universe: Universe, log: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self.heard = frozenset(each.config.id for each in runners if each.hooks.hears)
        self.timers: list[TimerSpec] = []
        self._runners = {each.config.id: each for each in runners}
        self._methods: list[StrategyMethod] = []
        self._books: list[Timer] = []
        self._faults = faults
        self._chains = chains
        self._universe = universe
        self._log = log
        self._heard: deque[HeardUpdate] = deque()
        self._count_failures = count_failures

    @property
    def is_idle(self) -> bool:
        """Return whether no strategy has anything of the kind."""
        runners = self._runners.values()
        return not (
            self.heard
            or self.timers
            or any(each.hooks.on_start or each.hooks.save or each.on_tick for each in runners)
        )

    def schedule(self, runner: Runner, instrument: int) -> None:
        """Let a strategy write down its times. Raises what it raises."""
        if runner.hooks.schedule is None:
            return
        timer = Timer(runner.config.id, instrument, len(self.timers))
        runner.hooks.schedule(timer)
        self.timers += timer.specs
        self._methods += timer.methods
        self._books.append(timer)

    def start(self, desk: Desk, missed: Sequence[TimerSpec], /) -> None:
        """Start every strategy, once for a process."""
        self.replay(WarmDesk((), self._universe), before=None)
        for timer in self._books:
            timer.note_missed(missed)
        for runner in self._runners.values():
            if runner.hooks.on_start is not None:
                self._call(runner, _without_shown(runner.hooks.on_start), None, desk)

    def resume(self, saved: Mapping[str, SavedState], heard: Sequence[HeardUpdate], /) -> None:
        """Load what strategies saved, and keep what they heard to show it with the history.

        A strategy that cannot load what it saved is an error of the configuration.
        """
        for strategy_id, state in saved.items():
            runner = self._runners.get(strategy_id)
            if runner is not None and runner.hooks.load is not None:
                runner.memory.load(strategy_id, runner.hooks.load, state)
        self._heard = deque(heard)

    def saved(self) -> dict[str, SavedState]:
        """Return what strategies would save now; what cannot be saved is a fault for the log."""
        found: dict[str, SavedState] = {}
        for strategy_id, runner in self._runners.items():
            if runner.hooks.save is None:
                continue
            problem = runner.memory.save(runner.hooks.save)
            if problem:
                self._log(strategy_id, problem)
            if runner.memory.saved is not None:
                found[strategy_id] = runner.memory.saved
        return found

    def replay(self, desk: WarmDesk, *, before: int | None) -> None:
        """Show updates of an earlier process up to a time (UTC ns, None: all), and drop answers."""
        while self._heard and (before is None or self._heard[0].update.ts < before):
            strategy_id, update = structs.astuple(self._heard.popleft())
            runner = self._runners.get(strategy_id)
            if runner is None or update.seq <= runner.memory.seq:
                continue
            desk.now = update.ts
            self.on_update(strategy_id, structs.replace(update, replayed=True), desk)

    def attach(self, ask: Callable[[], None], /) -> None:
        """Take what asks for the end of the present timestamp."""
        self._chains.attach(ask)

    def end_timestamp(self, ts: int, desk: Desk, /) -> None:
        """Take the chains that ticks ask for as of a timestamp (UTC ns) that has ended."""
        self._chains.end_timestamp(desk, ts)

    def on_update(self, strategy_id: str, update: Update, desk: Desk, /) -> list[Wanted]:
        """Return what a strategy wants after an update."""
        runner = self._runners[strategy_id]
        wanted: list[Wanted] = []
        if runner.hooks.on_order is not None:
            wanted += self._call(runner, runner.hooks.on_order, update, desk)
        if update.kind == "trade":
            wanted += self._sugar(runner, update, desk)
        return wanted

    def on_timer(self, spec: TimerSpec, due: Due, desk: Desk, /) -> list[Wanted]:
        """Return what a strategy wants at a time."""
        return self._call(self._runners[spec.strategy_id], self._methods[spec.number], due, desk)

    def react_too_often(self, strategy_id: str, ts: int, /) -> None:
        """Count an error of a strategy whose answers did not end (`ts` UTC ns)."""
        self._faults.begin()
        runner = self._runners[strategy_id]
        runner.fault(self._faults, ts, "too_many_reactions: its answers to updates did not end")
        self._count_failures()

    def _sugar(self, runner: Runner, update: Update, desk: Desk) -> list[Wanted]:
        """Call `on_open` and `on_close` with the trade."""
        call = None
        if update.new == OrderState.ACTIVE and update.old == OrderState.FILLED:
            call = runner.hooks.on_open
        elif update.new == OrderState.CLOSED:
            call = runner.hooks.on_close
        if call is None:
            return []
        method = call

        def with_trade(shown: Any, view: Any) -> Any:
            return method(view.trade(shown.id), view)

        return self._call(runner, with_trade, update, desk)

    def _call(self, runner: Runner, call: StrategyMethod, shown: Any, desk: Desk) -> list[Wanted]:
        self._faults.begin()
        wanted = runner.answer(call, shown, desk, self._faults)
        self._count_failures()
        runner.intents += len(wanted)
        return list(wanted)


def _without_shown(method: Callable[[Any], Any]) -> StrategyMethod:
    """Return the start of a strategy as a call: it is shown nothing and wants nothing."""

    def call(shown: Any, view: Any) -> None:
        method(view)

    return call
