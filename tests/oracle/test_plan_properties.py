"""Properties of the oracle of plans over random plans."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from tests.kit.tiers import at_most
from tests.oracle.plan_engine import run
from tests.oracle.plan_random import random_scenario, reversed_rows
from tests.oracle.plan_scenario import Row, canonical

pytestmark = pytest.mark.random

MOVES = {
    "ARMED": {"WAITING", "SKIPPED"},
    "WAITING": {"ENTERING", "OPEN", "SKIPPED"},
    "ENTERING": {"OPEN", "EXITING", "SKIPPED"},
    "OPEN": {"EXITING", "DONE"},
    "EXITING": {"DONE"},
}


@cache
def told(seed: int) -> list[Row]:
    """What the plans of a seed do."""
    return run(random_scenario(seed))


@pytest.mark.parametrize("seed", range(at_most(120)))
def test_the_order_of_rows_of_one_timestamp_changes_nothing(seed: int) -> None:
    assert canonical(told(seed)) == canonical(run(reversed_rows(random_scenario(seed))))


def check_round(rows: list[Row]) -> None:
    """Its states follow the table; each attempt enters once and leaves once at most."""
    state = "ARMED"
    attempts: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row in rows:
        if row["what"] == "round":
            assert row["from"] == state
            assert row["to"] == state or row["to"] in MOVES[state]
            state = row["to"]
        else:
            assert state not in ("DONE", "SKIPPED")
            attempts[(row["leg"], row["attempt"])].append(row["to"] or row["what"])
    for story in attempts.values():
        assert story[0] in ("FILLED", "REJECTED", "CANCELLED")
        assert set(story[1:-1]) <= {"stop_moved"}
        assert story[-1] == "CLOSED" or state != "DONE" or story[0] != "FILLED"


@pytest.mark.parametrize("seed", range(at_most(120)))
def test_every_round_goes_as_the_table_of_its_states_says(seed: int) -> None:
    rounds: dict[str, list[Row]] = defaultdict(list)
    for row in told(seed):
        rounds[row["round"]].append(row)
    assert rounds
    for rows in rounds.values():
        check_round(rows)


@pytest.mark.ci
def test_random_plans_reach_what_plans_can_do() -> None:
    """The generator is worth what it reaches."""
    seen: Counter[Any] = Counter()
    for seed in range(120):
        for row in told(seed):
            seen[row["reason"]] += 1
            seen[row["numbers"].get("code", "")] += 1
    wanted = {
        "stop_loss", "take_profit", "trailing_stop", "to_cost", "leg_stop_underlying",
        "leg_target_underlying", "complete", "plan_exit", "square_off", "overall_stop",
        "overall_target", "overall_trail", "overall_lock", "asap", "cost", "momentum", "breakout",
        "lazy", "reference", "range", "armed", "floor", "trail_step", "reentry", "not_reentered",
        "dropped", "one_of", "no_reentry_after", "leg_incomplete", "flat", "kill_switch",
        "outside_window", "not_triggered", "same_contract", "range_incomplete", "roll",
    }  # fmt: skip
    assert wanted <= set(seen), sorted(wanted - set(seen))
