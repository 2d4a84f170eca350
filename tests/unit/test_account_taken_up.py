"""An account is held against its recording; what no event holds comes over by other ways."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from daemon import VERSION
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.execution.context import NoStrategies
from daemon.runtime.rerun import Diverged
from tests.kit.drive import inputs_of, make_engine, run_engine
from tests.kit.restarts import Process, ledger_bytes
from tests.kit.scenario import Scenario, random_scenario
from tests.properties.test_restart import partial_then_kill_switch

SCENARIO_WITH_A_SETTLEMENT = 50


def recorded(scenario: Scenario, out: Path, change: Callable[[list[TradingEvent]], None]) -> None:
    """One life whose journal is not what was decided: `change` had its way before the commit."""
    process = Process(scenario, out, random.Random(0))
    for item in inputs_of(scenario, 50):
        process.recorder.record(item)
        process._pending += process.engine.handle(item)
    change(process._pending)  # type: ignore[arg-type]
    process.stop()


def test_an_event_that_is_decided_differently_is_found_out(tmp_path: Path) -> None:
    def later(events: list[TradingEvent]) -> None:
        events[1] = msgspec.structs.replace(events[1], due_ts=events[1].due_ts + 1)

    scenario = random_scenario(1)
    recorded(scenario, tmp_path, later)
    with pytest.raises(Diverged, match=r"^event 2 of the journal is decided differently$"):
        Process(scenario, tmp_path, random.Random(0))


def test_another_version_is_named_where_its_recording_is_decided_differently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(events: list[TradingEvent]) -> None:
        events[1] = msgspec.structs.replace(events[1], due_ts=events[1].due_ts + 1)

    scenario = random_scenario(1)
    recorded(scenario, tmp_path, later)
    monkeypatch.setattr("daemon.runtime.rerun.VERSION", "9.9.9")
    text = rf"decided differently \(recorded by version {VERSION}, this is 9\.9\.9: CHANGELOG"
    with pytest.raises(Diverged, match=text):
        Process(scenario, tmp_path, random.Random(0))


def test_an_event_without_its_input_is_found_out(tmp_path: Path) -> None:
    scenario = random_scenario(1)
    events, _ = run_engine(scenario)

    def one_more(found: list[TradingEvent]) -> None:
        found.append(msgspec.structs.replace(found[-1], seq=len(found) + 1))

    recorded(scenario, tmp_path, one_more)
    text = rf"^event {len(events) + 1} of the journal has no input in the recording$"
    with pytest.raises(Diverged, match=text):
        Process(scenario, tmp_path, random.Random(0))


def test_what_was_not_committed_is_decided_again_and_is_the_same(tmp_path: Path) -> None:
    scenario = random_scenario(1)
    expected, ledger = run_engine(scenario)

    process = Process(scenario, tmp_path, random.Random(0))
    for item in inputs_of(scenario, 50):
        process.recorder.record(item)
        process._pending += process.engine.handle(item)
    process.recorder.flush()
    process.account.store.close()
    again = Process(scenario, tmp_path, random.Random(0))
    assert list(again.account.store.events()) == expected
    assert ledger_bytes(again.engine) == msgspec.json.encode(ledger, order="deterministic")
    again.stop()


def taken_up(scenario: Scenario, is_now: Callable[[PaperEngine], bool]) -> list[TradingEvent]:
    """Events of a new engine on the ledger and the carry that another left at `is_now`.

    So it is when the settings were changed: the inputs of before are not run again.
    """
    inputs = inputs_of(scenario, 1)
    old = make_engine(scenario)
    for item in inputs:
        old.handle(item)
        if is_now(old):
            break
    ledger = msgspec.json.decode(msgspec.json.encode(old.ledger), type=Ledger)
    carry = old.engine.carry()
    new = make_engine(
        scenario, NoStrategies(), ledger=ledger, carry=carry, first_input_no=old.input_no
    )
    return [event for item in inputs for event in new.handle(item)]


def ways(events: list[TradingEvent]) -> list[tuple[str, str]]:
    return [(e.to_state, e.reason) for e in events if isinstance(e, OrderMoved)]


def test_a_remembered_exit_comes_over_to_other_settings() -> None:
    events = taken_up(
        partial_then_kill_switch(), lambda engine: bool(engine.engine.carry().remembered)
    )
    assert ways(events)[:3] == [
        ("ACTIVE", "stop_loss"), ("EXIT_PENDING", "kill_switch"), ("CLOSED", "kill_switch"),
    ]  # fmt: skip


def test_an_awaited_settlement_comes_over_to_other_settings() -> None:
    scenario = random_scenario(SCENARIO_WITH_A_SETTLEMENT)
    events = taken_up(scenario, lambda engine: bool(engine.engine.carry().settling))
    settled = [
        e for e in events if isinstance(e, OrderMoved) and e.fill and e.fill.rule == "settlement"
    ]
    assert settled
    assert {e.to_state for e in settled} == {"CLOSED"}
