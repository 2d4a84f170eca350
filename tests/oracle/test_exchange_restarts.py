"""An exchange that is made again from its inputs goes on as if nothing had happened.

Within a day an account is taken up by running its inputs again, so a restart is exact if the same
inputs give the same exchange.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.exchange.driver import Driver, rows_of, run, setup_of
from tests.kit.tiers import seeds
from tests.oracle.exchange_random import random_scenario
from tests.oracle.exchange_scenario import Scenario

pytestmark = pytest.mark.random


def with_restarts(scenario: Scenario, every: int) -> list[dict[str, Any]]:
    """The events of an exchange that is made again before every so many inputs."""
    rows, events = rows_of(scenario), []
    driver = Driver(setup_of(scenario))
    for at, row in enumerate(rows):
        if at % every == 0:
            driver = Driver(setup_of(scenario))
            driver.play(rows[:at])
        known = len(driver.events)
        driver.take(row)
        events += driver.events[known:]
    return events


@pytest.mark.parametrize("seed", seeds(15))
def test_a_restart_at_every_kth_input_changes_nothing(seed: int) -> None:
    scenario = random_scenario(seed)
    assert with_restarts(scenario, every=5 + seed % 11) == run(scenario)


def test_a_restart_between_any_two_inputs_changes_nothing() -> None:
    scenario = random_scenario(2)
    assert any(event["event"] == "filled" for event in run(scenario))
    assert with_restarts(scenario, every=1) == run(scenario)
