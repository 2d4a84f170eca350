"""Rules of plans about choosing and entering, each by its number, asked of their oracle."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.plan_kit import MONTHLY, Script, leg, moves, name, notes, plan, straddle, trades
from tests.oracle.test_plan_examples import at_entry, points
from tests.oracle.test_plan_rules import AROUND


def codes(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(reason, code) of what is said with a code."""
    return [(row["reason"], row["numbers"]["code"]) for row in rows if "code" in row["numbers"]]


def symbols(rows: list[dict[str, Any]]) -> list[str]:
    """Contracts of entries, in order."""
    return [row["symbol"] for row in rows if row["what"] == "entry"]


def test_p2_the_atm_of_a_reentry_is_the_nearest_again_without_hysteresis() -> None:
    again = {"stop": points(10), "reentry_on_stop": {"as": "asap", "most": 2}}
    script = at_entry(Script(plan(leg("ce", "sell", "CE", **again)))).at("10:00")
    script.rows({"NIFTY": 24_025.05, "24000CE": 210.0, "24050CE": 185.0})
    script.rows({"NIFTY": 24_025.00, "24050CE": 195.0, "24000CE": 208.0})
    assert symbols(script.clock().run()) == ["24000CE", "24050CE", "24000CE"]


@pytest.mark.parametrize(
    ("kind", "wanted", "found"),
    [("CE", {"straddle_width": 0.5}, "24200CE"), ("PE", {"straddle_width": 0.5}, "23800PE")],
)
def test_p6_a_leg_is_half_a_straddle_away(kind: str, wanted: Any, found: str) -> None:
    # W = 200 + 180: 24,190 and 23,810
    script = Script(plan(leg("a", "sell", kind, strike=wanted))).at("09:19:59")
    prices = {"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0, found: 60.0}
    assert symbols(script.rows(prices).clock().run()) == [found]


def test_p6_a_percent_of_the_straddle_is_a_premium_that_is_sought() -> None:
    wanted = {"straddle_percent": 25, "how": "at_most"}
    script = Script(plan(leg("a", "sell", "CE", strike=wanted))).at("09:19:59")
    prices = AROUND | {"24000PE": 180.0, "24150CE": 96.0, "24200CE": 94.95}  # 25 % of 380: 95.00
    assert symbols(script.rows(prices).clock().run()) == ["24200CE"]


def test_p10_the_first_batch_waits_as_a_whole_for_one_leg() -> None:
    late = leg("pe", "sell", "PE", strike={"straddle_width": 0.5})
    script = Script(plan(leg("ce", "sell", "CE"), late)).at("09:19:59")
    script.rows({"NIFTY": 24_000.0, "24000CE": 200.0}).clock()
    assert trades(script.run()) == []
    rows = script.at("09:20:03").rows({"24000PE": 180.0, "23800PE": 90.0}).run()
    assert symbols(rows) == ["24000CE", "23800PE"]


def test_p11_a_leg_that_filled_and_left_counts_as_filled() -> None:
    script = Script(straddle()).at("09:19:59").rows({"NIFTY": 24_000.0, "24000CE": 200.0}).clock()
    script.at("09:20:10").rows({"24000CE": 250.0}).at("09:20:20").rows({"24000PE": 180.0})
    rows = script.run()
    assert [row[:4] for row in trades(rows)] == [
        ("entry", "ce", 0, "entry"),
        ("exit", "ce", 0, "stop_loss"),
        ("entry", "pe", 0, "entry"),
    ]
    assert moves(rows)[-1] == ("OPEN", "complete")


@pytest.mark.parametrize(
    ("side", "momentum", "no", "yes"),
    [
        ("buy", {"up": {"points": 15}}, 24_014.95, 24_015.0),
        ("sell", {"down": {"percent": 0.1}}, 23_976.05, 23_976.0),
    ],
)
def test_p12_momentum_of_the_underlying_is_counted_from_s(
    side: str, momentum: Any, no: float, yes: float
) -> None:
    mine = leg("ce", side, "CE", momentum=momentum | {"of": "underlying"})
    script = at_entry(Script(plan(mine))).at("10:00").rows({"NIFTY": no, "24000CE": 300.0})
    assert trades(script.run()) == []
    script.rows({"NIFTY": yes, "24000CE": 201.0})
    assert trades(script.run()) == [("entry", "ce", 0, "momentum", 201.0)]


def test_p12_the_reference_is_the_premium_when_the_leg_would_have_entered() -> None:
    again = {"as": "momentum", "momentum": {"down": points(10)}, "most": 1}
    mine = leg("ce", "sell", "CE", stop=points(10), reentry_on_stop=again)
    script = at_entry(Script(plan(mine))).at("10:00")
    script.rows({"NIFTY": 24_000.0, "24000CE": 212.0}).rows({"24000CE": 202.05})
    assert len(trades(script.run())) == 2
    rows = script.rows({"24000CE": 202.0}).run()
    assert trades(rows)[-1] == ("entry", "ce", 1, "momentum", 202.0)


def test_p13_a_breakout_of_the_underlying_takes_the_strike_at_the_breakout() -> None:
    breakout = {"from": "09:16", "to": "09:30", "side": "low", "of": "underlying"}
    mine = leg("pe", "buy", "PE", breakout=breakout)
    script = Script(plan(mine, entry={"at": "09:30"})).at("09:15:30")
    script.rows({"NIFTY": 23_800}).at("09:16").rows({"NIFTY": 24_000}).at("09:31")
    script.rows({"NIFTY": 24_000, "24000PE": 180.0})
    assert trades(script.run()) == []
    rows = script.rows({"NIFTY": 23_960, "23950PE": 160.0}).run()
    assert symbols(rows) == ["23950PE"]
    # with the strike of the start it is the contract that was at the money at 09:16
    breakout["strike_at"] = "start"
    script.setup.plans[0]["legs"][0]["breakout"] = breakout
    rows = script.rows({"24000PE": 185.0}).run()
    assert symbols(rows) == ["24000PE"]


@pytest.mark.parametrize(("what", "code"), [("gap", "range_incomplete"), ("nothing", "no_range")])
def test_p13_a_leg_without_its_whole_range_is_dropped(what: str, code: str) -> None:
    breakout = {"from": "09:16", "to": "09:30", "side": "high", "of": "premium"}
    mine = plan(leg("ce", "buy", "CE", breakout=breakout), entry={"at": "09:30"})
    script = Script(mine).at("09:15:30").clock()
    if what == "gap":
        script.at("09:15:59").rows({"NIFTY": 24_000, "24000CE": 190}).at("09:20").put("gap")
    rows = script.at("09:31").clock().run()
    assert codes(rows) == [("dropped", code)]
    assert moves(rows)[-1] == ("SKIPPED", code)


def test_p15_a_round_whose_start_came_within_its_time_is_begun() -> None:
    prices = {"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0}
    rows = Script(straddle(entry={"within_s": 5})).at("09:20:04").rows(prices).run()
    assert [row[1] for row in trades(rows)] == ["ce", "pe"]
    rows = Script(straddle(entry={"within_s": 5})).at("09:20:06").rows(prices).run()
    assert moves(rows) == [("SKIPPED", "late_start")]


def test_p5a_a_reentry_takes_the_last_price_of_its_timestamp() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 1}}
    script = at_entry(Script(straddle(leg=again))).at("10:00")
    script.rows({"24000CE": 250.0, "24100CE": 160.0, "NIFTY": 24_100.0})
    script.ts -= 1_000_000_000  # the same timestamp still
    script.rows({"24100CE": 171.5})
    assert trades(script.run())[-1] == ("entry", "ce", 1, "asap", 171.5)


