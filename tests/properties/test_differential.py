"""Random scenarios through the engine, the oracle and every invariant at once."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.clockwork import due
from daemon.domain.events import Excursion, OrderMoved, TradingEvent, encode_event
from daemon.domain.order import OrderState
from daemon.domain.ticks import Ticks
from tests.kit.drive import comparable, describe, inputs_of, make_engine, run_engine
from tests.kit.invariants import watch
from tests.kit.scenario import Scenario, random_scenario
from tests.kit.tiers import examples, seeds
from tests.oracle import engine as naive

pytestmark = pytest.mark.random

SEEDS = st.integers(0, 10**9)
RANDOM = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


def check_against_oracle(seed: int, make: Callable[[int], Scenario] = random_scenario) -> None:
    """The engine under watch gives what the oracle gives."""
    scenario = make(seed)
    engine = make_engine(scenario)
    watched = watch(engine)
    got: list[TradingEvent] = []
    for item in inputs_of(scenario, 65_536):
        got.extend(engine.handle(item))
    watched.check_end()
    assert got == watched.seen
    expected = naive.run(make(seed))
    for mine, theirs in zip(got, expected, strict=False):
        assert comparable(mine) == comparable(theirs), (
            f"seed {seed}\nengine: {describe(mine)}\noracle: {describe(theirs)}"
        )
    assert len(got) == len(expected), f"seed {seed}"


@pytest.mark.parametrize("seed", seeds(61))
def test_fixed_scenarios_go_as_the_oracle_says(seed: int) -> None:
    check_against_oracle(seed)


@settings(RANDOM, max_examples=examples(150))
@given(SEEDS)
def test_random_scenarios_go_as_the_oracle_says_under_every_invariant(seed: int) -> None:
    check_against_oracle(seed)


@settings(RANDOM, max_examples=examples(60))
@given(SEEDS)
def test_the_size_of_the_blocks_changes_nothing(seed: int) -> None:
    scenario = random_scenario(seed)
    whole, ledger = run_engine(scenario)
    expected = [encode_event(each) for each in whole]
    for rows in (1, 7, 64):
        events, other = run_engine(scenario, rows)
        assert [encode_event(each) for each in events] == expected, f"seed {seed}, blocks of {rows}"
        assert msgspec.json.encode(other) == msgspec.json.encode(ledger), f"seed {seed}"


@settings(RANDOM, max_examples=examples(30))
@given(SEEDS, st.sampled_from([1, 7, 65_536]), st.sampled_from([1, 2, 16]))
def test_pauses_in_a_decision_change_nothing(seed: int, rows: int, orders: int) -> None:
    whole, scenario = make_engine(random_scenario(seed)), random_scenario(seed)
    paused = make_engine(scenario)
    with mock.patch.object(due, "STEP_ORDERS", orders):
        for item, same in zip(
            inputs_of(random_scenario(seed), rows), inputs_of(scenario, rows), strict=True
        ):
            steps = [event for step in paused.steps(same) for event in step]
            assert steps == whole.handle(item), f"seed {seed}, blocks of {rows}"
            assert paused.input_no == whole.input_no
    assert msgspec.json.encode(paused.ledger) == msgspec.json.encode(whole.ledger), f"seed {seed}"
    assert paused.stats() == whole.stats()


@settings(RANDOM, max_examples=examples(60))
@given(SEEDS)
def test_best_and_worst_price_are_those_of_all_ticks_in_between(seed: int) -> None:
    scenario = random_scenario(seed)
    engine = make_engine(scenario)
    spans: dict[str, list[int]] = {}
    for item in inputs_of(scenario, 1):
        before = (sum(engine.intake.refused.values()), engine.intake.outside_session)
        for event in engine.handle(item):
            if not isinstance(event, OrderMoved) or event.fill is None:
                continue
            fill = event.fill
            if event.to_state is OrderState.FILLED:
                spans[event.order_id] = [fill.ltp_paise]
            elif event.to_state is OrderState.CLOSED:
                seen = spans.pop(event.order_id)
                if fill.rule != "settlement":
                    seen.append(fill.ltp_paise)
                high, low = max(seen), min(seen)
                best, worst = (high, low) if fill.transaction_type == "SELL" else (low, high)
                assert event.excursion == Excursion(best_paise=best, worst_paise=worst), f"{seed}"
        after = (sum(engine.intake.refused.values()), engine.intake.outside_session)
        if isinstance(item, Ticks) and before == after:
            book = engine.books[int(item.instrument[0])]
            for position in engine.ledger.open_positions():
                if engine.universe.index_of(position.tradingsymbol) == book.index:
                    spans[position.order_id].append(book.ltp)
