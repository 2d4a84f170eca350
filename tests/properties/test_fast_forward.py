"""Fast-forward over columns leaves exactly what the row path leaves."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import TradingEvent
from tests.kit.drive import run_engine
from tests.kit.row_paths import NEVER, taking_rows
from tests.kit.scenario import Scenario, random_scenario
from tests.kit.tiers import examples, seeds

pytestmark = pytest.mark.random


def run_with(
    scenario: Scenario, fast_rows: int, block: int, *, passes_over: bool = False
) -> tuple[list[TradingEvent], bytes]:
    with taking_rows(fast_rows, passes_over=passes_over):
        events, ledger = run_engine(scenario, block)
    return events, msgspec.json.encode(ledger)


@settings(max_examples=examples(120), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fast_rows=st.sampled_from((1, 2, 5, 40, NEVER)),
    block=st.sampled_from((7, 50, 300, 65_536)),
    passes_over=st.booleans(),
)
def test_columns_give_the_events_and_the_ledger_of_the_row_path(
    seed: int, fast_rows: int, block: int, passes_over: bool
) -> None:
    scenario = random_scenario(seed)
    found = run_with(scenario, fast_rows, block, passes_over=passes_over)
    assert found == run_with(scenario, NEVER, block)


@pytest.mark.parametrize("seed", seeds(25))
def test_columns_equal_the_row_path_on_the_checked_in_seeds(seed: int) -> None:
    scenario = random_scenario(seed)
    expected = run_with(scenario, NEVER, 65_536)
    assert run_with(scenario, 1, 65_536) == expected
    assert run_with(scenario, 1, 65_536, passes_over=True) == expected
    assert run_with(scenario, NEVER, 65_536, passes_over=True) == expected
