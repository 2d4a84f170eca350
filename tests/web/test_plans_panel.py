"""W6, plans: a round's legs, credit, result and levels, re-entries left, and why nothing happened.

Each number is held against the engine's own, of the same events.
"""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.events import OrderMoved, RoundMoved
from daemon.web.panels.plans import plans_panel
from daemon.web.panels.pnl import pnl_panel
from daemon.web.panels.strategies import strategies_panel
from tests.oracle.plan_compare import run_engine, universe_of
from tests.oracle.plan_kit import Script, leg, plan, straddle
from tests.oracle.plan_scenario import moment
from tests.web.plan_view import Quotes, book_of, quote, view_of

Json = dict[str, Any]


def morning(*plans: Json) -> Script:
    prices = {"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0}
    return Script(*plans).at("09:19:58").rows(prices).at("09:20:00").rows({"NIFTY": 24_000})


def shown(script: Script, clock: str, plans: list[Json], **ltps: float) -> list[Json]:
    """Return the panel of what the engine did, with the last prices as they are given."""
    setup = script.setup
    market = Quotes(universe_of(setup), moment(script.day, clock))
    for name, ltp in ltps.items():
        market.known[name] = quote(round(ltp * 100), market.clock_ns)
    view = view_of(book_of(run_engine(script.scenario)), market, {"plans": {"list": plans}})
    return plans_panel(view)


def one(script: Script, clock: str, plans: list[Json], **ltps: float) -> Json:
    [found] = shown(script, clock, plans, **ltps)
    return found


OVERALL = {"stop": {"rupees": 3000}, "target": {"rupees": 6000}, "trail": {"every": 500, "by": 500},
           "reentry_on_stop": {"as": "asap", "most": 2}}  # fmt: skip


def test_a_running_round_has_its_legs_credit_result_and_levels() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    made = straddle(leg=again, overall=OVERALL)
    script = morning(made)
    script.ticks(**{"24000CE": 190.0}).at("09:25").clock()
    row = one(script, "09:25", [made], **{"24000CE": 190.0, "24000PE": 176.0})
    assert (row["round"], row["state"], row["is_on"]) == ("p-20261130-1", "OPEN", True)
    assert row["credit_paise"] == (20_000 + 18_000) * 65
    assert row["pnl_paise"] == (1_000 + 400) * 65
    assert (row["stop_paise"], row["target_paise"]) == (-300_000, 600_000)
    assert (row["floor_paise"], row["floor_by"]) == (-250_000, "trail")
    assert row["to_floor_paise"] == 91_000 + 250_000
    assert row["to_target_paise"] == 600_000 - 91_000
    assert row["reentries"] == [
        {"of": "ce", "after": "stop", "most": 2, "left": 2},
        {"of": "round", "after": "stop", "most": 2, "left": 2},
    ]
    call, put = row["legs"]
    assert (call["leg"], call["attempt"], call["state"], call["side"]) == ("ce", 0, "OPEN", "SELL")
    assert (call["entry_paise"], call["ltp_paise"], call["stop_paise"]) == (20_000, 19_000, 25_000)
    assert (put["pnl_paise"], put["lots"]) == (400 * 65, 1)


def test_a_leg_that_was_stopped_and_sold_again_counts_its_re_entry_and_keeps_both_results() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    made = straddle(leg=again)
    script = morning(made).ticks(**{"24000CE": 250.4}).ticks(NIFTY=24_001)
    script.ticks(**{"24000CE": 240.0}).at("09:25").clock()
    row = one(script, "09:25", [made], **{"24000CE": 230.0, "24000PE": 180.0})
    states = [(each["leg"], each["attempt"], each["state"]) for each in row["legs"]]
    assert states == [("ce", 0, "OVER"), ("pe", 0, "OPEN"), ("ce", 1, "OPEN")]
    assert [each["pnl_paise"] for each in row["legs"]] == [-327_600, 0, 132_600]
    assert row["pnl_paise"] == -327_600 + 132_600
    assert row["reentries"] == [{"of": "ce", "after": "stop", "most": 2, "left": 1}]
    assert row["legs"][0]["words"] == "stop_loss"


def test_a_position_without_a_price_makes_the_result_unknown_and_never_a_guess() -> None:
    made = straddle(overall=OVERALL)
    script = morning(made).at("09:25").clock()
    book = book_of(run_engine(script.scenario))
    book.fold._marks.clear()
    view = view_of(book, Quotes(universe_of(script.setup), script.ts), {"plans": {"list": [made]}})
    [row] = plans_panel(view)
    assert (row["pnl_paise"], row["to_floor_paise"], row["to_target_paise"]) == (None, None, None)
    assert row["floor_paise"] == -300_000


def test_charges_count_where_the_plan_says_so() -> None:
    made = straddle(overall=OVERALL | {"count_charges": True})
    script = morning(made).at("09:25").clock()
    row = one(script, "09:25", [made], **{"24000CE": 200.0, "24000PE": 180.0})
    assert (row["counts_charges"], row["pnl_paise"]) == (True, 0)


def test_a_leg_that_waits_says_for_what() -> None:
    made = plan(leg("ce", "buy", "CE", momentum={"up": {"points": 15}}))
    row = one(morning(made).at("09:25").clock(), "09:25", [made])
    assert row["state"] == "WAITING"
    [wait] = row["legs"]
    assert (wait["state"], wait["symbol"]) == ("WAITING", "24000CE")
    assert wait["words"] == ("ce waits to buy in 24000CE: for its momentum, from Rs 200.00.")


def test_a_skipped_round_says_why() -> None:
    made = plan(leg("x", "sell", "CE", strike=1))
    row = one(morning(made), "09:25", [made])
    assert (row["state"], row["status"]) == (None, "Today's round is over")
    assert (row["skips"], row["skipped"]) == (1, "no_strike 1")
    assert "SKIPPED: no_strike: the strike that the plan names" in row["lines"][0]["words"]


@pytest.mark.parametrize(
    ("more", "clock", "status"),
    [
        ({}, "09:16", "No round yet: it begins at 09:20:00"),
        ({"days": ["tue"]}, "09:25", "No round today: it trades on tue"),
        ({"skip_dates": ["2026-11-30"]}, "09:25", "No round today: the date is one of skip_dates"),
        ({"only_dates": ["2026-12-01"]}, "09:25",
         "No round today: the date is not one of only_dates"),
        ({"dte": [0, 2]}, "09:25", "No round today: it begins 0, 2 sessions before the expiry"),
        ({"enabled": False}, "09:25", None),
    ],
)  # fmt: skip
def test_a_plan_without_a_round_says_why(more: Json, clock: str, status: str | None) -> None:
    made = straddle(**more)
    script = Script(made).at("09:15:10").rows({"NIFTY": 24_000})
    row = one(script, clock, [made])
    assert (row["state"], row["status"]) == (None, status)
    assert row["is_on"] is (status is not None)


def test_a_round_of_a_plan_that_is_configured_no_more_is_still_shown() -> None:
    script = morning(straddle()).at("09:25").clock()
    row = one(script, "09:25", [], **{"24000CE": 200.0, "24000PE": 180.0})
    assert (row["plan"], row["why_off"]) == ("p", "not in the configuration any more")
    assert (row["pnl_paise"], row["stop_paise"], row["credit_paise"]) == (0, None, None)


def test_plans_are_not_shown_as_strategies() -> None:
    made = straddle()
    script = morning(made).at("09:25").clock()
    market = Quotes(universe_of(script.setup), script.ts)
    view = view_of(book_of(run_engine(script.scenario)), market, {"plans": {"list": [made]}})
    assert strategies_panel(view) == []


def test_the_levels_are_those_by_which_the_engine_leaves() -> None:
    """At the event with which a round leaves, the panel's floor is the level of the event."""
    made = straddle(overall=OVERALL)
    script = morning(made).ticks(**{"24000CE": 190.0}).ticks(**{"24000PE": 170.0})
    events = run_engine(script.ticks(**{"24000PE": 222.0}).at("09:30").clock().scenario)
    [leaves] = [
        each
        for each in events
        if isinstance(each, RoundMoved) and each.to_state == "EXITING" and each.numbers
    ]
    book = book_of(events[: events.index(leaves)])
    market = Quotes(universe_of(script.setup), leaves.ts)
    for name, ltp in {"24000CE": 19_000, "24000PE": 22_200}.items():
        market.known[name] = quote(ltp, leaves.ts)
    [row] = plans_panel(view_of(book, market, {"plans": {"list": [made]}}))
    numbers = leaves.numbers or {}
    assert (row["pnl_paise"], row["floor_paise"]) == (numbers["pnl_paise"], numbers["level_paise"])
    assert row["to_floor_paise"] <= 0


@pytest.mark.parametrize(
    ("counts", "left"), [("realized", 500_000 - 327_600), ("net_open", 500_000 - 327_600 - 65_000)]
)
def test_the_distance_to_the_daily_limit_counts_what_the_gate_counts(
    counts: str, left: int
) -> None:
    made = straddle()
    script = morning(made).ticks(**{"24000CE": 250.4}).at("09:25").clock()
    events = run_engine(script.scenario)
    assert any(isinstance(each, OrderMoved) and each.to_state == "CLOSED" for each in events)
    market = Quotes(universe_of(script.setup), script.ts)
    market.known["24000PE"] = quote(19_000, script.ts)
    risk = {"daily_loss_rupees": 5000, "daily_loss_counts": counts}
    panel = pnl_panel(view_of(book_of(events), market, {"risk": risk}))
    assert (panel["to_limit_paise"], panel["limit_counts"]) == (left, counts)
