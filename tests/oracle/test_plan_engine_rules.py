"""Rules of plans that the oracle does not read: gates, charges, limits, levels of their own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.events import Charges, OrderCreated, OrderMoved, RoundMoved, TradingEvent
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side
from daemon.execution.margin_desk import MarginTerms
from daemon.settings.config import RiskConfig
from tests.margin.portfolios import RULES
from tests.oracle.plan_compare import (
    WeekRules,
    rows_of,
    run_engine,
)
from tests.oracle.plan_kit import DAY, Script, leg, moves, plan, session, straddle
from tests.oracle.plan_kit import levels as stops
from tests.oracle.plan_scenario import Input, Row, Scenario
from tests.oracle.test_plan_examples import CONDOR, at_entry, condor, points

NEXT_DAY = dt.date(2026, 12, 1)


class ChargedRules(WeekRules):
    """The sessions of a scenario with the charges of the rulebook."""

    def charges(
        self,
        date: dt.date,
        instrument: Instrument,
        /,
        *,
        transaction_type: Side,
        quantity: int,
        price_paise: int,
    ) -> Charges:
        return RULES.charges(
            date,
            instrument,
            transaction_type=transaction_type,
            quantity=quantity,
            price_paise=price_paise,
        )


def scenario_of(script: Script) -> Scenario:
    end = Input(script.ts, len(script.inputs) + 1, "end")
    return Scenario(script.setup, (*script.inputs, end))


def told(script: Script, **parts: Any) -> list[TradingEvent]:
    return run_engine(scenario_of(script), **parts)


def rows(script: Script, **parts: Any) -> list[Row]:
    return rows_of(scenario_of(script), told(script, **parts))


def last_round(events: list[TradingEvent]) -> RoundMoved:
    return [event for event in events if isinstance(event, RoundMoved)][-1]


def condor_at_entry(**more: Any) -> Script:
    script = Script(condor(**more)).at("09:19:59")
    return script.rows(CONDOR | {"24000CE": 200.0, "FUT": 24_030.0}).clock()


def test_p10_an_order_of_a_leg_says_what_its_contract_was_chosen_from() -> None:
    orders = [each for each in told(at_entry(Script(straddle()))) if isinstance(each, OrderCreated)]
    assert [(each.plan, each.round, each.leg, each.attempt) for each in orders] == [
        ("p", "p-20261130-1", "ce", 0),
        ("p", "p-20261130-1", "pe", 0),
    ]
    assert orders[0].basis == {
        "expiry": "2026-12-01", "reference": 24_000.0, "atm": 24_000.0, "moneyness": "atm",
    }  # fmt: skip


def test_p10_shorts_that_waited_for_their_hedges_say_what_they_were_chosen_from() -> None:
    orders = [each for each in told(condor_at_entry()) if isinstance(each, OrderCreated)]
    assert [each.transaction_type for each in orders] == ["BUY", "BUY", "SELL", "SELL"]
    assert all(each.basis and each.basis["expiry"] == "2026-12-01" for each in orders)


@pytest.mark.parametrize(
    "waits",
    [
        {"momentum": {"up": {"points": 10}}},
        {"breakout": {"from": "09:20:00", "to": "09:21:00", "side": "high"}},
    ],
)
def test_p12_p13_a_leg_that_waited_says_what_its_contract_was_chosen_from(
    waits: dict[str, Any],
) -> None:
    script = at_entry(Script(plan(leg("ce", "buy", "CE", **waits))))
    script.at("09:20:30").rows({"24000CE": 205.0}).at("09:21:30").rows({"24000CE": 230.0})
    script.at("09:21:31").clock()
    [order] = [each for each in told(script) if isinstance(each, OrderCreated)]
    assert order.basis is not None
    assert (order.tradingsymbol, order.basis["expiry"]) == ("24000CE", "2026-12-01")


def test_p16_one_refusal_refuses_the_whole_batch() -> None:
    events = told(condor_at_entry(), risk=RiskConfig(max_order_quantity=10))
    skipped = last_round(events)
    assert (skipped.to_state, skipped.reason) == ("SKIPPED", "nothing_filled")
    assert skipped.numbers == {"code": "max_order_quantity", "quantity": 65, "limit": 10}
    assert not [event for event in events if isinstance(event, OrderCreated)]


def test_p16_the_legs_of_a_batch_count_for_each_other() -> None:
    events = told(condor_at_entry(), risk=RiskConfig(max_open_positions=3))
    skipped = last_round(events)
    assert (skipped.to_state, skipped.reason) == ("SKIPPED", "nothing_filled")
    assert skipped.numbers == {"code": "max_open_positions", "open": 3, "limit": 3}
    assert not [event for event in events if isinstance(event, OrderCreated)]


def test_p16_under_keep_the_rest_is_sent() -> None:
    legs = [leg("ce", "sell", "CE", lots=2), leg("pe", "sell", "PE")]
    script = at_entry(Script(plan(*legs, entry={"if_incomplete": "keep"})))
    events = told(script, risk=RiskConfig(max_order_quantity=65))
    assert last_round(events).reason == "kept"
    refused = [e.reason for e in events if isinstance(e, OrderMoved) and e.to_state == "REJECTED"]
    assert refused == ["max_order_quantity"]


@pytest.mark.parametrize(
    ("capital", "hedges_first", "state"),
    [(150_000, True, "OPEN"), (150_000, False, "SKIPPED"), (20_000, True, "SKIPPED")],
)
def test_p16_a_batch_is_asked_for_its_margin_as_a_basket(
    capital: int, hedges_first: bool, state: str
) -> None:
    """Netted with its hedges, or at its worst where the shorts are sent first."""
    terms = MarginTerms(capital * 100, RULES.margin_rates)
    moved = last_round(told(condor_at_entry(entry={"hedges_first": hedges_first}), margin=terms))
    assert moved.to_state == state
    if state == "SKIPPED":
        assert (moved.numbers or {})["code"] == "insufficient_margin"


def test_p20a_a_level_without_room_is_said() -> None:
    mine = leg("ce", "sell", "CE", stop={"percent": 25}, target={"percent": 80})
    [note] = [
        event
        for event in told(at_entry(Script(plan(mine)), ce=0.05))
        if isinstance(event, RoundMoved) and event.reason == "no_room"
    ]
    assert (note.leg, note.numbers) == ("ce", {"level": "target", "attempt": 0})


def test_p20_levels_from_ltp_are_prices_when_the_order_is_sent() -> None:
    mine = leg("ce", "sell", "CE", stop={"percent": 25}, levels_from="ltp")
    assert stops(rows(at_entry(Script(plan(mine)))), "ce") == [250.0]


def test_p23_the_engines_other_exits_are_off_unless_a_leg_asks() -> None:
    mine = plan(
        leg("a", "sell", "CE", stop={"percent": 25}),
        leg("b", "sell", "PE", stop={"percent": 25}, exits={"enable_trailing": True}),
    )
    orders = [each for each in told(at_entry(Script(mine))) if isinstance(each, OrderCreated)]
    assert [each.exits.enable_trailing for each in orders] == [False, True]
    assert not any(each.exits.enable_partial_exit or each.exits.time_stop_bars for each in orders)


def test_p31_example_30_to_cost_with_charges() -> None:
    script = at_entry(Script(straddle(move_to_cost={"with_charges": True})), pe=120.0)
    script.at("10:00").rows({"24000CE": 250.0, "24000PE": 110.0})
    found = rows(script, rules=ChargedRules(script.setup), execution={"charges": True})
    assert stops(found, "pe") == [150.0, 118.95]


def test_p45_a_round_must_wait_for_the_pause_and_for_its_place() -> None:
    again = {"stop": {"rupees": 1000}, "reentry_on_stop": {"as": "asap", "most": 1}}
    script = at_entry(Script(straddle(overall=again))).at("10:00")
    script.rows({"NIFTY": 24_000, "24000CE": 220.0, "24000PE": 180.0}).clock()
    skipped = last_round(told(script, risk=RiskConfig(min_minutes_between_rounds=5)))
    assert (skipped.round, skipped.to_state) == ("p-20261130-2", "SKIPPED")
    assert (skipped.numbers or {})["code"] == "min_minutes_between_rounds"
    second = straddle() | {"id": "q"}
    script = at_entry(Script(straddle(), second))
    skipped = last_round(told(script, risk=RiskConfig(max_rounds_at_once=1)))
    assert (skipped.plan, (skipped.numbers or {})["code"]) == ("q", "max_rounds_at_once")


def test_p47_after_a_roll_a_leg_comes_back_in_its_new_expiry() -> None:
    mine = leg("pe", "sell", "PE", stop=points(10))
    mine["reentry_on_stop"] = {"as": "asap", "most": 1}
    roll = {"dte": 1, "at": "15:00", "to": "next_weekly", "max": 12}
    script = at_entry(
        Script(
            plan(mine, product="NRML", roll=roll, exit={"sessions": 5, "at": "15:15"}),
            sessions=[session(), session(NEXT_DAY)],
        )
    )
    new = "24000PE@08Dec"
    script.at("14:59:59").rows({"NIFTY": 24_000, "24000PE": 100.0, new: 150.0}).clock()
    script.at("10:00", NEXT_DAY).rows({"NIFTY": 24_000, new: 160.0})
    entries = [row for row in rows(script) if row["what"] == "entry"]
    assert [row["symbol"] for row in entries] == ["24000PE", new, new]


@pytest.mark.parametrize(("dte", "meant"), [([1], True), ([0], False)])
def test_p48_a_plan_enters_so_many_sessions_before_its_nearest_expiry(
    dte: list[int], meant: bool
) -> None:
    assert bool(rows(at_entry(Script(straddle(dte=dte))))) is meant


@pytest.mark.parametrize(
    ("days", "meant"),
    [
        ({"days": ["mon"]}, True),
        ({"days": ["tue"]}, False),
        ({"skip_dates": [DAY]}, False),
        ({"only_dates": [NEXT_DAY]}, False),
        ({"enabled": False}, False),
    ],
)
def test_p46_a_plan_enters_on_its_days(days: dict[str, Any], meant: bool) -> None:
    assert bool(rows(at_entry(Script(straddle(**days))))) is meant


def test_p49_a_future_leg_is_hedge_and_counts_no_premium() -> None:
    mine = plan(
        leg("pe", "sell", "PE"),
        leg("f", "buy", "FUT", expiry="monthly"),
        overall={"stop": {"premium_percent": 10}},
    )
    script = Script(mine).at("09:19:59").rows({"NIFTY": 24_000, "24000PE": 100.0, "FUT": 24_100})
    script.clock().at("10:00").rows({"24000PE": 105.0, "FUT": 24_095.0})
    found = rows(script)
    assert [row["leg"] for row in found if row["what"] == "entry"] == ["f", "pe"]
    # 10 % of 100 x 65 = 650.00: 5 points of the put and 5 of the future
    assert moves(found)[-1] == ("DONE", "overall_stop")


def test_a_plan_of_v2_is_refused_in_one_event() -> None:
    skipped = last_round(told(at_entry(Script(straddle())), execution={"engine": "v2"}))
    assert (skipped.to_state, (skipped.numbers or {})["code"]) == ("SKIPPED", "exits_not_managed")


def test_without_plans_nothing_is_said_of_rounds() -> None:
    assert told(Script().at("09:20").rows({"24000CE": 100.0})) == []


@pytest.mark.parametrize(
    ("put", "reason"), [(200.0, "no_premium_basis"), (190.0, "thin_premium_basis")]
)
def test_p41_a_thin_premium_is_said(put: float, reason: str) -> None:
    legs = [leg("ce", "sell", "CE"), leg("pe", "buy", "PE")]
    mine = plan(*legs, overall={"stop": {"premium_percent": 10}})
    events = told(at_entry(Script(mine), pe=put))
    assert last_round(events).reason == reason
