"""The worked examples and the rules of plans, computed by the engine itself.

Each test of the oracle's examples and rules that runs a script runs here with the engine in the
oracle's place, and the oracle's own list must be the same.
"""

from __future__ import annotations

import pytest

from tests.oracle import (
    test_plan_examples,
    test_plan_rules,
    test_plan_rules_of_entries,
    test_plan_rules_of_exits,
    test_plan_rules_of_rounds,
)
from tests.oracle.plan_compare import (
    Mapper,
    first_difference,
    oracle_lines,
    rows_of,
    run_engine,
)
from tests.oracle.plan_kit import Script
from tests.oracle.plan_scenario import Input, Row, Scenario

ORACLE_RUN = Script.run


def engine_run(script: Script) -> list[Row]:
    """Run a script through the engine."""
    end = Input(script.ts, len(script.inputs) + 1, "end")
    scenario = Scenario(script.setup, (*script.inputs, end))
    events = run_engine(scenario)
    theirs = oracle_lines(ORACLE_RUN(script))
    assert not (different := first_difference(Mapper(scenario).lines(events), theirs)), different
    return rows_of(scenario, events)


@pytest.fixture(autouse=True)
def the_engine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scripts run through the engine."""
    monkeypatch.setattr(Script, "run", engine_run)


for module in (
    test_plan_examples,
    test_plan_rules,
    test_plan_rules_of_entries,
    test_plan_rules_of_exits,
    test_plan_rules_of_rounds,
):
    globals().update(
        {name: each for name, each in vars(module).items() if name.startswith("test_")}
    )
