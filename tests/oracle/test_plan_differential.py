"""The engine against the oracle of plans: every line of random plans.

Where both differed the contract's text decided (decision 0047): an order of a timestamp's end is
sent when the input that ends it comes; `within_s` of a roll counts from `roll.at`; choices are
those of decision 0045.
"""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.ledger import Ledger
from daemon.domain.plan_round import ROUND_OVER
from tests.kit.tiers import in_every_run, with_more_in_ci
from tests.oracle.plan_compare import Mapper, compare, run_engine
from tests.oracle.plan_engine import run
from tests.oracle.plan_random import random_scenario, reversed_rows

pytestmark = pytest.mark.random


@pytest.mark.parametrize("seed", in_every_run(100))
def test_random_plans_do_what_the_oracle_says(seed: int) -> None:
    scenario = random_scenario(seed)
    difference = compare(scenario, run(scenario))
    assert not difference, difference


@pytest.mark.parametrize("seed", with_more_in_ci(*range(6), more=range(6, 60)))
def test_blocks_of_any_size_decide_the_same(seed: int) -> None:
    scenario = random_scenario(seed + 20_000)
    one_by_one = run_engine(scenario)
    for size in (7, 500, 100_000):
        assert run_engine(scenario, size) == one_by_one


@pytest.mark.parametrize("seed", with_more_in_ci(*range(6), more=range(6, 60)))
def test_the_order_of_rows_of_one_timestamp_changes_no_event(seed: int) -> None:
    scenario = random_scenario(seed + 10_000)
    lists = []
    for each in (scenario, reversed_rows(scenario)):
        lines = Mapper(each).lines(run_engine(each))
        lists.append(sorted(str(line._replace(input_no=0)) for line in lines))
    assert lists[0] == lists[1]


@pytest.mark.parametrize("seed", with_more_in_ci(*range(2), more=range(2, 12)))
@pytest.mark.parametrize(
    "execution",
    [
        {"fill_mode": "depth"},
        {"fill_mode": "depth", "stop_style": "sl_limit", "target_style": "limit"},
        {"fill_mode": "bid_ask", "latency_ms": 300},
    ],
    ids=["depth", "at the exchange", "late"],
)
def test_rounds_keep_their_table_whatever_fills_them(seed: int, execution: dict[str, Any]) -> None:
    """Orders take time and fill in parts; each attempt still has its place in its round."""
    events = run_engine(random_scenario(seed + 50_000), execution=execution)
    ledger = Ledger()
    for event in events:
        ledger.apply(event)  # which refuses a move that is not in the table
    for round_ in ledger.rounds.values():
        assert round_.state not in ROUND_OVER
        for attempt in round_.attempts:
            if attempt.state in ("OPEN", "LEAVING"):
                assert attempt.order_id in ledger.positions
