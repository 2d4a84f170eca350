"""Rules of plans that no worked example shows, asked of their oracle."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.oracle.plan_kit import (
    DAY,
    MONTHLY,
    NEXT_WEEKLY,
    WEEKLY,
    Script,
    chain,
    leg,
    moves,
    name,
    notes,
    plan,
    pnl,
    straddle,
    trades,
)
from tests.oracle.plan_market import Market
from tests.oracle.plan_scenario import Setup
from tests.oracle.test_plan_examples import at_entry, chosen, points

AROUND = {name(strike, "CE"): 200.0 for strike in range(23_750, 24_300, 50)} | {"NIFTY": 24_000.0}


def test_p1_without_a_believed_reference_the_batch_waits_then_is_skipped() -> None:
    script = Script(straddle()).at("09:19:50").rows({"NIFTY": 24_000}).at("09:20").clock()
    rows = script.at("09:20:30").clock().run()
    assert moves(rows) == [("WAITING", "entry"), ("SKIPPED", "no_reference")]
    script.inputs.pop()
    rows = script.at("09:20:10").rows({"NIFTY": 24_000, "24000CE": 200, "24000PE": 180}).run()
    assert [row[1] for row in trades(rows)] == ["ce", "pe"]


@pytest.mark.parametrize(
    ("wanted", "prices", "found"),
    [
        ({"premium_closest": 100}, {"24100CE": 103.0, "24150CE": 97.0}, "24150CE"),
        ({"premium_at_least": 100}, {"24100CE": 103.0, "24150CE": 97.0}, "24100CE"),
        ({"premium_at_most": 100}, {"24100CE": 103.0, "24150CE": 97.0}, "24150CE"),
        ({"premium_between": [90, 110]}, {"24100CE": 104.0, "24150CE": 97.0}, "24150CE"),
        ({"premium_closest": 200}, {}, "24000CE"),
        ({"premium_closest": 200, "only": "otm"}, {}, "24050CE"),
        ({"atm": 2}, {}, "24100CE"),
        ("ITM1", {}, "23950CE"),
        ({"atm_percent": 1}, {}, "24250CE"),
    ],
)
def test_p3_p4_p5_the_strike_of_a_call(wanted: Any, prices: dict[str, float], found: str) -> None:
    assert chosen(wanted, "CE", AROUND | prices) == found


def test_p7_the_delta_of_an_at_the_money_call_is_near_a_half() -> None:
    prices: dict[str, float] = {"NIFTY": 24_000}
    calls = (165.0, 130.0, 100.0, 75.0, 55.0, 39.0, 27.0)
    for strike, call in zip(range(23_900, 24_250, 50), calls, strict=True):
        prices |= {name(strike, "CE"): call, name(strike, "PE"): call - (24_000 - strike)}
    assert chosen({"delta_closest": 0.5}, "CE", prices) == "24000CE"
    assert chosen({"delta_closest": 0.5}, "PE", prices) == "24000PE"
    assert chosen({"delta_closest": 0.2}, "CE", prices) == "24200CE"


@pytest.mark.parametrize("strike", ["OTM11", {"atm_percent": 3}, {"leg": "a", "steps": 11}])
def test_p8_outside_the_listed_strikes(strike: Any) -> None:
    rows = at_entry(Script(plan(leg("a", "sell", "CE"), leg("b", "sell", "PE", strike=strike))))
    assert moves(rows.run())[-1] == ("SKIPPED", "outside_window")


def test_p9_words_of_expiries() -> None:
    market = Market(Setup(plans=(), contracts=chain(), sessions=()))
    words = ("weekly", "next_weekly", "monthly", "next_monthly")
    found = [market.expiry("NIFTY", word, "CE", DAY) for word in words]
    assert found == [WEEKLY, NEXT_WEEKLY, MONTHLY, None]
    last_week = dt.date(2026, 12, 25)
    assert market.expiry("NIFTY", "weekly", "CE", last_week) is None
    assert market.expiry("NIFTY", "monthly", "FUT", DAY) == MONTHLY


def test_p11_keep_goes_on_with_what_is_filled() -> None:
    script = Script(straddle(entry={"if_incomplete": "keep"}))
    script.at("09:19:59").rows({"NIFTY": 24_000, "24000CE": 200}).clock()
    rows = script.at("09:20:30").clock().run()
    assert moves(rows)[-1] == ("OPEN", "kept")
    assert [row["to"] for row in rows if row["leg"] == "pe"] == ["REJECTED"]


def test_p11_one_of_drops_the_other_when_the_first_is_filled() -> None:
    up = {"up": points(10)}
    legs = [leg("ce", "buy", "CE", momentum=up), leg("pe", "buy", "PE", momentum=up)]
    script = at_entry(Script(plan(*legs, one_of=["ce", "pe"]))).at("10:00")
    rows = script.rows({"24000PE": 190.0, "24000CE": 210.0}).run()
    assert trades(rows) == [("entry", "ce", 0, "momentum", 210.0)]
    assert notes(rows)[-1] == ("dropped", "pe")


def test_p13_first_entries_end_at_until() -> None:
    mine = leg("ce", "buy", "CE", momentum={"up": points(10)})
    script = at_entry(Script(plan(mine, entry={"until": "10:00"})))
    rows = script.at("10:00").rows({"24000CE": 210.0}).run()
    assert moves(rows) == [("WAITING", "entry"), ("SKIPPED", "not_triggered")]


def test_p15_a_late_start_is_skipped() -> None:
    rows = Script(straddle()).at("09:20:31").rows({"NIFTY": 24_000}).run()
    assert moves(rows) == [("SKIPPED", "late_start")]
    rows = Script(straddle()).at("09:20:30").clock().run()
    assert moves(rows)[0] == ("WAITING", "entry")


@pytest.mark.parametrize("key", ["stop", "target"])
def test_p21_levels_of_the_underlying_are_compared_at_the_end_of_a_timestamp(key: str) -> None:
    mine = leg("pe", "sell", "PE", **{key: {"underlying_points": 50}})
    sign = -1 if key == "stop" else 1
    script = at_entry(Script(plan(mine))).at("10:00")
    script.rows({"NIFTY": 24_000 + sign * 49.95, "24000PE": 170.0})
    assert len(trades(script.run())) == 1
    rows = script.rows({"NIFTY": 24_000 + sign * 50, "24000PE": 171.0}).run()
    assert trades(rows)[1:] == [("exit", "pe", 0, f"leg_{key}_underlying", 171.0)]


def test_p32_no_reentry_after_drops_what_waits() -> None:
    again = {"reentry_on_stop": {"as": "cost", "most": 1}}
    script = at_entry(Script(straddle(leg=again, no_reentry_after="10:30")))
    script.at("10:00").rows({"24000CE": 250.0}).at("10:30").rows({"24000CE": 190.0})
    rows = script.run()
    assert notes(rows) == [("armed", "ce"), ("dropped", "ce")]
    assert len(trades(rows)) == 3


def test_p5a_an_asap_that_is_not_choosable_is_tried_then_not_reentered() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 1}}
    script = at_entry(Script(straddle(leg=again))).at("10:00").rows({"24000CE": 250.0})
    assert notes(script.at("10:00:30").clock().run()) == [
        ("reentry", "ce"),
        ("not_reentered", "ce"),
    ]
    script.inputs.pop()
    rows = script.at("10:00:03").rows({"NIFTY": 24_000, "24000CE": 240.0}).run()
    assert trades(rows)[-1] == ("entry", "ce", 1, "asap", 240.0)


def test_p40_an_old_price_counts_whatever_its_age() -> None:
    script = at_entry(Script(straddle({"percent": 90}, overall={"target": {"rupees": 3000}})))
    script.at("10:00").rows({"24000PE": 150.0}).at("10:05").rows({"24000CE": 183.80})
    rows = script.run()
    assert moves(rows)[-1] == ("EXITING", "overall_target")
    assert [row[1] for row in trades(rows)[2:]] == ["ce"]
    rows = script.rows({"24000PE": 151.0}).run()
    assert pnl(rows) == 65 * (16.20 + 29.0)


def test_p45_an_overall_reentry_starts_a_new_round_when_flat() -> None:
    again = {"stop": {"rupees": 1000}, "reentry_on_stop": {"as": "asap_reverse", "most": 1}}
    script = at_entry(Script(straddle(overall=again))).at("10:00")
    script.rows({"NIFTY": 24_000, "24000CE": 216.0, "24000PE": 180.0})
    rows = script.rows({"NIFTY": 24_000, "24000CE": 200.0, "24000PE": 180.0}).run()
    assert [row["side"] for row in rows if row["what"] == "entry"] == ["SELL"] * 2 + ["BUY"] * 2
    assert {row["round"] for row in rows} == {"p-20261130-1", "p-20261130-2"}
    assert moves(rows)[-2:] == [("EXITING", "overall_stop"), ("DONE", "overall_stop")]


def test_a_kill_switch_ends_rounds_and_lets_nothing_in() -> None:
    script = at_entry(Script(straddle())).rows({"24000CE": 201.0, "24000PE": 181.0}).put("kill")
    rows = script.run()
    assert moves(rows)[-1] == ("DONE", "kill_switch")
    assert {row[3] for row in trades(rows)[2:]} == {"kill_switch"}


def test_a_manual_exit_is_no_stop() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 1}}
    script = at_entry(Script(straddle(leg=again))).rows({"24000CE": 201.0})
    rows = script.put("exit", exits=(("p", "p-20261130-1", "ce", 0),)).run()
    assert trades(rows)[2:] == [("exit", "ce", 0, "manual_exit", 201.0)]
    assert notes(rows) == []
