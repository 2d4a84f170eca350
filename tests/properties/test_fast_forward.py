"""Fast-forward over columns leaves exactly what the row path leaves."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clockwork import rows as row_path
from daemon.domain.events import TradingEvent
from tests.kit.drive import run_engine
from tests.kit.scenario import Scenario, random_scenario
from tests.kit.tiers import examples, seeds

pytestmark = pytest.mark.random

NEVER_FAST = 10**9


def run_with(scenario: Scenario, fast_rows: int, block: int) -> tuple[list[TradingEvent], bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_path, "FAST_ROWS", fast_rows)
        patch.setattr(row_path, "FAST_ROWS_EACH", 0)
        events, ledger = run_engine(scenario, block)
    return events, msgspec.json.encode(ledger)


@settings(max_examples=examples(120), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fast_rows=st.sampled_from((1, 2, 5, 40)),
    block=st.sampled_from((7, 50, 300, 65_536)),
)
def test_columns_give_the_events_and_the_ledger_of_the_row_path(
    seed: int, fast_rows: int, block: int
) -> None:
    scenario = random_scenario(seed)
    assert run_with(scenario, fast_rows, block) == run_with(scenario, NEVER_FAST, block)


@pytest.mark.parametrize("seed", seeds(25))
def test_columns_equal_the_row_path_on_the_checked_in_seeds(seed: int) -> None:
    scenario = random_scenario(seed)
    assert run_with(scenario, 1, 65_536) == run_with(scenario, NEVER_FAST, 65_536)
