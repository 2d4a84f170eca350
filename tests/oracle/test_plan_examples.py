"""The worked examples of plans, asked of their oracle, each by its number."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.plan_choose import Chooser
from tests.oracle.plan_kit import (
    DAY,
    NEXT_WEEKLY,
    Script,
    chain,
    leg,
    levels,
    moves,
    name,
    notes,
    plan,
    pnl,
    session,
    straddle,
    trades,
)
from tests.oracle.plan_levels import level, snap, trailed
from tests.oracle.plan_market import Market
from tests.oracle.plan_scenario import Setup, canonical, moment, paise


def chosen(strike: Any, kind: str, prices: dict[str, float], **setup: Any) -> str:
    """The contract of a leg at 09:20, each price a second old at most."""
    at = moment(DAY, "09:20")
    given: dict[str, Any] = {"contracts": chain(), "sessions": [session()]} | setup
    market = Market(Setup(plans=(), **given))
    for symbol, price in prices.items():
        market.tick(at, symbol, int(paise(price)))
    mine = plan(leg("a", "sell", kind, strike=strike))
    return Chooser(market, mine, mine["legs"][0], at, {}).choose().symbol


def at_entry(script: Script, ce: float = 200.0, pe: float = 180.0) -> Script:
    """Worked example 4's market at 09:20."""
    script.at("09:19:59").rows({"NIFTY": 24_000, "24000CE": ce, "24000PE": pe})
    return script.clock()


def test_1_the_atm_is_the_nearest_strike_a_tie_the_lower() -> None:
    assert chosen("ATM", "CE", {"NIFTY": 24_025.00}) == "24000CE"
    assert chosen("ATM", "CE", {"NIFTY": 24_025.05}) == "24050CE"


@pytest.mark.parametrize(
    ("width", "call", "put"), [(0.5, "17450CE", "17250PE"), (1, "17550CE", "17150PE")]
)
def test_2_a_straddle_width_away(width: float, call: str, put: str) -> None:
    prices = {"NIFTY": 17_350, "17350CE": 106.55, "17350PE": 74.40}
    strikes = chain(range(17_000, 17_750, 50))
    assert chosen({"straddle_width": width}, "CE", prices, contracts=strikes) == call
    assert chosen({"straddle_width": width}, "PE", prices, contracts=strikes) == put


def test_3_a_percent_of_the_straddle() -> None:
    prices: dict[str, float] = {"NIFTY": 24_000, "24000CE": 182.40, "24000PE": 171.10}
    prices |= {"24100CE": 150.20, "24200CE": 118.40, "24300CE": 92.35, "24400CE": 70.90}
    prices |= {"24500CE": 50.00}
    # strikes 100 apart: six of the eleven within 5 of ATM are quoted
    contracts = chain(range(23_500, 24_600, 100))
    found = chosen({"straddle_percent": 40}, "CE", prices, contracts=contracts)
    assert found == "24100CE"


@pytest.mark.parametrize(
    ("stop", "call", "put"), [({"percent": 25}, 250.0, 225.0), ({"points": 30}, 230.0, 210.0)]
)
def test_4_stops_of_a_straddle(stop: dict[str, int], call: float, put: float) -> None:
    rows = at_entry(Script(straddle(stop))).run()
    assert trades(rows) == [
        ("entry", "ce", 0, "entry", 200.0),
        ("entry", "pe", 0, "entry", 180.0),
    ]
    assert (levels(rows, "ce"), levels(rows, "pe")) == ([call], [put])
    assert moves(rows) == [("WAITING", "entry"), ("ENTERING", "entry"), ("OPEN", "complete")]


