"""P8: what a plan must see quoted, so that a live feed subscribes to it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.clockwork.paper_engine import PaperEngine
from tests.oracle.plan_compare import engine_of
from tests.oracle.plan_kit import Script, leg, plan, straddle
from tests.oracle.test_plan_engine_days import deliver
from tests.oracle.test_plan_examples import at_entry


def strikes(engine: PaperEngine, expiry: str = "2026-12-01") -> tuple[int, int, int]:
    """(lowest, highest, how many contracts) of an expiry that the plans of an engine want."""
    wanted = [engine.universe[index] for index in engine.plans_want()]
    options = [each for each in wanted if each.expiry == expiry and each.is_option]
    found = [each.strike_paise // 100 for each in options]
    return min(found, default=0), max(found, default=0), len(found)


def morning(mine: dict[str, Any], **ticks: float) -> PaperEngine:
    script = Script(mine).at("09:16").rows({"NIFTY": 24_010.0} | ticks).clock()
    return deliver(engine_of(script.setup), script)


@pytest.mark.parametrize(
    ("strike", "lowest", "highest"),
    [
        ("ATM", 23_850, 24_150),
        ("OTM2", 23_750, 24_250),
        ({"atm_percent": 1}, 23_600, 24_400),
        (24_200, 23_700, 24_300),
        ({"premium_closest": 20}, 23_500, 24_500),  # all that there is
        ({"delta_closest": 0.3}, 23_500, 24_500),
        ({"straddle_width": 1}, 23_500, 24_500),
    ],
)
def test_p8_a_window_reaches_as_far_as_the_leg_may_choose(
    strike: Any, lowest: int, highest: int
) -> None:
    found = strikes(morning(plan(leg("ce", "sell", "CE", strike=strike))))
    assert found == (lowest, highest, 2 * ((highest - lowest) // 50 + 1))


def test_p8_a_leg_that_starts_from_another_reaches_beyond_it() -> None:
    wing = leg("w", "buy", "CE", strike={"leg": "ce", "steps": 4})
    mine = plan(leg("ce", "sell", "CE", strike="OTM2"), wing)
    assert strikes(morning(mine))[:2] == (23_550, 24_450)


def test_p8_the_window_follows_the_price_and_is_there_for_rolls_too() -> None:
    mine = plan(leg("ce", "sell", "CE"), product="NRML", exit={"dte": 0, "at": "15:00"})
    engine = morning(mine | {"roll": {"dte": 1, "at": "14:00", "to": "next_weekly"}})
    assert strikes(engine) == strikes(engine, "2026-12-08") == (23_850, 24_150, 14)
    script = Script(mine).at("09:17").rows({"NIFTY": 24_210.0})
    assert strikes(deliver(engine, script))[:2] == (24_050, 24_350)


def test_p8_a_future_and_the_price_that_is_looked_at_are_wanted() -> None:
    future = leg("f", "buy", "FUT", expiry="monthly")
    del future["strike"]
    engine = morning(plan(future, reference="future"), FUT=24_030.0)
    wanted = {engine.universe[index].tradingsymbol for index in engine.plans_want()}
    assert wanted == {"NIFTY", "FUT"}


def test_p8_nothing_is_wanted_on_a_day_without_a_round() -> None:
    assert not morning(straddle(days=["tue"])).plans_want()


def test_p8_what_a_round_waits_for_is_named_by_it() -> None:
    mine = leg("ce", "buy", "CE", momentum={"up": {"points": 10}})
    script = at_entry(Script(plan(mine)))
    engine = deliver(engine_of(script.setup), script)
    [round_] = engine.ledger.rounds.values()
    assert round_.symbols == {"24000CE"}
    assert not round_.attempts


def test_p8_a_contract_whose_range_forms_is_wanted_wherever_the_price_goes() -> None:
    breakout = {"from": "09:16:00", "to": "09:30:00", "side": "high"}
    script = Script(plan(leg("ce", "buy", "CE", breakout=breakout))).at("09:15:58")
    script.rows({"NIFTY": 24_000.0, "24000CE": 200.0}).at("09:16:01").rows({"24000CE": 201.0})
    script.at("09:17").rows({"NIFTY": 24_400.0}).clock()
    engine = deliver(engine_of(script.setup), script)
    assert engine.universe.index_of("24000CE") in engine.plans_want()
    assert engine.universe.index_of("23950CE") not in engine.plans_want()
