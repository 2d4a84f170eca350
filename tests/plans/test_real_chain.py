"""Plans on a real option chain, all contracts of a minute in one timestamp."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import Any, Final

import pytest

from daemon.domain.events import TradingEvent
from tests.oracle.plan_compare import Mapper, compare, rows_of, run_engine
from tests.oracle.plan_engine import run
from tests.oracle.plan_random import numbered, reversed_rows
from tests.oracle.plan_scenario import Input, Scenario, canonical
from tests.plans.real_chain import needs_chain, real_scenario

pytestmark = needs_chain


def leg(id_: str, side: str, kind: str, strike: Any, **more: Any) -> dict[str, Any]:
    return {"id": id_, "side": side, "type": kind, "expiry": "monthly", "strike": strike, **more}


def plan(id_: str, *legs: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"at": "09:20:00"} | more.pop("entry", {})
    given = {"id": id_, "underlying": "NIFTY", "entry": entry, "exit": {"at": "10:10:00"}}
    return {**given, "legs": [{"lots": 1, **each} for each in legs], **more}


def percent(x: float) -> dict[str, float]:
    return {"percent": x}


ASAP: Final = {"stop": percent(3), "reentry_on_stop": {"as": "asap", "most": 5}}
COST: Final = {"stop": percent(4), "reentry_on_stop": {"as": "cost", "most": 3}}
LAZY: Final = {"stop": percent(4), "reentry_on_stop": {"as": "lazy", "leg": "z", "most": 2}}
Z: Final = leg("z", "sell", "CE", "ATM", stop=percent(3), momentum={"down": percent(1)})
UP: Final = {"up": percent(2)}
PLANS: Final = (
    plan("asap", leg("ce", "sell", "CE", "ATM", **ASAP), leg("pe", "sell", "PE", "ATM", **ASAP)),
    plan(
        "cost", leg("ce", "sell", "CE", "OTM1", **COST), leg("pe", "sell", "PE", "OTM1", **COST),
        move_to_cost={"of": "opposite"},
    ),
    plan(
        "condor",
        leg("sc", "sell", "CE", {"premium_closest": 60}),
        leg("sp", "sell", "PE", {"premium_closest": 60}),
        leg("bc", "buy", "CE", {"leg": "sc", "points": 300}),
        leg("bp", "buy", "PE", {"leg": "sp", "points": 300}),
        overall={
            "stop": {"rupees": 60}, "lock": {"at": 100, "keep": 40, "every": 50, "by": 40},
            "reentry_on_stop": {"as": "asap", "most": 4},
        },
    ),
    plan(
        "momentum",
        leg("ce", "buy", "CE", {"straddle_percent": 40}, momentum=UP, **ASAP),
        leg("pe", "buy", "PE", {"straddle_percent": 40}, momentum=UP, **ASAP),
        one_of=["ce", "pe"],
    ),
    plan(
        "lazy",
        leg("ce", "sell", "CE", {"delta_closest": 0.4}, **LAZY),
        leg("pe", "sell", "PE", {"delta_closest": 0.4}, **LAZY),
        lazy_legs=[{"lots": 1, **Z}],
    ),
    plan(
        "underlying",
        leg("ce", "sell", "CE", {"straddle_width": 0.5}, stop={"underlying_points": 15},
            reentry_on_stop={"as": "asap", "most": 5}),
        leg("pe", "sell", "PE", {"straddle_width": 0.5}, stop={"underlying_points": 15},
            reentry_on_stop={"as": "asap", "most": 5}),
        reference="synthetic",
    ),
    plan(
        "breakout",
        leg("ce", "buy", "CE", "ATM", stop={"range": "opposite"}, breakout={
            "from": "09:16", "to": "09:20", "side": "high", "of": "underlying"}),
        leg("pe", "buy", "PE", "ATM", stop=percent(5), breakout={
            "from": "09:16", "to": "09:20", "side": "high", "of": "premium"}),
    ),
)  # fmt: skip


@cache
def scenario() -> Scenario:
    return real_scenario(PLANS)


@cache
def told() -> list[TradingEvent]:
    return run_engine(scenario(), 100_000)


def shuffled_rows(found: Scenario, seed: int) -> Scenario:
    """Return the same inputs, those of each timestamp in a random order."""
    rng = random.Random(seed)
    place = {item.input_no: rng.random() for item in found.inputs}
    end = found.inputs[-1]
    inputs = sorted(found.inputs[:-1], key=lambda item: (item.ts, place[item.input_no]))
    return Scenario(found.setup, numbered([*inputs, end]))


def lines(found: Scenario) -> list[str]:
    return canonical(rows_of(found, run_engine(found, 100_000)))


def test_the_plans_do_on_a_real_chain_what_the_oracle_says() -> None:
    difference = compare(scenario(), run(scenario()))
    assert not difference, difference


def test_the_plans_come_back_on_a_real_chain() -> None:
    """The properties below are worth what happens here."""
    reasons: Counter[str] = Counter(line.reason for line in Mapper(scenario()).lines(told()))
    wanted = {
        "stop_loss", "asap", "cost", "to_cost", "lazy", "momentum", "overall_stop", "breakout",
        "leg_stop_underlying", "floor", "plan_exit", "reentry", "range", "dropped",
    }  # fmt: skip
    assert wanted <= set(reasons), sorted(wanted - set(reasons))


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_one_timestamp_in_any_order_give_the_same_events(seed: int) -> None:
    """But for `seq` and `input_no`: a real chain's contracts tick together."""
    found = reversed_rows(scenario()) if seed == 0 else shuffled_rows(scenario(), seed)
    assert [item.symbol for item in found.inputs] != [item.symbol for item in scenario().inputs]
    assert lines(found) == canonical(rows_of(scenario(), told()))


def test_rows_one_by_one_decide_what_blocks_decide() -> None:
    assert run_engine(scenario(), 1) == told()


def test_the_chain_ticks_together() -> None:
    ticks = Counter(item.ts for item in scenario().inputs if isinstance(item, Input))
    assert min(ticks.values()) > 40
