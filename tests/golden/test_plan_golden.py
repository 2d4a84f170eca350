"""The plans that ship trade the same days as before, event by event.

A change here is a change of simulated results: say so in CHANGELOG.md and run
`python -m tests.golden.update`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit import plan_golden
from tests.kit.plan_golden import pinned
from tests.plans.real_chain import needs_chain


@pytest.mark.ci
def test_shipped_plans_trade_made_up_days_as_before(tmp_path: Path) -> None:
    found = plan_golden.on_made_up_days(tmp_path)
    assert found.rounds == pinned()["made-up days"].rounds
    assert found.sha256 == pinned()["made-up days"].sha256


@pytest.mark.ci
@pytest.mark.parametrize("name", plan_golden.OVER_EXPIRIES)
def test_a_plan_over_two_expiries_trades_as_before(name: str, tmp_path: Path) -> None:
    found = plan_golden.over_two_expiries(name, tmp_path)
    assert found.rounds == pinned()[name].rounds
    assert found.sha256 == pinned()[name].sha256


@needs_chain
def test_shipped_plans_trade_a_real_chain_as_before() -> None:
    found = plan_golden.on_the_real_chain()
    assert found.rounds == pinned()["real chain"].rounds
    assert found.sha256 == pinned()["real chain"].sha256


def test_every_shipped_plan_is_among_what_is_pinned() -> None:
    names = {plan["id"] for plan in plan_golden.shipped()}
    for kept in pinned().values():
        assert {line.split()[0].rsplit("-", 2)[0] for line in kept.rounds} <= names
    assert {line.split()[0].rsplit("-", 2)[0] for line in pinned()["made-up days"].rounds} == names


def test_the_rounds_that_are_pinned_come_to_different_ends() -> None:
    """What is pinned is worth pinning."""
    ends = {line.split()[2] for line in pinned()["made-up days"].rounds}
    assert {"overall_stop", "overall_trail", "plan_exit", "flat"} <= ends
