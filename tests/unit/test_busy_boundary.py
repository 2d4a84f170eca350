"""A boundary with many orders keeps nothing waiting but the next input, and changes nothing."""

from __future__ import annotations

import time
from pathlib import Path

import anyio
import anyio.lowlevel
import msgspec
import numpy as np
import pytest
from loguru import logger

from daemon.cli.run_notes import run_notes
from daemon.clockwork.due import STEP_ORDERS, _one_by_one
from daemon.domain.dates import SECOND_NS
from daemon.domain.events import OrderCreated, OrderMoved, StopMoved, TradingEvent
from daemon.domain.inputs import Clock, TimedIntent
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import OrderState
from daemon.domain.ticks import Ticks
from daemon.report.fold import RunFold
from daemon.runtime import app as app_module
from daemon.runtime.app import App
from daemon.runtime.late_decisions import LATE_NS, LateDecisions
from daemon.runtime.prepared_run import open_run
from tests.kit.busy_boundary import (
    BOUNDARY,
    BoundaryFeed,
    before,
    busy_parts,
    row,
    run_busy,
    unyielded,
)
from tests.kit.market import CALL, OPEN, Market
from tests.kit.sample_events import sample_events

COUNT = 200


@pytest.fixture(autouse=True)
def _every_step_is_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    logger.remove()
    monkeypatch.setattr(app_module, "TURN_S", -1.0)


def test_other_tasks_have_turns_in_the_decision_and_every_event_stays_the_same(
    tmp_path: Path,
) -> None:
    turns = 0

    async def count(app: App) -> None:
        nonlocal turns
        assert isinstance(app.feed, BoundaryFeed)
        while True:
            turns += app.feed.began > 0 and not app.feed.decided
            await anyio.lowlevel.checkpoint()

    run = run_busy(COUNT, tmp_path, count)
    assert turns >= COUNT // STEP_ORDERS
    assert len(run.events) > 4 * COUNT
    assert run.events == unyielded(run, COUNT, tmp_path)
    assert isinstance(run.events[-1], OrderMoved)
    assert (run.events[-1].to_state, run.events[-1].reason) == (OrderState.CLOSED, "stop_loss")
    # nothing came between the boundary and the exit, whose tick came while it was decided
    births = [each for each in run.events if isinstance(each, OrderCreated)][1:]
    assert {each.input_no for each in births} == {run.events[-1].input_no - 1}
    began = next(each for each in run.events if isinstance(each, OrderMoved) and each.demand)
    assert began.seq == births[-1].seq + 4  # after it was submitted, filled and active


def test_an_exit_due_at_the_boundary_is_filled_before_the_first_order_is_born(
    tmp_path: Path,
) -> None:
    engine = busy_parts(COUNT, tmp_path, bars=1).engine
    for each in before():
        engine.handle(each)
    first_step, *others = engine.steps(row(BOUNDARY, 0, 10_000))
    names = [
        "born" if isinstance(each, OrderCreated) else each.reason
        for each in first_step
        if isinstance(each, OrderCreated | OrderMoved)
    ]
    assert names[:3] == ["time_stop", "time_stop", "born"]
    births = sum(isinstance(each, OrderCreated) for step in (first_step, *others) for each in step)
    assert births == COUNT
    assert len(others) >= COUNT // STEP_ORDERS


def test_orders_of_one_phase_are_taken_in_their_order_with_pauses() -> None:
    taken: list[int] = []
    pauses = [len(taken) for _ in _one_by_one(taken.append)(0, range(2 * STEP_ORDERS + 1))]
    assert pauses == [STEP_ORDERS, 2 * STEP_ORDERS]
    assert taken == list(range(2 * STEP_ORDERS + 1))


def test_what_is_due_at_the_time_of_an_input_is_due_at_it() -> None:
    engine = Market().engine
    engine.handle(Clock(OPEN))
    due = engine.agenda.next_due
    assert [engine.is_due(Clock(due + more)) for more in (-1, 0)] == [False, True]


@pytest.mark.parametrize("kind", ["clock", "ticks"])
def test_an_input_is_taken_in_steps_that_end_at_the_pauses(kind: str) -> None:
    market = Market()
    market.tick(100)
    due = market.now + SECOND_NS
    intent = OrderIntent(symbol=CALL, signal=Signal.BUY, qty=25, strategy_id="story")
    market.engine.schedule_intents([TimedIntent(ts=due, intent=intent)] * (2 * STEP_ORDERS))
    ticks = Ticks(
        ts=np.array([due], dtype=np.int64),
        instrument=np.zeros(1, dtype=np.int32),
        ltp=np.array([10_000], dtype=np.int64),
    )
    steps = list(market.engine.steps(ticks if kind == "ticks" else Clock(due)))
    assert [len(each) > 0 for each in steps] == [True, True, False]