def test_5_partial_to_cost() -> None:
    script = at_entry(Script(straddle(move_to_cost={"of": "opposite"})))
    script.at("10:00").rows({"24000CE": 250.40})
    rows = script.rows({"24000PE": 179.90}).run()
    assert pnl(rows, "ce") == -3276.0
    assert levels(rows, "pe") == [225.0, 180.0]
    assert trades(rows)[2:] == [("exit", "ce", 0, "stop_loss", 250.40)]
    rows = script.rows({"24000PE": 180.35}).run()
    assert trades(rows)[3:] == [("exit", "pe", 0, "to_cost", 180.35)]
    assert (pnl(rows, "pe"), pnl(rows)) == (-22.75, -3298.75)
    assert moves(rows)[-1] == ("DONE", "flat")


def test_6_complete_takes_the_other_with_it() -> None:
    script = at_entry(Script(straddle(square_off="complete")))
    rows = script.at("10:00").rows({"24000PE": 128.50, "24000CE": 250.40}).run()
    assert trades(rows)[2:] == [
        ("exit", "ce", 0, "stop_loss", 250.40),
        ("exit", "pe", 0, "complete", 128.50),
    ]
    assert pnl(rows) == 71.50
    assert moves(rows)[-2:] == [("EXITING", "complete"), ("DONE", "complete")]


def test_7_asap_sells_the_new_atm_at_the_end_of_the_timestamp() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    script = at_entry(Script(straddle(leg=again)))
    script.at("10:00").rows({"24000CE": 250.40, "NIFTY": 24_108, "24100CE": 171.50})
    script.at("15:14:59").rows({"24100CE": 96.20})
    rows = script.at("15:15").clock().run()
    assert trades(rows)[2:5] == [
        ("exit", "ce", 0, "stop_loss", 250.40),
        ("entry", "ce", 1, "asap", 171.50),
        ("exit", "ce", 1, "plan_exit", 96.20),
    ]
    assert levels(rows, "ce") == [250.0, 214.40]
    assert pnl(rows, "ce") == 1618.50


def test_8_cost_comes_back_to_the_first_fill() -> None:
    again = {"stop": {"percent": 20}, "reentry_on_stop": {"as": "cost", "most": 1}}
    script = at_entry(Script(plan(leg("ce", "sell", "CE", **again))), ce=100.0)
    script.at("10:00").rows({"24000CE": 120.60}).rows({"24000CE": 104.00})
    script.rows({"24000CE": 99.90}).at("15:14:59").rows({"24000CE": 61.30})
    rows = script.clock().run()
    assert trades(rows) == [
        ("entry", "ce", 0, "entry", 100.0),
        ("exit", "ce", 0, "stop_loss", 120.60),
        ("entry", "ce", 1, "cost", 99.90),
        ("exit", "ce", 1, "plan_exit", 61.30),
    ]
    assert (levels(rows, "ce"), pnl(rows)) == ([120.0, 119.90], 1170.0)


@pytest.mark.parametrize(
    ("side", "momentum", "reference", "no", "yes"),
    [
        ("buy", {"up": {"points": 15}}, 200.00, 214.95, 215.00),
        ("sell", {"down": {"percent": 20}}, 125.00, 100.05, 100.00),
    ],
)
def test_9_momentum(
    side: str, momentum: dict[str, Any], reference: float, no: float, yes: float
) -> None:
    script = at_entry(Script(plan(leg("ce", side, "CE", momentum=momentum))), ce=reference)
    rows = script.at("10:00").rows({"24000CE": no}).run()
    assert (trades(rows), notes(rows)) == ([], [("reference", "ce")])
    rows = script.rows({"24000CE": yes}).run()
    assert trades(rows) == [("entry", "ce", 0, "momentum", yes)]
    assert moves(rows) == [("WAITING", "entry"), ("OPEN", "entry")]


def points(x: float) -> dict[str, float]:
    return {"points": x}


