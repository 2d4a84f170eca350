"""`export --table rounds`: one row for each round, also for those that traded nothing."""

from __future__ import annotations

from typing import Any

from daemon.domain.ledger import Ledger
from daemon.export.tables import COLUMNS, table
from daemon.journal.history import History
from tests.oracle.plan_compare import run_engine
from tests.oracle.plan_kit import Script, leg, plan, straddle


def exported(script: Script) -> list[dict[str, Any]]:
    history = History(Ledger(), iter(run_engine(script.scenario)), True)
    names = [column.name for column in COLUMNS["rounds"]]
    return [dict(zip(names, row, strict=True)) for row in table("rounds", history).rows]


def morning(*plans: dict[str, Any]) -> Script:
    prices = {"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0}
    return Script(*plans).at("09:19:58").rows(prices).at("09:20:00").rows({"NIFTY": 24_000})


def test_rounds_have_their_sums_and_their_end() -> None:
    script = morning(straddle(move_to_cost={}), plan(leg("x", "sell", "CE", strike=1), id="q"))
    script.ticks(**{"24000CE": 250.4}).ticks(**{"24000PE": 180.35})
    skipped, done = exported(script.at("09:30").clock())
    assert (skipped["round"], skipped["state"], skipped["reason"]) == (
        "q-20261130-1", "SKIPPED", "no_strike",
    )  # fmt: skip
    assert (skipped["attempts"], skipped["gross"], skipped["charges"]) == (0, 0, 0)
    assert (done["round"], done["plan"], done["state"]) == ("p-20261130-1", "p", "DONE")
    assert (done["attempts"], done["filled"], done["stops"]) == (2, 2, 2)
    assert (done["gross"], done["charges"], done["net"]) == (-329_875, 0, -329_875)
    assert done["over_time"] > done["began_time"]


def test_a_round_that_is_not_over_comes_last_without_an_end() -> None:
    [only] = exported(morning(straddle()).at("09:30").clock())
    assert (only["state"], only["reason"], only["over_time"]) == ("OPEN", None, None)
    assert (only["filled"], only["gross"]) == (2, 0)
