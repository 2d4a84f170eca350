"""Rules of plans about how a leg leaves and comes back, each by its number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.kit.tiers import at_most
from tests.oracle.plan_kit import (
    Script,
    leg,
    levels,
    moves,
    plan,
    straddle,
    trades,
)
from tests.oracle.plan_levels import snap
from tests.oracle.plan_random import random_scenario
from tests.oracle.test_plan_examples import at_entry, points
from tests.oracle.test_plan_rules_of_entries import codes


def single(script_leg: dict[str, Any], **more: Any) -> Script:
    return at_entry(Script(plan(script_leg, **more))).at("10:00")


def exits(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(leg, reason) of each exit."""
    return [(row["leg"], row["reason"]) for row in rows if row["what"] == "exit"]


@pytest.mark.parametrize(
    ("side", "price", "stop", "target"),
    [("sell", 99.90, 119.90, 79.90), ("buy", 99.90, 79.90, 119.90), ("sell", 100.10, 120.10, 80.1)],
)
def test_p20_levels_are_percents_of_the_entry_on_the_nearest_step(
    side: str, price: float, stop: float, target: float
) -> None:
    mine = leg("ce", side, "CE", stop={"percent": 20}, target={"percent": 20})
    rows = at_entry(Script(plan(mine)), ce=price).run()
    assert levels(rows, "ce") == [stop]
    assert [row["numbers"]["target"] for row in rows if row["what"] == "entry"] == [
        round(target * 100)
    ]


def test_p20_a_tie_goes_away_from_the_position() -> None:
    assert snap(Fraction(25, 2), 5, up=True) == 15
    assert snap(Fraction(25, 2), 5, up=False) == 10
    # 50 % of 0.05 x 5 is half a step: the short's stop goes up, the long's down
    for side, stop in (("sell", 0.40), ("buy", 0.10)):
        mine = leg("ce", side, "CE", stop={"percent": 50})
        assert levels(at_entry(Script(plan(mine)), ce=0.25).run(), "ce") == [stop]


def test_p22_a_trail_never_moves_back_and_leaves_by_its_own_reason() -> None:
    mine = leg("ce", "buy", "CE", stop=points(30))
    mine["trail"] = {"every": points(10), "by": points(5)}
    script = single(mine)
    for price in (219.95, 195.0, 220.0, 191.0):
        script.rows({"24000CE": price})
    assert levels(script.run(), "ce") == [170.0, 175.0, 180.0]
    rows = script.rows({"24000CE": 180.0}).run()
    assert trades(rows)[-1] == ("exit", "ce", 0, "trailing_stop", 180.0)


def test_p22_before_after_the_stop_stays_and_lock_takes_it_beyond_the_entry() -> None:
    mine = leg("ce", "sell", "CE", stop=points(30))
    trail = {"after": points(20), "lock": points(10), "every": points(10), "by": points(5)}
    script = single(mine | {"trail": trail})
    for price in (180.05, 180.0, 170.05, 170.0, 189.95):
        script.rows({"24000CE": price})
    assert levels(script.run(), "ce") == [230.0, 190.0, 185.0]
    rows = script.run()
    assert exits(rows) == [("ce", "trailing_stop")]  # 189.95 is beyond 185.00


def test_p22_steps_may_be_percents_of_the_entry() -> None:
    mine = leg("ce", "sell", "CE", stop={"percent": 10})
    mine["trail"] = {"every": {"percent": 5}, "by": {"percent": 2.5}}
    script = single(mine).rows({"24000CE": 190.05}).rows({"24000CE": 179.0})
    assert levels(script.run(), "ce") == [220.0, 210.0]  # two steps of 10.00, each 5.00