def test_a_stop_in_the_middle_of_the_decision_leaves_no_order_undecided(tmp_path: Path) -> None:
    async def stop(app: App) -> None:
        while app.ledger.total_orders < COUNT // 2:
            await anyio.lowlevel.checkpoint()
        assert app.ledger.total_orders < COUNT
        app.stop("test")

    run = run_busy(COUNT, tmp_path, stop)
    assert sum(isinstance(each, OrderCreated) for each in run.events) == COUNT + 1
    assert {each.input_no for each in run.events[-4 * COUNT :]} == {run.events[-1].input_no}


def decisions(ts: int, due_ts: int = 0) -> list[TradingEvent]:
    """An order, its submission, an exit and a moved stop of one time."""
    samples = sample_events()
    kinds: list[list[TradingEvent]] = [
        [each for each in samples if isinstance(each, OrderCreated)],
        [each for each in samples if isinstance(each, OrderMoved) and each.demand is None],
        [each for each in samples if isinstance(each, OrderMoved) and each.demand is not None],
        [each for each in samples if isinstance(each, StopMoved)],
    ]
    by_kind: list[TradingEvent] = [kind[0] for kind in kinds]
    return [msgspec.structs.replace(each, ts=ts, due_ts=due_ts) for each in by_kind]


def test_only_entries_and_exits_beyond_the_limit_are_late() -> None:
    late = LateDecisions(0)
    late.saw([], 10**18)
    late.saw(decisions(1_000), 1_000 + LATE_NS)
    assert late.counters() == {"late_decisions": 0, "longest_late_decision_ms": 0}
    late.saw(decisions(1_000), 1_000 + LATE_NS + 1)
    assert (late.count, late.longest_ns) == (2, LATE_NS + 1)
    late.saw(decisions(10**12, due_ts=10**12 - LATE_NS), 10**12 + 10**9)
    assert (late.count, late.longest_ns) == (4, 10**9 + LATE_NS)
    late.saw(decisions(10**12), 10**12 + LATE_NS + 5)
    assert late.counters() == {"late_decisions": 6, "longest_late_decision_ms": 1500}


def test_what_fell_due_before_the_start_is_not_late() -> None:
    late = LateDecisions(since=10**15)
    late.saw(decisions(10**15 + 1, due_ts=10**12), 10**15 + LATE_NS)
    assert late.count == 0
    late.saw(decisions(10**15 + 1, due_ts=10**12), 10**15 + LATE_NS + 7)
    assert (late.count, late.longest_ns) == (2, LATE_NS + 7)


def test_a_live_run_tells_its_late_decisions_in_numbers_and_in_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    counted: list[dict[str, int]] = []

    async def look(app: App) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            told.extend(run_notes(app, RunFold([])))
            counted.append(dict(app.status.statistics().timing))

    monkeypatch.setattr(LateDecisions, "_due", lambda *_: time.time_ns() - 1_200_000_000)
    run_busy(20, tmp_path, look)
    assert counted[0]["late_decisions"] == 22  # an entry, twenty more, an exit
    assert 1_100 <= counted[0]["longest_late_decision_ms"] < 5_000
    (note,) = (each for each in told if "decided more than" in each)
    assert note.startswith("22 entries and exits were decided more than 0.5 s after")


async def test_a_run_of_recorded_data_counts_no_decision_as_late(tmp_path: Path) -> None:
    prepared = open_run(busy_parts(1, tmp_path), tmp_path)
    app = App(prepared, out=tmp_path)
    assert app.late is None
    assert app.status.statistics().timing == {}
    await app.recorder.close()
    prepared.close()


async def test_only_a_recording_without_ticks_is_told_to_look_at_its_span(tmp_path: Path) -> None:
    prepared = open_run(busy_parts(1, tmp_path), tmp_path)
    app = App(prepared, out=tmp_path)
    notes = [note for note in run_notes(app, RunFold([])) if note.startswith("No tick")]
    assert app.parts.config.feed.kind != "replay"
    assert notes == ["No tick came in since the start."]
    await app.recorder.close()
    prepared.close()
