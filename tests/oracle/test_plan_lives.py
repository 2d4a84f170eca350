"""A process with plans that dies at any input and comes back decides as one that never stopped."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from daemon.domain.events import RoundMoved, TradingEvent, decode_event
from daemon.domain.inputs import Input
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalStore
from tests.kit.restarts import Process
from tests.kit.tiers import with_more_in_ci
from tests.oracle.plan_compare import block_of, engine_of, inputs_for
from tests.oracle.plan_kit import Script, leg, plan
from tests.oracle.plan_random import random_scenario
from tests.oracle.plan_scenario import Input as Item
from tests.oracle.plan_scenario import Scenario, Setup
from tests.oracle.test_plan_examples import at_entry, points


def undisturbed(scenario: Scenario, rows: int) -> tuple[list[Input], list[TradingEvent]]:
    """Return the inputs as the engine takes them, blocks of up to `rows`, and its events."""
    engine = engine_of(scenario.setup)
    inputs: list[Input] = []
    events: list[TradingEvent] = []
    ticks: list[Item] = []

    def take(item: Input) -> None:
        inputs.append(item)
        events.extend(engine.handle(item))

    for item in scenario.inputs:
        if item.what == "tick":
            ticks.append(item)
        if ticks and (item.what != "tick" or len(ticks) == rows):
            take(block_of(engine, ticks))
            ticks = []
        if item.what != "tick":
            for each in inputs_for(engine, item):
                take(each)
    return inputs, events


def with_deaths(
    setup: Setup, inputs: list[Input], out: Path, every: int, rng: random.Random
) -> list[TradingEvent]:
    """Return what the journal holds when the process died after each `every` inputs."""
    new_engine = partial(engine_of, setup)
    process = Process(new_engine, out, rng)
    since = 0
    while process.taken < len(inputs):
        process.take(inputs[process.taken])
        since += 1
        if since == every:
            process.crash()
            process, since = Process(new_engine, out, rng), 0
    process.commit()
    check_fold(process.account.store, process.engine.ledger)
    process.stop()
    with JournalStore.open(out / "accounts" / "test") as store:
        store.verify()
        return [decode_event(line) for line in store.event_lines()]


def day_of_everything() -> Scenario:
    """To cost, a re-entry at cost, a momentum leg, a lazy leg, a lock of the round, and its end."""
    legs = [
        leg("ce", "sell", "CE", stop={"percent": 25}, reentry_on_stop={"as": "cost", "most": 1}),
        leg("pe", "sell", "PE", stop={"percent": 25}, reentry_on_stop={"as": "lazy", "leg": "z"}),
        leg("late", "buy", "CE", strike="OTM2", momentum={"up": points(5)}, stop=points(8)),
    ]
    lazy = [leg("z", "sell", "PE", momentum={"down": points(4)}, stop={"percent": 30})]
    overall = {
        "stop": {"rupees": 9000}, "lock": {"at": 1500, "keep": 700, "every": 500, "by": 400},
        "reentry_on_stop": {"as": "asap", "most": 1},
    }  # fmt: skip
    script = Script(plan(*legs, lazy_legs=lazy, overall=overall, move_to_cost={"of": "opposite"}))
    script.at("09:19:58").rows({"24100CE": 150.0})
    script = at_entry(script)
    script.rows({"24000CE": 200.0, "24000PE": 180.0, "24100CE": 155.0, "NIFTY": 24_010})
    script.rows({"24000CE": 250.0, "NIFTY": 24_060, "24100CE": 190.0, "24000PE": 150.0})
    script.rows({"24000PE": 180.0, "NIFTY": 24_020, "24000CE": 215.0})
    script.rows({"24000PE": 176.0, "24000CE": 199.0, "24100CE": 146.0})
    script.rows({"24000CE": 150.0, "24000PE": 165.0, "NIFTY": 24_000})
    script.rows({"24000CE": 120.0, "24000PE": 140.0}).rows({"24000CE": 160.0, "24000PE": 175.0})
    script.rows({"24000CE": 155.0, "24000PE": 170.0, "NIFTY": 24_000}).put("gap")
    script.rows({"24000CE": 154.0, "24000PE": 170.0}).at("15:15").clock().at("15:30").clock()
    return Scenario(script.setup, (*script.inputs, Item(script.ts, 0, "end")))


def test_the_day_of_everything_is_worth_its_name() -> None:
    _, events = undisturbed(day_of_everything(), 1)
    reasons = {event.reason for event in events if isinstance(event, RoundMoved)}
    assert {"armed", "reference", "floor", "overall_lock", "reentry", "plan_exit"} <= reasons


@pytest.mark.parametrize("every", with_more_in_ci(1, 6, more=(2, 3, 4, 5, *range(7, 30))))
def test_a_plans_day_is_the_same_when_the_process_dies_after_each_so_many_inputs(
    every: int, tmp_path: Path
) -> None:
    scenario = day_of_everything()
    inputs, expected = undisturbed(scenario, 1)
    assert with_deaths(scenario.setup, inputs, tmp_path, every, random.Random(every)) == expected


@pytest.mark.random
@pytest.mark.parametrize("seed", with_more_in_ci(0, 1, more=range(2, 15)))
def test_random_plans_are_the_same_over_deaths(seed: int, tmp_path: Path) -> None:
    scenario = random_scenario(seed + 70_000)
    rng = random.Random(seed)
    inputs, expected = undisturbed(scenario, 30)
    every = rng.choice((7, 17, 40))
    assert with_deaths(scenario.setup, inputs, tmp_path, every, rng) == expected
