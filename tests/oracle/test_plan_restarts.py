"""A round is the fold of the journal: at every event, and at a start in the middle of a day."""

from __future__ import annotations

import msgspec
import pytest

from daemon.domain.events import TradingEvent, decode_event, encode_event
from daemon.domain.ledger import Ledger
from tests.kit.tiers import seeds
from tests.oracle.plan_compare import block_of, engine_of, inputs_for
from tests.oracle.plan_random import random_scenario
from tests.oracle.plan_scenario import Scenario

pytestmark = pytest.mark.random
EVERY = 97


def folded(lines: list[bytes]) -> Ledger:
    ledger = Ledger()
    for line in lines:
        ledger.apply(decode_event(line))
    return ledger


@pytest.mark.parametrize("seed", seeds(8))
def test_the_fold_of_the_journal_is_what_the_engine_knows_of_its_rounds(seed: int) -> None:
    scenario = random_scenario(seed + 30_000)
    engine = engine_of(scenario.setup)
    lines: list[bytes] = []
    again = Ledger()
    for number, item in enumerate(scenario.inputs):
        given = [block_of(engine, [item])] if item.what == "tick" else inputs_for(engine, item)
        for each in given:
            for event in engine.handle(each):
                lines.append(encode_event(event))
                again.apply(decode_event(lines[-1]))
        if number % EVERY == 0:
            assert again == engine.ledger
    assert folded(lines) == engine.ledger
    body = msgspec.json.encode(engine.ledger)
    assert msgspec.json.decode(body, type=Ledger) == engine.ledger


def run_with_restart(scenario: Scenario, at: int) -> tuple[list[TradingEvent], Ledger]:
    """Start a second engine after so many inputs, from the journal's fold alone."""
    engine = engine_of(scenario.setup)
    events: list[TradingEvent] = []
    for number, item in enumerate(scenario.inputs):
        if number == at:
            ledger = folded([encode_event(event) for event in events])
            engine = engine_of(
                scenario.setup,
                ledger=ledger,
                carry=engine.engine.carry(),
                first_input_no=engine.input_no,
            )
        given = [block_of(engine, [item])] if item.what == "tick" else inputs_for(engine, item)
        for each in given:
            events += engine.handle(each)
    return events, engine.ledger


@pytest.mark.parametrize("seed", seeds(6))
def test_a_start_from_the_journal_carries_every_round_on(seed: int) -> None:
    """Quotes are new after a start, so decisions may come later; no round is lost or doubled."""
    scenario = random_scenario(seed + 40_000)
    number = len(scenario.inputs) * (seed % 5 + 1) // 7
    events, ledger = run_with_restart(scenario, number)
    assert folded([encode_event(event) for event in events]) == ledger
    orders = [event.order_id for event in events if hasattr(event, "strategy_id")]
    assert len(orders) == len(set(orders))
