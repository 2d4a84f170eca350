"""A process that dies at any input and comes back continues as if it had never stopped."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.domain.dates import SECOND_NS
from daemon.domain.events import OrderMoved, TradingEvent, decode_event
from daemon.domain.inputs import Command, TimedIntent
from daemon.domain.instrument import Instrument
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import PENDING_EXIT_STATES
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalStore
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.drive import describe, inputs_of, run_engine
from tests.kit.market import CLOSE, DATE, OPEN
from tests.kit.restarts import Process
from tests.kit.scenario import Row, Scenario, ScenarioInput, random_scenario
from tests.kit.tiers import with_more_in_ci

pytestmark = pytest.mark.random

LIVES_MAX = 60
When = Callable[[Process], bool]
"""Whether this is an input after which the process dies."""


def journal_lines(out: Path) -> list[bytes]:
    with JournalStore.open(out / "accounts" / "test") as store:
        store.verify()
        return list(store.event_lines())


def hold(out: Path, expected: list[TradingEvent]) -> None:
    found = [decode_event(line) for line in journal_lines(out)]
    for ours, theirs in zip(found, expected, strict=False):
        assert ours == theirs, (describe(ours), describe(theirs))
    assert len(found) == len(expected)


@pytest.mark.parametrize("seed", with_more_in_ci(*range(5), more=range(5, 100)))
def test_a_session_with_restarts_gives_the_journal_of_one_without(
    seed: int, tmp_path: Path
) -> None:
    scenario = random_scenario(seed)
    rng = random.Random(seed)
    inputs = list(inputs_of(scenario, rng.choice((1, 3, 50))))
    expected, _ = run_engine(scenario, 1)
    every = rng.choice((1, 2, 5, 17, 60))
    process = Process(scenario, tmp_path, rng)
    lives = since = 0
    while process.taken < len(inputs):
        process.take(inputs[process.taken])
        since += 1
        if since >= every and lives < LIVES_MAX:
            process.crash()
            lives, since = lives + 1, 0
            before = process.taken
            process = Process(scenario, tmp_path, rng)
            assert process.taken <= before
    process.commit()
    check_fold(process.account.store, process.engine.ledger)
    process.stop()
    hold(tmp_path, expected)


def with_restarts_when(scenario: Scenario, out: Path, when: When) -> int:
    """Run it, and start again wherever `when` says so; everything was on disk. How often."""
    inputs = list(inputs_of(scenario, 1))
    process = Process(scenario, out, random.Random(0))
    lives = 0
    while process.taken < len(inputs):
        process.take(inputs[process.taken])
        if lives < LIVES_MAX and when(process):
            before, taken = process.engine.engine.carry(), process.taken
            process.stop()
            lives += 1
            process = Process(scenario, out, random.Random(0))
            assert process.taken == taken
            assert process.engine.engine.carry() == before
    process.stop()
    return lives


def is_leaving(process: Process) -> bool:
    states = {each.state for each in process.engine.ledger.orders.values()}
    return not states.isdisjoint(PENDING_EXIT_STATES)


def is_settling(process: Process) -> bool:
    return bool(process.engine.engine.carry().settling)


def remembers(process: Process) -> bool:
    return bool(process.engine.engine.carry().remembered)


@pytest.mark.parametrize("seed", with_more_in_ci(13, 23, more=(17, 29)))
def test_a_restart_while_an_exit_is_pending_changes_nothing(seed: int, tmp_path: Path) -> None:
    scenario = random_scenario(seed)
    expected, _ = run_engine(scenario, 1)
    assert with_restarts_when(scenario, tmp_path, is_leaving) > 0
    hold(tmp_path, expected)


@pytest.mark.parametrize("seed", with_more_in_ci(23, more=(50, 98)))
def test_a_restart_while_a_settlement_is_awaited_changes_nothing(seed: int, tmp_path: Path) -> None:
    scenario = random_scenario(seed)
    expected, _ = run_engine(scenario, 1)
    assert with_restarts_when(scenario, tmp_path, is_settling) > 0
    hold(tmp_path, expected)


def partial_then_kill_switch() -> Scenario:
    """The stop of half a position is under way when a person wants all of it closed."""
    prices = (10000, 10000, 9500)
    rows: list[ScenarioInput] = [Row(OPEN + n * SECOND_NS, 0, p) for n, p in enumerate(prices)]
    rows.append(Command(ts=OPEN + 2 * SECOND_NS + 1, command="kill_switch"))
    rows += [Row(OPEN + n * SECOND_NS, 0, p) for n, p in enumerate((9490, 9480, 9470), 3)]
    future = Instrument(instrument_token=1, tradingsymbol="X", segment="NFO-FUT", lot_size=25)
    wish = OrderIntent(symbol="X", signal=Signal.BUY, qty=50, sl_price=95.0, strategy_id="s")
    return Scenario(
        instruments=(future,),
        execution=ExecutionConfig(
            fill_mode="ltp", slippage_bps=0, latency_ms=500, charges=False, enable_time_stop=False
        ),
        risk=RiskConfig(),
        sessions={(DATE, "NFO-FUT"): (OPEN, CLOSE)},
        inputs=tuple(rows),
        timed=(TimedIntent(ts=OPEN, intent=wish),),
    )


def test_a_full_exit_remembered_during_a_partial_one_outlives_a_restart(tmp_path: Path) -> None:
    scenario = partial_then_kill_switch()
    expected, _ = run_engine(scenario, 1)
    ways = [(e.to_state, e.reason) for e in expected if isinstance(e, OrderMoved)]
    assert ways[-2:] == [("EXIT_PENDING", "kill_switch"), ("CLOSED", "kill_switch")]
    assert with_restarts_when(scenario, tmp_path, remembers) == 1
    hold(tmp_path, expected)
