"""Break-even and the late trail, on in every scenario: as the oracle says, over every restart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from daemon.domain.events import StopMoved
from tests.kit.drive import run_engine
from tests.kit.restarts import Process
from tests.kit.scenario import Scenario
from tests.kit.tiers import seeds, with_more_in_ci
from tests.oracle.scenarios import AT_R, Generator
from tests.properties.test_differential import check_against_oracle
from tests.properties.test_restart import hold, with_restarts_when

pytestmark = pytest.mark.random

SEEDS: Final = 150


class Moving(Generator):
    """Scenarios in which every stop may move to cost, mostly with charges."""

    def stop_moves(self) -> dict[str, Any]:
        rng = self.stop_rng
        return {
            "enable_break_even": True,
            "break_even_at_r": rng.choice(AT_R),
            "break_even_with_charges": rng.random() < 0.7,
            "charges": rng.random() < 0.9,
            "trail_after_r": rng.choice((0.0, *AT_R)),
        }


def moving(seed: int) -> Scenario:
    return Moving(seed).scenario()


@pytest.mark.parametrize("seed", seeds(SEEDS))
def test_a_scenario_with_break_even_goes_as_the_oracle_says(seed: int) -> None:
    check_against_oracle(seed, moving)


def test_the_scenarios_move_stops_to_cost_of_both_sides() -> None:
    seen: Counter[str] = Counter()
    for seed in range(40):
        events, _ = run_engine(moving(seed))
        moves = [each for each in events if isinstance(each, StopMoved)]
        to_cost = [each for each in moves if each.reason == "break_even"]
        seen["to cost"] += len(to_cost)
        seen["to cost of a short"] += sum(e.stop_to_paise < e.stop_from_paise for e in to_cost)
        seen["by the ladder"] += len(moves) - len(to_cost)
    assert min(seen[what] for what in ("to cost", "to cost of a short", "by the ladder")) >= 20


def has_moved_stops(process: Process) -> bool:
    held = process.engine.ledger.open_positions()
    return any(each.stop_moved_by == "break_even" for each in held)


def waits_for_cost(process: Process) -> bool:
    held = process.engine.ledger.open_positions()
    return any(each.exits.break_even_at_r and not each.stop_moved_by for each in held)


@pytest.mark.parametrize("when", [has_moved_stops, waits_for_cost])
@pytest.mark.parametrize("seed", with_more_in_ci(1, more=(4, 7)))
def test_a_restart_changes_nothing_of_a_stop_at_cost(seed: int, when: Any, tmp_path: Path) -> None:
    expected, _ = run_engine(moving(seed), 1)
    assert with_restarts_when(moving(seed), tmp_path, when) > 0
    hold(tmp_path, expected)