@pytest.mark.parametrize(("by", "stops"), [(10, [220.0, 210.0, 190.0]), (5, [225.0, 220.0, 210.0])])
def test_10_a_trail_of_a_short(by: int, stops: list[float]) -> None:
    mine = leg("ce", "sell", "CE", stop=points(30), trail={"every": points(10), "by": points(by)})
    script = at_entry(Script(plan(mine)), ce=200.0).at("10:00")
    for price in (191, 190, 175.50, 160, 189.90):
        script.rows({"24000CE": price})
    rows = script.run()
    assert levels(rows, "ce") == [230.0, *stops]
    assert len(trades(rows)) == 1
    if by == 10:
        rows = script.rows({"24000CE": 190.00}).run()
        assert trades(rows)[1:] == [("exit", "ce", 0, "trailing_stop", 190.0)]
        assert pnl(rows) == 650.0


def test_11_a_trail_with_after_and_lock() -> None:
    trail = {"after": points(20), "lock": points(10), "every": points(10), "by": points(5)}
    found = [
        trailed(trail, 10_000, 9_000, int(best * 100), 5, long=True)
        for best in (119.90, 120, 129.90, 130, 145)
    ]
    assert found == [9_000, 11_000, 11_000, 11_500, 12_000]


def test_12_an_overall_stop_closes_both() -> None:
    script = at_entry(Script(straddle(overall={"stop": {"rupees": 3000}})))
    script.at("10:00").rows({"24000CE": 230.0, "24000PE": 168.0})
    assert len(trades(script.run())) == 2
    rows = script.rows({"24000PE": 190.10, "24000CE": 236.20}).run()
    assert trades(rows)[2:] == [
        ("exit", "ce", 0, "overall_stop", 236.20),
        ("exit", "pe", 0, "overall_stop", 190.10),
    ]
    assert pnl(rows) == -3009.50


def test_13_a_percent_of_the_premium() -> None:
    stop = {"overall": {"stop": {"premium_percent": 15}}}
    script = at_entry(Script(straddle(**stop)))
    # 57 points of 65: 3,705.00 exactly
    rows = script.at("10:00").rows({"24000CE": 228.50, "24000PE": 208.45}).run()
    assert len(trades(rows)) == 2
    rows = script.rows({"24000PE": 208.50}).run()
    [left] = [row for row in rows if row["to"] == "EXITING"]
    assert left["numbers"] == {"pnl": -370_500, "level": -370_500.0}


def one_lot_of_one(overall: dict[str, Any]) -> Script:
    """A long future of one unit, bought at 10,000.00: its P&L is what its price gained."""
    contracts = chain(lot=1)
    mine = leg("f", "buy", "FUT", expiry="monthly")
    script = Script(plan(mine, overall=overall), contracts=contracts)
    return script.at("09:19:59").rows({"NIFTY": 24_000, "FUT": 10_000}).clock().at("10:00")


def profits(script: Script, *figures: float) -> list[tuple[str, str]]:
    for figure in figures:
        script.rows({"FUT": 10_000 + figure})
    return moves(script.run())[3:]


@pytest.mark.parametrize(
    ("overall", "stays", "leaves", "floors", "reason"),
    [
        pytest.param(
            {"lock": {"at": 5000, "keep": 3000}},
            (4990, 5010, 7200, 3100), 2980, [3000], "overall_lock", id="14",
        ),
        pytest.param(
            {"lock": {"at": 5000, "keep": 3000, "every": 1000, "by": 700}},
            (5010, 6990, 7050, 8200, 5200), 5090, [3000, 3700, 4400, 5100], "overall_lock",
            id="15",
        ),
        pytest.param(
            {"stop": {"rupees": 4000}, "trail": {"every": 1000, "by": 1000}},
            (990, 1000, 2600, 3400, -900), -1050, [-3000, -2000, -1000], "overall_trail",
            id="16",
        ),
    ],
)  # fmt: skip
def test_14_15_16_locks_and_trails_of_a_round(
    overall: dict[str, Any],
    stays: tuple[int, ...],
    leaves: int,
    floors: list[int],
    reason: str,
) -> None:
    script = one_lot_of_one(overall)
    assert profits(script, *stays) == []
    assert profits(script, leaves) == [("EXITING", reason), ("DONE", reason)]
    told = [row["numbers"]["floor"] / 100 for row in script.run() if "floor" in row["numbers"]]
    assert told == floors


