"""The engine against the oracle of plans: every line of random plans.

Where both differed the contract's text decided (decision 0047): an order of a timestamp's end is
sent when the input that ends it comes; `within_s` of a roll counts from `roll.at`; choices are
those of decision 0045.
"""

from __future__ import annotations

import pytest

from tests.kit.tiers import seeds
from tests.oracle.plan_compare import Mapper, compare, run_engine
from tests.oracle.plan_engine import run
from tests.oracle.plan_random import random_scenario, reversed_rows

pytestmark = pytest.mark.random


@pytest.mark.parametrize("seed", seeds(100))
def test_random_plans_do_what_the_oracle_says(seed: int) -> None:
    scenario = random_scenario(seed)
    difference = compare(scenario, run(scenario))
    assert not difference, difference


@pytest.mark.parametrize("seed", seeds(20))
def test_blocks_of_any_size_decide_the_same(seed: int) -> None:
    scenario = random_scenario(seed + 20_000)
    one_by_one = run_engine(scenario)
    for size in (7, 500, 100_000):
        assert run_engine(scenario, size) == one_by_one


@pytest.mark.parametrize("seed", seeds(20))
def test_the_order_of_rows_of_one_timestamp_changes_no_event(seed: int) -> None:
    scenario = random_scenario(seed + 10_000)
    lists = []
    for each in (scenario, reversed_rows(scenario)):
        lines = Mapper(each).lines(run_engine(each))
        lists.append(sorted(str(line._replace(input_no=0)) for line in lines))
    assert lists[0] == lists[1]
