"""Rules of plans about days and ages: ranges from the open, missed exits, prices that are old."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from msgspec import structs

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import ist_date
from tests.oracle.plan_compare import block_of, compare, engine_of, inputs_for
from tests.oracle.plan_kit import DAY, Script, leg, notes, plan, session, straddle
from tests.oracle.plan_scenario import moment
from tests.oracle.test_plan_engine_rules import NEXT_DAY, scenario_of
from tests.oracle.test_plan_examples import at_entry


def deliver(engine: PaperEngine, script: Script, since: int = 0) -> PaperEngine:
    """Let an engine take the inputs of a script from one on."""
    for item in script.inputs[since:]:
        if item.what == "tick":
            engine.handle(block_of(engine, [item]))
        else:
            for each in inputs_for(engine, item):
                engine.handle(each)
    return engine


@pytest.mark.parametrize(("first", "is_whole"), [("09:15:05", True), ("09:15:06", False)])
def test_p13_a_range_from_the_open_is_whole_if_the_run_begins_with_the_session(
    first: str, is_whole: bool
) -> None:
    breakout = {"from": "09:15:00", "to": "09:21:00", "side": "high"}
    script = Script(plan(leg("ce", "buy", "CE", breakout=breakout))).at(first)
    script.rows({"NIFTY": 24_000, "24000CE": 200.0}).at("09:22").rows({"24000CE": 212.0})
    script.at("09:22:01").clock()
    expected = script.run()
    assert not compare(scenario_of(script), expected)
    assert (("range", "ce") in notes(expected)) is is_whole
    assert any(row["what"] == "entry" for row in expected) is is_whole


@pytest.mark.parametrize(
    ("exit_", "left"),
    [
        ({"dte": 1, "at": "15:00"}, "2026-11-30"),
        ({"dte": 3, "at": "15:00"}, "2026-11-30"),  # nearer than that already
        ({"dte": 0, "at": "15:00"}, "2026-12-01"),
        ({"sessions": 1, "at": "15:00"}, "2026-12-01"),
    ],
)
def test_p48_a_round_leaves_at_the_first_session_that_is_near_enough(
    exit_: dict[str, Any], left: str
) -> None:
    mine = plan(leg("ce", "sell", "CE"), exit=exit_, product="NRML")
    script = at_entry(Script(mine, sessions=[session(), session(NEXT_DAY)]))
    for day in (DAY, NEXT_DAY):
        script.at("14:59:59", day).rows({"24000CE": 150.0}).at("15:00:01", day).clock()
    expected = script.run()
    assert not compare(scenario_of(script), expected)
    [exit_row] = [row for row in expected if row["what"] == "exit"]
    assert (str(ist_date(exit_row["ts"])), exit_row["reason"]) == (left, "plan_exit")


def test_p48_an_exit_whose_day_was_missed_is_made_up_for_on_the_next() -> None:
    mine = leg("ce", "sell", "CE", expiry="next_weekly")
    held = plan(mine, exit={"sessions": 1, "at": "15:00"}, product="NRML")
    later, symbol = dt.date(2026, 12, 2), "24000CE@08Dec"
    script = Script(held, sessions=[session(), session(NEXT_DAY), session(later)]).at("09:19:59")
    script.rows({"NIFTY": 24_000, symbol: 200.0}).clock()
    engine = deliver(engine_of(script.setup), script)
    assert len(engine.ledger.rounds) == 1
    carry = structs.replace(engine.engine.carry(), until=moment(NEXT_DAY, "15:10"))
    done = len(script.inputs)
    script.at("14:59:59", later).rows({symbol: 150.0}).at("15:00:01", later).clock()
    new = engine_of(script.setup, ledger=engine.ledger, carry=carry, first_input_no=done)
    deliver(new, script, done)
    assert new.ledger.rounds == {}
    assert new.ledger.positions == {}


@pytest.mark.parametrize(("later", "stale"), [("09:21:01", 0), ("09:21:02", 1)])
def test_p40_a_round_that_is_valued_at_an_old_price_is_counted(later: str, stale: int) -> None:
    """The put's price is of 09:20:01, and `quote_max_age_s` a minute; the round leaves anyway."""
    script = at_entry(Script(straddle(overall={"stop": {"rupees": 3_000}})))
    script.at("09:20:01").rows({"24000PE": 180.0})
    script.at(later).rows({"24000CE": 249.0}).at("09:22").clock()
    engine = deliver(engine_of(script.setup), script)
    left = [each.leaving for each in engine.ledger.rounds.values()]
    assert left == ["overall_stop"]  # the put waits for a price, as the feed was silent
    assert engine.stats().round_valued_stale == stale
