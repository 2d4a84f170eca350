"""Rules of plans about how a round leaves and rolls, each by its number."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.oracle.plan_kit import (
    DAY,
    NEXT_WEEKLY,
    Script,
    leg,
    moves,
    name,
    plan,
    pnl,
    session,
    straddle,
)
from tests.oracle.test_plan_examples import CONDOR, at_entry, condor, points
from tests.oracle.test_plan_rules_of_entries import symbols
from tests.oracle.test_plan_rules_of_exits import exits, single

TUESDAY = dt.date(2026, 12, 1)
WEEK_LATER = dt.date(2026, 12, 7)


@pytest.mark.parametrize(
    ("stop", "quiet", "loud"),
    [
        ({"points": 40}, 219.95, 220.0),  # of the smallest leg: 40 x 65 = 2,600 = 130 x 20.00
        ({"rupees": 2600}, 219.95, 220.0),
        ({"premium_percent": 5}, 210.45, 210.5),  # 5 % of 200 x 130 + 180 x 65 less the put's gain
    ],
)
def test_p41_each_form_of_an_overall_stop(stop: Any, quiet: float, loud: float) -> None:
    legs = [leg("ce", "sell", "CE", lots=2), leg("pe", "sell", "PE")]
    script = at_entry(Script(plan(*legs, overall={"stop": stop})), pe=180.0).at("10:00")
    if "premium_percent" in stop:
        # basis (26,000 + 11,700) x 5 % = 1,885.00; the put is 8.00 against it: 520.00
        script.rows({"24000PE": 188.0})
    assert exits(script.rows({"24000CE": quiet}).run()) == []
    rows = script.rows({"24000CE": loud}).run()
    assert {reason for _, reason in exits(rows)} == {"overall_stop"}


def test_p41_a_percent_of_the_premium_is_that_of_what_has_filled_so_far() -> None:
    late = leg("pe", "sell", "PE", momentum={"up": points(20)})
    mine = plan(leg("ce", "sell", "CE"), late, overall={"stop": {"premium_percent": 10}})
    script = at_entry(Script(mine), ce=200.0, pe=180.0).at("10:00")
    script.rows({"24000CE": 219.95}).rows({"24000PE": 200.0})
    assert exits(script.run()) == []  # 10 % of 200 + 200 now: 40.00 a unit
    assert exits(script.rows({"24000CE": 239.95}).run()) == []
    rows = script.rows({"24000CE": 240.0}).run()
    assert [reason for _, reason in exits(rows)] == ["overall_stop"] * 2


@pytest.mark.parametrize(
    ("target", "quiet", "loud"),
    [
        ({"rupees": 1300}, 180.05, 180.0),
        ({"points": 20}, 180.05, 180.0),
        ({"premium_percent": 5}, 181.05, 181.0),  # 5 % of 24,700 = 1,235.00 = 19.00 x 65
    ],
)
def test_p42_a_round_leaves_at_its_target(target: Any, quiet: float, loud: float) -> None:
    script = at_entry(Script(straddle(overall={"target": target}))).at("10:00")
    assert exits(script.rows({"24000CE": quiet, "24000PE": 180.0}).run()) == []
    rows = script.rows({"24000CE": loud, "24000PE": 180.0}).run()
    assert exits(rows) == [("ce", "overall_target"), ("pe", "overall_target")]
    assert moves(rows)[-1] == ("DONE", "overall_target")


def test_p42_a_target_counts_what_earlier_attempts_have_realized() -> None:
    mine = leg("ce", "sell", "CE", target=points(10), reentry_on_target={"as": "asap", "most": 3})
    script = single(mine, overall={"target": {"rupees": 1000}})
    script.rows({"NIFTY": 24_000, "24000CE": 190.0}).rows({"24000CE": 184.65})
    assert exits(script.run()) == [("ce", "take_profit")]  # 650 + 347.75
    rows = script.rows({"24000CE": 184.60}).run()
    assert exits(rows)[-1] == ("ce", "overall_target")
    assert pnl(rows) == 1001.0


def test_p43_a_trail_of_a_round_moves_in_whole_steps_beyond_no_loss() -> None:
    overall = {"stop": {"rupees": 650}, "trail": {"every": 650, "by": 650}}
    script = single(leg("ce", "sell", "CE"), overall=overall)
    for price in (190.05, 190.0, 175.0, 189.95):
        script.rows({"24000CE": price})
    rows = script.run()
    floors = [row["numbers"]["floor"] / 100 for row in rows if row["reason"] == "trail_step"]
    assert floors == [0.0, 650.0]  # one step at 650, two at 1,625: not capped at no loss
    assert exits(rows) == []  # 653.25 is above 650
    rows = script.rows({"24000CE": 190.0}).run()
    assert exits(rows) == [("ce", "overall_trail")]


def test_p44_a_timestamp_that_sets_a_floor_is_not_compared_with_it() -> None:
    overall = {"lock": {"at": 650, "keep": 600, "every": 65, "by": 65}}
    script = single(leg("ce", "sell", "CE"), overall=overall).rows({"24000CE": 180.0})
    rows = script.run()
    assert [row["numbers"]["floor"] / 100 for row in rows if row["reason"] == "floor"] == [1250.0]
    assert exits(rows) == []
    rows = script.rows({"24000CE": 180.75}).run()  # 1,251.25
    assert exits(rows) == []
    assert exits(script.rows({"24000CE": 180.8}).run()) == [("ce", "overall_lock")]


def test_p45_equal_levels_of_trail_and_lock_are_the_locks() -> None:
    overall = {
        "stop": {"rupees": 650}, "trail": {"every": 650, "by": 650},
        "lock": {"at": 1300, "keep": 650},
    }  # fmt: skip
    script = single(leg("ce", "sell", "CE"), overall=overall).rows({"24000CE": 180.0})
    rows = script.rows({"24000CE": 190.0}).run()
    assert exits(rows) == [("ce", "overall_lock")]


def test_p45a_a_round_leaves_shorts_by_number_then_longs_by_number() -> None:
    script = Script(condor(overall={"target": {"points": 10}})).at("09:19:59")
    script.rows(CONDOR | {"24000CE": 200.0}).clock().at("10:00")
    rows = script.rows(CONDOR | {"24000CE": 190.0}).run()
    assert [leg for leg, _ in exits(rows)] == ["sc", "sp", "bc", "bp"]


def test_p45a_rolls_that_are_lost_at_one_time_leave_shorts_first() -> None:
    legs = [leg("long", "buy", "PE", strike="OTM6"), leg("short", "sell", "PE")]
    mine = plan(*legs, product="NRML", exit={"sessions": 5, "at": "15:15"})
    mine["roll"] = {"dte": 1, "at": "15:00", "to": "next_weekly", "max": 3}
    script = Script(mine).at("09:19:59").rows({"NIFTY": 24_000} | CONDOR).clock()
    script.at("15:00").clock().at("15:00:30").rows({"24000PE": 150.0, "23700PE": 70.0})
    rows = script.rows({"24000PE": 150.0, "23700PE": 70.0}).run()
    assert exits(rows) == [("short", "roll_lost"), ("long", "roll_lost")]


def test_p46_an_exit_of_today_makes_room_for_the_entry_of_the_same_time() -> None:
    mine = plan(leg("ce", "sell", "CE", expiry="next_weekly"), product="NRML")
    mine["exit"] = {"sessions": 1, "at": "09:20:00"}
    script = at_entry(Script(mine, sessions=[session(), session(TUESDAY)]))
    new = name(24_000, "CE", NEXT_WEEKLY)
    script.inputs.clear()
    script.at("09:19:59").rows({"NIFTY": 24_000, new: 300.0}).clock()
    script.at("09:19:59", TUESDAY).rows({"NIFTY": 24_000, new: 290.0}).clock()
    rows = script.run()
    assert exits(rows) == [("ce", "plan_exit")]
    assert [row["round"] for row in rows if row["what"] == "entry"] == [
        "p-20261130-1", "p-20261201-1",
    ]  # fmt: skip


def test_p46_a_square_off_comes_before_an_exit_of_the_same_time() -> None:
    script = at_entry(Script(straddle(exit={"at": "15:20"}))).at("15:19:59")
    rows = script.rows({"24000CE": 150.0, "24000PE": 150.0}).clock().run()
    assert {reason for _, reason in exits(rows)} == {"square_off"}


def test_p47_a_leg_that_has_rolled_often_enough_is_closed() -> None:
    days = [session(), session(TUESDAY), session(WEEK_LATER)]
    mine = plan(leg("pe", "sell", "PE"), product="NRML", exit={"sessions": 9, "at": "15:15"})
    mine["roll"] = {"dte": 1, "at": "15:00", "to": "next_weekly", "max": 1}
    mine["only_dates"] = [DAY]
    script = at_entry(Script(mine, sessions=days)).at("14:59:59")
    prices = {"NIFTY": 24_000, "24000PE": 100.0, name(24_000, "PE", NEXT_WEEKLY): 200.0}
    script.rows(prices).clock().at("10:00", TUESDAY).clock().at("14:59:59", WEEK_LATER)
    rows = script.rows(prices).clock().run()
    assert exits(rows) == [("pe", "roll"), ("pe", "roll_max")]
    assert moves(rows)[-1] == ("DONE", "flat")


def test_p47_longs_are_entered_before_shorts_and_shorts_leave_before_longs() -> None:
    legs = [
        leg("short", "sell", "PE"),
        leg("long", "buy", "PE", strike={"leg": "short", "steps": 6}),
    ]
    mine = plan(*legs, product="NRML", exit={"sessions": 5, "at": "15:15"})
    mine["roll"] = {"dte": 1, "at": "15:00", "to": "next_weekly", "max": 3}
    script = Script(mine).at("09:19:59").rows({"NIFTY": 24_000} | CONDOR).clock().at("14:59:59")
    new = {name(strike, "PE", NEXT_WEEKLY): 200.0 for strike in (24_000, 23_700)}
    rows = script.rows({"NIFTY": 24_000, "24000PE": 150.0, "23700PE": 70.0} | new).clock().run()
    told = [(row["what"], row["leg"]) for row in rows if row["reason"] == "roll"]
    assert told == [("exit", "short"), ("exit", "long"), ("entry", "long"), ("entry", "short")]
    assert set(symbols(rows)[2:]) == set(new)


@pytest.mark.parametrize(("dte", "rolls"), [(1, True), (0, False)])
def test_p48_days_are_sessions_to_the_expiry_of_what_is_held(dte: int, rolls: bool) -> None:
    mine = plan(leg("pe", "sell", "PE"), product="NRML", exit={"sessions": 5, "at": "15:15"})
    mine["roll"] = {"dte": dte, "at": "15:00", "to": "next_weekly", "max": 3}
    new = name(24_000, "PE", NEXT_WEEKLY)
    script = at_entry(Script(mine)).at("14:59:59")
    rows = script.rows({"NIFTY": 24_000, "24000PE": 150.0, new: 200.0}).clock().run()
    assert bool(exits(rows)) is rolls


def day_with_a_range(**more: Any) -> Script:
    """A call bought above 24,000, whose stop is the low of the range: 23,960."""
    breakout = {"from": "09:16", "to": "09:30", "side": "high", "of": "underlying"}
    mine = leg("ce", "buy", "CE", breakout=breakout, stop={"range": "opposite"})
    script = Script(plan(mine, entry={"at": "09:30"}, **more)).at("09:15:30").clock().at("09:16")
    script.rows({"NIFTY": 24_000}).at("09:29").rows({"NIFTY": 23_960}).at("09:31")
    return script.rows({"NIFTY": 24_010, "24000CE": 200.0})


def test_p45_a_leg_that_a_new_round_enters_at_once_stops_by_the_days_range() -> None:
    again = {"stop": {"rupees": 650}, "reentry_on_stop": {"as": "asap", "most": 1}}
    script = day_with_a_range(overall=again).rows({"NIFTY": 24_000, "24000CE": 190.0})
    rows = script.rows({"NIFTY": 23_959.95, "24000CE": 185.0}).run()
    assert exits(rows) == [("ce", "overall_stop"), ("ce", "leg_stop_underlying")]
    assert [row["round"] for row in rows if row["reason"] == "range"] == [
        "p-20261130-1", "p-20261130-2",
    ]  # fmt: skip


def test_p49_the_other_end_of_the_underlyings_range_is_a_stop() -> None:
    script = day_with_a_range().rows({"NIFTY": 23_960, "24000CE": 180.0})
    assert exits(script.run()) == []
    rows = script.rows({"NIFTY": 23_959.95, "24000CE": 179.0}).run()
    assert exits(rows) == [("ce", "leg_stop_underlying")]


def test_p45a_at_the_sessions_end_too_shorts_are_closed_before_longs() -> None:
    script = Script(condor(exit={"at": "15:25"}), sessions=[session(square_off=None)])
    script.at("09:19:59").rows(CONDOR | {"24000CE": 200.0}).clock()
    # at the exit no price is believed, so that the session's end closes all at the last ones
    rows = script.at("15:25").clock().at("15:30").clock().run()
    assert [leg for leg, _ in exits(rows)] == ["sc", "sp", "bc", "bp"]