def test_p8_a_level_beyond_the_listed_strikes_says_so() -> None:
    far = leg("b", "sell", "PE", strike={"straddle_width": 2})
    script = at_entry(Script(plan(leg("a", "sell", "CE"), far)))
    assert moves(script.run())[-1] == ("SKIPPED", "outside_window")


def test_p9_a_leg_of_the_month_enters_the_month() -> None:
    month = name(24_000, "CE", MONTHLY)
    script = Script(plan(leg("a", "sell", "CE", expiry="monthly"))).at("09:19:59")
    assert symbols(script.rows({"NIFTY": 24_000.0, month: 400.0}).clock().run()) == [month]


def test_p11_the_first_entry_that_is_refused_lets_the_others_of_one_of_go_on() -> None:
    up = {"up": points(10)}
    legs = [leg("ce", "buy", "CE", momentum=up), leg("pe", "buy", "PE", momentum=up)]
    script = at_entry(Script(plan(*legs, one_of=["ce", "pe"]))).at("10:00")
    script.rows({"24000PE": 185.0, "24000CE": 209.95})
    assert notes(script.run()) == [("reference", "ce"), ("reference", "pe")]


def test_p12_what_a_momentum_waits_for_is_said_with_its_reference() -> None:
    again = {"as": "momentum", "momentum": {"down": points(10)}, "most": 1}
    mine = leg("ce", "sell", "CE", stop=points(10), reentry_on_stop=again)
    rows = at_entry(Script(plan(mine))).at("10:00").rows({"NIFTY": 24_000, "24000CE": 212.0}).run()
    assert notes(rows) == [("reentry", "ce"), ("reference", "ce")]