def test_17_a_breakout_is_strict_and_its_range_ends_before_to() -> None:
    breakout = {"from": "09:16", "to": "09:30", "side": "high", "of": "premium"}
    mine = plan(leg("ce", "buy", "CE", breakout=breakout), entry={"at": "09:30"})
    start = Script(mine).at("09:15:59").rows({"NIFTY": 24_000, "24000CE": 190})
    start.rows({"24000CE": 212.40})
    early = len(start.inputs)
    start.at("09:31").rows({"24000CE": 212.40})
    assert trades(start.run()) == []
    start.rows({"24000CE": 212.45})
    assert trades(start.run()) == [("entry", "ce", 0, "breakout", 212.45)]
    del start.inputs[early:]
    start.at("09:29:59").rows({"24000CE": 212.45}).at("09:31").rows({"24000CE": 212.45})
    rows = start.run()
    assert trades(rows) == []
    [told] = [row["numbers"] for row in rows if row["reason"] == "range"]
    assert told == {"high": 21_245.0, "low": 21_240.0}


def condor(**more: Any) -> dict[str, Any]:
    return plan(
        leg("sc", "sell", "CE", strike=24_000),
        leg("sp", "sell", "PE", strike=24_000),
        leg("bc", "buy", "CE", strike=24_300),
        leg("bp", "buy", "PE", strike=23_700),
        **more,
    )


CONDOR = {"24300CE": 92.35, "23700PE": 84.10, "24000PE": 180.0}


def test_18_a_condor_buys_its_hedges_first_and_unwinds() -> None:
    script = Script(condor()).at("09:19:59").rows(CONDOR | {"24000CE": 200.0})
    rows = script.clock().run()
    assert trades(rows) == [
        ("entry", "bc", 0, "entry", 92.35),
        ("entry", "bp", 0, "entry", 84.10),
        ("entry", "sc", 0, "entry", 200.0),
        ("entry", "sp", 0, "entry", 180.0),
    ]
    script = Script(condor()).at("09:19:59").rows(CONDOR).clock()
    rows = script.at("09:20:29").rows(CONDOR).clock().run()
    assert [row[1:4] for row in trades(rows)[3:]] == [
        ("sp", 0, "leg_incomplete"),
        ("bc", 0, "leg_incomplete"),
        ("bp", 0, "leg_incomplete"),
    ]
    assert moves(rows)[-2:] == [("EXITING", "leg_incomplete"), ("DONE", "leg_incomplete")]


def test_18_shorts_wait_for_the_last_hedge() -> None:
    rest = {symbol: CONDOR[symbol] for symbol in ("24300CE", "24000PE")}
    script = Script(condor()).at("09:19:59").rows(rest | {"24000CE": 200.0}).clock()
    assert [row[1] for row in trades(script.run())] == ["bc"]
    rows = script.at("09:20:03").rows({"23700PE": 84.10}).run()
    assert [row[1] for row in trades(rows)] == ["bc", "bp", "sc", "sp"]


def test_19_a_lazy_leg_waits_for_its_momentum() -> None:
    first = leg("ce", "sell", "CE", stop={"percent": 60})
    first["reentry_on_stop"] = {"as": "lazy", "leg": "ce2", "most": 1}
    momentum = {"down": {"percent": 20}}
    lazy = leg("ce2", "sell", "CE", strike={"premium_closest": 125}, stop={"percent": 30})
    lazy["momentum"] = momentum
    script = at_entry(Script(plan(first, lazy_legs=[lazy])), ce=150.0)
    prices = {
        name(strike, "CE"): 300 - (strike - 23_900) / 2 for strike in range(23_750, 24_300, 50)
    }
    prices |= {"24000CE": 240.0, "24250CE": 124.20, "NIFTY": 24_000}
    script.at("10:00").rows(prices)
    script.rows({"24250CE": 99.40})
    rows = script.run()
    assert len(trades(rows)) == 2
    assert notes(rows) == [("armed", "ce2"), ("reference", "ce2")]
    rows = script.rows({"24250CE": 99.35}).run()
    assert trades(rows)[2:] == [("entry", "ce2", 0, "lazy", 99.35)]
    assert levels(rows, "ce2") == [129.15]
    assert snap(Fraction(129_175, 10), 5, up=True) == 12_920


