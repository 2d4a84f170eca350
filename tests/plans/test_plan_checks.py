"""Every error of `check` in the rules of plans, and what a trader is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plans.kit import decode, errors, leg, straddle, warnings, with_leg

MOMENTUM = {"up": {"points": 15}}
BREAKOUT = {"from": "09:16", "to": "09:30", "side": "high"}
NRML = {"product": "NRML"}


def lazies(count: int) -> list[dict[str, Any]]:
    found = [leg(f"z{number}", stop={"percent": 30}) for number in range(count)]
    for number, each in enumerate(found[:-1]):
        each["reentry_on_stop"] = {"as": "lazy", "leg": f"z{number + 1}"}
    return found


def armed(count: int) -> dict[str, Any]:
    again = {"as": "lazy", "leg": "z0"}
    return with_leg(straddle(lazy_legs=lazies(count)), reentry_on_stop=again)


VALID: list[dict[str, Any]] = [
    straddle(),
    armed(10),
    straddle(roll={"dte": 0, "at": "15:00", "to": "next_weekly"}, exit=None, **NRML),
    straddle(legs=[leg("ce", "buy", breakout=BREAKOUT)]),  # nothing sold waits for it
    with_leg(straddle(), 1, strike={"leg": "ce", "points": 200}),
    with_leg(straddle(), stop={"range": "opposite"}, breakout={**BREAKOUT, "of": "underlying"},
             reentry_on_stop={"as": "asap"}),
    straddle(overall={"stop": {"rupees": 5000}, "trail": {"every": 1000, "by": 1000}}),
    with_leg(straddle(overall={"stop": {"rupees": 900}, "reentry_on_stop": {"as": "momentum"}}),
             stop={"range": "opposite"}, breakout=BREAKOUT),
]  # fmt: skip


@pytest.mark.parametrize("plan", VALID)
def test_a_plan_that_makes_sense_has_no_errors(plan: dict[str, Any]) -> None:
    assert errors(plan) == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    (with_leg(straddle(), id="pe"), "legs[1].id: 'pe' is already legs[0]"),
    (with_leg(straddle(), strike="OTM"), "legs[0].strike: expected ATM"),
    (with_leg(straddle(), only="otm"), "legs[0].only: only narrows"),
    (with_leg(straddle(), type="FUT"), "legs[0].expiry: expected monthly"),
    (with_leg(straddle(), type="FUT", expiry="monthly", strike="ATM"), "a future has no strike"),
    (with_leg(straddle(), stop={}), "legs[0].stop: expected exactly one of points"),
    (with_leg(straddle(), stop={"points": 3, "percent": 3}), "was points and percent"),
    (with_leg(straddle(), stop={"range": "opposite"}), "the range is that of `breakout`"),
    (with_leg(straddle(), stop={"range": "opposite"}, breakout=BREAKOUT,
              reentry_on_stop={"as": "asap"}), "legs[0].stop.range: range: opposite"),
    (with_leg(straddle(), stop={"range": "opposite"}, breakout={**BREAKOUT, "of": "underlying"},
              reentry_on_stop={"as": "cost_reverse"}), "legs[0].stop.range: range: opposite"),
    (with_leg(straddle(overall={"stop": {"rupees": 900}, "reentry_on_stop": {"as": "asap"}}),
              stop={"range": "opposite"}, breakout=BREAKOUT),
     "overall.reentry_on_stop: the stop of leg ce is the range"),
    (with_leg(straddle(overall={"target": {"rupees": 900},
                                "reentry_on_target": {"as": "momentum_reverse"}}),
              stop={"range": "opposite"}, breakout={**BREAKOUT, "of": "underlying"}),
     "overall.reentry_on_target: the stop of leg ce is the range"),
    (with_leg(straddle(), stop=None, trail={"every": {"points": 1}, "by": {"points": 1}}),
     "legs[0].trail: it moves a stop"),
    (with_leg(straddle(), trail={"every": {"points": 0}, "by": {"points": 1}}),
     "legs[0].trail.every: expected more than 0"),
    (with_leg(straddle(), trail={"every": {}, "by": {"points": 1}}), "was none"),
    (with_leg(straddle(), momentum={}), "legs[0].momentum: expected exactly one of up, down"),
    (with_leg(straddle(), momentum=MOMENTUM, breakout=BREAKOUT), "not together with momentum"),
    (with_leg(straddle(), breakout={**BREAKOUT, "to": "09:16"}), "legs[0].breakout.to: expected"),
    (with_leg(straddle(), breakout={**BREAKOUT, "strike_at": "start"}), "of: premium watches"),
    (with_leg(straddle(), stop=None, reentry_on_stop={"as": "asap"}), "has no effect without stop"),
    (with_leg(straddle(), reentry_on_target={"as": "asap"}), "has no effect without target"),
    (with_leg(straddle(), reentry_on_stop={"as": "lazy"}), "lazy needs the lazy leg"),
    (with_leg(straddle(), reentry_on_stop={"as": "asap", "leg": "pe"}), "goes with as: lazy only"),
    (with_leg(straddle(), reentry_on_stop={"as": "asap", "cost_of": "last"}), "as: cost only"),
    (with_leg(straddle(), reentry_on_stop={"as": "cost", "momentum": MOMENTUM}), "momentum only"),
    (with_leg(straddle(), reentry_on_stop={"as": "momentum"}), "what is waited for is not said"),
    (with_leg(straddle(), reentry_on_stop={"as": "lazy", "leg": "pe"}), "the id of a lazy leg"),
    (armed(11), "legs[0].reentry_on_stop.leg: expected at most 10 lazy legs"),
    (with_leg(straddle(), strike={"leg": "x"}), "legs[0].strike.leg: expected the id of a leg"),
    (with_leg(straddle(), strike={"leg": "ce"}), "in a circle: ce -> ce"),
    (with_leg(with_leg(straddle(), strike={"leg": "pe"}), 1, strike={"leg": "ce"}),
     "in a circle: ce -> pe -> ce"),
    (with_leg(with_leg(straddle(), strike={"leg": "pe"}), 1, momentum=MOMENTUM),
     "pe is not entered at entry.at"),
    (straddle(exit=None), "exit: expected when the round ends"),
    (straddle(exit={"at": "09:20"}), "exit.at: expected a time after entry.at"),
    (straddle(entry={"at": "09:20", "until": "09:20"}), "entry.until: expected a time after"),
    (straddle(no_reentry_after="09:00"), "no_reentry_after: expected a time after"),
    (straddle(exit={"at": "15:00", "dte": 0, "sessions": 1}, **NRML), "expected dte or sessions"),
    (straddle(exit={"at": "15:00", "dte": 0}), "exit: MIS is squared off the same day"),
    (straddle(roll={"dte": 1, "at": "15:00", "to": "next_weekly"}), "write product: NRML to roll"),
    (straddle(roll={"dte": 0, "at": "15:00", "to": "next_weekly"},
              exit={"dte": 0, "at": "15:00:00"}, **NRML), "roll: the same dte and time as exit"),
    (straddle(roll={"dte": 0, "at": "15:30", "to": "next_weekly"}, **NRML), "before 15:30"),
    (straddle(roll={"dte": 0, "at": "15:00", "to": "weekly"}, **NRML), "write next_weekly"),
    (straddle(roll={"dte": 0, "at": "15:00", "to": "next_weekly"}, **NRML,
              legs=[leg("f", type_="FUT", expiry="monthly")]), "as f is a future"),
    (straddle(legs=[leg("ce"), leg("h", "buy", momentum=MOMENTUM)]), "legs[1].momentum: with hedg"),
    (straddle(legs=[leg("ce"), leg("h", "buy", breakout=BREAKOUT)]), "legs[1].breakout: with hedg"),
    (straddle(move_to_cost={}, square_off="complete"), "move_to_cost: square_off: complete"),
    (straddle(move_to_cost={"of": ["x"]}), "move_to_cost.of: expected the id of a leg"),
    (straddle(move_to_cost={"of": []}), "expected opposite, all or ids of legs"),
    (straddle(legs=[leg("ce"), leg("pe", type_="PE")], move_to_cost={}), "no leg has one"),
    (straddle(one_of=["ce"]), "one_of: expected at least two legs"),
    (straddle(one_of=["ce", "x"]), "one_of: expected the id of a leg, was 'x'"),
    (straddle(one_of=["ce", "pe"]), "one_of: ce enters at entry.at"),
    (straddle(overall={"stop": {}}), "overall.stop: expected exactly one of rupees"),
    (straddle(overall={"trail": {"every": 1, "by": 1}}), "overall.trail: has no effect without"),
    (straddle(overall={"stop": {"rupees": 1}, "trail": {"every": 1, "by": 2}}),
     "overall.trail.by: expected at most every (1)"),
    (straddle(overall={"lock": {"at": 5, "keep": 5}}), "overall.lock.keep: expected less than at"),
    (straddle(overall={"lock": {"at": 5, "keep": 3, "every": 1}}), "overall.lock.every: has no"),
    (straddle(overall={"lock": {"at": 5, "keep": 3, "every": 1, "by": 2}}), "the floor would pass"),
    (straddle(overall={"reentry_on_stop": {"as": "asap"}}), "without stop or lock"),
    (straddle(overall={"reentry_on_target": {"as": "asap"}}), "has no effect without target"),
    (straddle(overall={"stop": {"premium_percent": 5}},
              legs=[leg("f", type_="FUT", expiry="monthly")]), "counts options"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "text"), REFUSED, ids=[text[:40] for _, text in REFUSED])
def test_what_contradicts_itself_is_refused(plan: dict[str, Any], text: str) -> None:
    found = errors(plan)
    assert [each for each in found if text in each], found


def test_lazy_legs_in_a_circle_are_refused() -> None:
    plan = armed(2)
    plan["lazy_legs"][1]["reentry_on_stop"] = {"as": "lazy", "leg": "z0"}
    assert "in a circle: z0 -> z1 -> z0" in errors(plan)[0]


WARNED: list[tuple[dict[str, Any], str]] = [
    (with_leg(straddle(), side="buy", stop={"percent": 100}), "legs[0].stop: 100 % below"),
    (with_leg(straddle(), target={"percent": 120}), "legs[0].target: 120 % is never reached"),
    (with_leg(straddle(), trail={"every": {"points": 1}, "by": {"points": 2}}), "overtakes"),
    (with_leg(straddle(), strike="ITM2"), "legs[0].strike: ITM2 is in the money"),
    (with_leg(straddle(), strike={"premium_closest": 90}), "only: otm prevents it"),
    (with_leg(straddle(), strike={"delta_closest": 0.6}), "only: otm prevents it"),
    (with_leg(straddle(), strike={"straddle_percent": 60}), "only: otm prevents it"),
    (with_leg(straddle(square_off="complete"), reentry_on_stop={"as": "asap"}), "reentry_never"),
    (straddle(roll={"dte": 1, "at": "15:00", "to": "next_weekly"},
              exit={"dte": 0, "at": "15:00"}, **NRML), "exit: each roll postpones it"),
    (straddle(dte=[0, 2], exit={"dte": 1, "at": "15:00"}, **NRML), "exit.dte: a round that beg"),
    (straddle(legs=[leg("ce"), leg("h", "buy", strike="OTM4")],
              overall={"stop": {"premium_percent": 10}}), "overall.stop: thin_premium_basis"),
    (straddle(legs=[leg("ce"), leg("h", "buy")]), "legs[1]: the contract of ce"),
    (straddle(legs=[leg("ce"), leg("h", "buy", strike="OTM4")],
              entry={"at": "09:20", "if_incomplete": "keep"}), "keep may leave a sold leg"),
    (straddle(legs=[leg("ce", stop={"points": 9})], move_to_cost={}), "nothing moves"),
    (straddle(lazy_legs=lazies(1)), "lazy_legs[0]: no re-entry names z0"),
    (with_leg(straddle(), breakout={**BREAKOUT, "to": "15:15"}), "it never enters"),
    (straddle(overall={"stop": {"rupees": 1}, "reentry_on_stop": {"as": "momentum"}}),
     "no leg waits for momentum"),
    (straddle(legs=[leg("ce")]), "legs[0]: ce is sold without stop, hedge or overall.stop"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "text"), WARNED, ids=[text[:40] for _, text in WARNED])
def test_what_a_trader_would_regret_is_said(plan: dict[str, Any], text: str) -> None:
    found = warnings(plan)
    assert [each for each in found if text in each], found


def test_a_usual_straddle_is_warned_of_nothing() -> None:
    assert warnings(straddle()) == []


def test_an_exit_before_the_roll_of_its_day_is_not_postponed() -> None:
    roll = {"dte": 0, "at": "15:00", "to": "next_weekly"}
    plan = straddle(roll=roll, exit={"dte": 0, "at": "14:00"}, **NRML)
    assert warnings(plan) == []


def test_a_leg_is_found_by_its_id_lazy_or_not() -> None:
    plan = decode(armed(1))
    assert plan.leg("pe").type == "PE"
    assert plan.leg("z0") is plan.lazy_legs[0]
    with pytest.raises(KeyError):
        plan.leg("x")