def test_p30_complete_takes_everything_along_and_drops_what_waits() -> None:
    legs = [
        leg("ce", "sell", "CE", stop={"percent": 25}),
        leg("far", "buy", "CE", strike="OTM2"),
        leg("late", "sell", "PE", momentum={"up": points(5)}),
    ]
    script = Script(plan(*legs, square_off="complete")).at("09:19:59")
    prices = {"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0, "24100CE": 150.0}
    script.rows(prices).clock().at("10:00")
    rows = script.rows({"24000PE": 185.0, "24100CE": 190.0, "24000CE": 250.0}).run()
    assert exits(rows) == [("ce", "stop_loss"), ("far", "complete")]
    assert "late" not in {row["leg"] for row in rows if row["what"] == "entry"}
    assert moves(rows)[-2:] == [("EXITING", "complete"), ("DONE", "complete")]


@pytest.mark.parametrize(("key", "price"), [("target", 100.0), ("stop", 250.0)])
def test_p30_a_target_completes_as_a_stop_does(key: str, price: float) -> None:
    level = {"target": {"percent": 50}, "stop": {"percent": 25}}[key]
    script = at_entry(Script(plan(
        leg("ce", "sell", "CE", **{key: level}), leg("pe", "sell", "PE"), square_off="complete",
    ))).at("10:00")  # fmt: skip
    rows = script.rows({"24000CE": price, "24000PE": 150.0}).run()
    assert [leg for leg, _ in exits(rows)] == ["ce", "pe"]
    assert exits(rows)[1] == ("pe", "complete")


def test_p30a_a_trigger_met_in_the_timestamp_in_which_the_round_leaves_enters_nothing() -> None:
    late = leg("late", "sell", "PE", momentum={"up": points(5)})
    script = at_entry(Script(plan(leg("ce", "sell", "CE"), late, overall={"stop": {"points": 40}})))
    rows = script.at("10:00").rows({"24000PE": 190.0, "24000CE": 240.0}).run()
    assert exits(rows) == [("ce", "overall_stop")]
    assert [row["leg"] for row in rows if row["what"] == "entry"] == ["ce"]


def test_p30a_what_the_last_row_of_a_timestamp_takes_back_has_not_happened() -> None:
    script = at_entry(Script(straddle({"percent": 90}, overall={"stop": {"rupees": 1000}})))
    script.at("10:00").rows({"24000CE": 230.0})
    script.ts -= 1_000_000_000
    rows = script.rows({"24000PE": 160.0}).run()
    assert exits(rows) == []  # -1,950 with the call alone, -650 at the end


def test_p31_a_stop_at_cost_counts_for_reentries_and_moves_nothing_more() -> None:
    legs = [
        leg("ce", "sell", "CE", stop={"percent": 25}),
        leg("pe", "sell", "PE", stop={"percent": 25}),
        leg("far", "sell", "PE", strike=23_700, stop={"percent": 90}),
    ]
    legs[1]["reentry_on_stop"] = {"as": "cost", "most": 1}
    script = Script(plan(*legs, move_to_cost={"of": ["pe"]})).at("09:19:59")
    script.rows({"NIFTY": 24_000, "24000CE": 200.0, "24000PE": 180.0, "23700PE": 84.0}).clock()
    script.at("10:00").rows({"24000CE": 250.0}).rows({"24000PE": 180.5})
    rows = script.rows({"24000PE": 180.0}).run()
    assert exits(rows) == [("ce", "stop_loss"), ("pe", "to_cost")]
    assert levels(rows, "far") == [159.6]
    assert trades(rows)[-1] == ("entry", "pe", 1, "cost", 180.0)
    assert levels(rows, "pe")[-1] == 225.0  # opened later: its stop is its own


def test_p31_a_target_moves_nothing_to_cost() -> None:
    script = at_entry(Script(plan(
        leg("ce", "sell", "CE", target={"percent": 20}),
        leg("pe", "sell", "PE", stop={"percent": 25}),
        move_to_cost={"of": "opposite"},
    ))).at("10:00")  # fmt: skip
    rows = script.rows({"24000CE": 160.0}).run()
    assert (exits(rows), levels(rows, "pe")) == ([("ce", "take_profit")], [225.0])


def test_p32_stop_and_target_have_counts_of_their_own() -> None:
    mine = leg("ce", "sell", "CE", stop=points(10), target=points(10))
    mine |= {"reentry_on_stop": {"as": "asap", "most": 1}}
    mine |= {"reentry_on_target": {"as": "asap", "most": 1}}
    script = single(mine)
    for price in (210.0, 200.0, 210.0):
        script.rows({"NIFTY": 24_000, "24000CE": price})
    rows = script.run()
    assert [row[3] for row in trades(rows)] == [
        "entry", "stop_loss", "asap", "take_profit", "asap", "stop_loss",
    ]  # fmt: skip
    assert moves(rows)[-1] == ("DONE", "flat")


def test_p33_two_legs_that_leave_at_once_arm_one_lazy_leg_once() -> None:
    again = {"as": "lazy", "leg": "z", "most": 2}
    lazy = leg("z", "sell", "CE", strike=24_100)
    legs = [
        leg(id_, "sell", kind, stop={"percent": 25}, reentry_on_stop=again)
        for id_, kind in (("ce", "CE"), ("pe", "PE"))
    ]
    script = at_entry(Script(plan(*legs, lazy_legs=[lazy]))).at("10:00")
    rows = script.rows({"NIFTY": 24_000, "24000CE": 260.0, "24000PE": 230.0, "24100CE": 150}).run()
    assert codes(rows) == [("not_reentered", "lazy_busy")]
    assert [row["leg"] for row in rows if row["what"] == "entry"][2:] == ["z"]


@pytest.mark.random
@pytest.mark.parametrize("seed", range(at_most(9)))
def test_p33_a_leg_enters_again_once_per_input_at_most(seed: int) -> None:
    scenario = random_scenario(seed + 60_000)
    script = Script()
    script.setup, script.inputs = scenario.setup, list(scenario.inputs[:-1])
    script.ts = scenario.inputs[-1].ts
    again = [
        (row["round"], row["leg"], row["ts"], row["input_no"])
        for row in script.run()
        if row["what"] == "entry" and row["to"] == "FILLED" and row["reason"] != "entry"
    ]
    assert len(again) == len(set(again))