def test_20_a_roll_closes_and_sells_the_next_weekly_in_one_step() -> None:
    days = [session(), session(dt.date(2026, 12, 1))]
    mine = plan(leg("pe", "sell", "PE", stop={"percent": 50}), product="NRML")
    mine["roll"] = {"dte": 0, "at": "15:00", "to": "next_weekly", "max": 12}
    mine["exit"] = {"sessions": 5, "at": "15:15"}
    script = at_entry(Script(mine, sessions=days))
    new = name(24_000, "PE", NEXT_WEEKLY)
    script.at("14:59:59", dt.date(2026, 12, 1))
    script.rows({"NIFTY": 24_010, "24000PE": 12.40, new: 96.75}).clock()
    rows = script.run()
    assert trades(rows)[1:] == [("exit", "pe", 0, "roll", 12.40), ("entry", "pe", 1, "roll", 96.75)]
    assert rows[-1]["symbol"] == new
    assert levels(rows, "pe") == [270.0, 145.15]


def test_21_a_leg_that_leaves_with_its_round_does_not_come_back() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    script = at_entry(Script(straddle(leg=again, overall={"stop": {"rupees": 3000}})))
    rows = script.at("10:00").rows({"24000CE": 252.0, "24000PE": 180.0}).run()
    assert trades(rows)[2:] == [
        ("exit", "ce", 0, "stop_loss", 252.0),
        ("exit", "pe", 0, "overall_stop", 180.0),
    ]
    assert moves(rows)[-1] == ("DONE", "overall_stop")


def test_22_cost_after_a_target_and_the_other_way_round() -> None:
    mine = leg("ce", "sell", "CE", target={"percent": 50})
    mine["reentry_on_target"] = {"as": "cost", "most": 1}
    script = at_entry(Script(plan(mine))).at("10:00")
    script.rows({"24000CE": 100.0}).rows({"24000CE": 99.50}).rows({"24000CE": 199.95})
    assert len(trades(script.run())) == 2
    rows = script.rows({"24000CE": 200.0}).run()
    assert trades(rows)[2:] == [("entry", "ce", 1, "cost", 200.0)]

    again = {"as": "cost_reverse", "most": 1}
    script = at_entry(Script(straddle(leg={"reentry_on_stop": again}))).at("10:00")
    script.rows({"24000CE": 251.0}).rows({"24000CE": 200.05})
    assert len(trades(script.run())) == 3
    rows = script.rows({"24000CE": 200.0}).run()
    assert (rows[-1]["side"], rows[-1]["price_paise"]) == ("BUY", 20_000)
    assert rows[-1]["numbers"]["stop"] == 15_000


def test_23_to_cost_leaves_a_long_without_a_stop_alone() -> None:
    mine = plan(
        leg("sc", "sell", "CE", stop={"percent": 25}),
        leg("sp", "sell", "PE", stop={"percent": 25}),
        leg("bp", "buy", "PE", strike=23_700),
        move_to_cost={"of": "all"},
    )
    script = Script(mine).at("09:19:59").rows(CONDOR | {"24000CE": 200, "NIFTY": 24_000}).clock()
    rows = script.at("10:00").rows({"24000CE": 250.0}).run()
    assert (levels(rows, "sp"), levels(rows, "bp")) == ([225.0, 180.0], [None])
    rows = script.rows({"24000PE": 180.0}).run()
    assert trades(rows)[-1] == ("exit", "sp", 0, "to_cost", 180.0)
    assert levels(rows, "bp") == [None]


def test_24_reversed_sides_alternate() -> None:
    again = {"stop": points(10), "reentry_on_stop": {"as": "asap_reverse", "most": 2}}
    script = at_entry(Script(plan(leg("ce", "sell", "CE", **again)))).at("10:00")
    for price in (210.0, 200.0, 210.0):
        script.rows({"24000CE": price, "NIFTY": 24_000})
    rows = script.run()
    sides = [row["side"] for row in rows if row["what"] == "entry"]
    assert sides == ["SELL", "BUY", "SELL"]
    assert levels(rows, "ce") == [210.0, 200.0, 210.0]
    assert len(trades(rows)) == 6


def test_25_cost_is_that_of_the_new_contract() -> None:
    mine = leg("ce", "sell", "CE", stop=points(10), target=points(20))
    mine |= {"reentry_on_stop": {"as": "asap", "most": 1}}
    mine |= {"reentry_on_target": {"as": "cost", "most": 1}}
    script = at_entry(Script(plan(mine))).at("10:00")
    script.rows({"24000CE": 210.0, "NIFTY": 24_100, "24100CE": 150.0}).rows({"24100CE": 130.0})
    script.rows({"24100CE": 149.95}).rows({"24100CE": 150.0})
    rows = script.run()
    assert trades(rows)[-1] == ("entry", "ce", 2, "cost", 150.0)


def test_26_levels_that_have_no_room() -> None:
    assert level({"percent": 25}, 5, 5, up=True) == 10
    assert level({"percent": 80}, 5, 5, up=False) is None
    mine = leg("ce", "sell", "CE", stop={"percent": 25}, target={"percent": 80})
    rows = at_entry(Script(plan(mine)), ce=0.05).run()
    assert rows[-2]["numbers"] == {"stop": 10, "target": None}


def test_27_rows_of_one_timestamp_reversed() -> None:
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    lists = []
    for turn in (1, -1):
        script = at_entry(Script(straddle(leg=again, move_to_cost={"of": "opposite"})))
        prices = {"24000CE": 250.40, "NIFTY": 24_108.0, "24100CE": 171.50, "24000PE": 190.0}
        script.at("10:00").rows(dict(list(prices.items())[::turn]))
        lists.append(canonical(script.run()))
    assert lists[0] == lists[1]
    assert len(lists[0]) > 8


def test_28_square_off_takes_shorts_before_longs() -> None:
    script = Script(condor(exit={"at": "15:25"})).at("09:19:59")
    script.rows(CONDOR | {"24000CE": 200.0}).clock()
    rows = script.at("15:19:59").rows(CONDOR | {"24000CE": 190.0}).clock().run()
    left = [row for row in rows if row["what"] == "exit"]
    assert [(row["leg"], row["reason"]) for row in left] == [
        (each, "square_off") for each in ("sc", "sp", "bc", "bp")
    ]
    assert len({row["input_no"] for row in left}) == 1


def test_29_a_wing_on_its_own_short_is_skipped() -> None:
    mine = plan(leg("s", "sell", "CE"), leg("b", "buy", "CE", strike={"leg": "s", "points": 0}))
    rows = at_entry(Script(mine)).run()
    assert moves(rows) == [("WAITING", "entry"), ("SKIPPED", "same_contract")]


def test_31_square_off_wins_over_a_later_exit() -> None:
    script = at_entry(Script(straddle(), sessions=[session(square_off="15:10")]))
    script.at("15:09:59").rows({"24000CE": 150.0, "24000PE": 150.0}).clock()
    rows = script.at("15:15").clock().run()
    assert {row[3] for row in trades(rows)[2:]} == {"square_off"}
    assert moves(rows)[-1] == ("DONE", "square_off")
