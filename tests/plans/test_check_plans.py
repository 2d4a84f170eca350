"""What `check` says of plans with the contracts, the session and the tables of a date."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.cli.check import Checked, check_file
from daemon.errors import ConfigError
from daemon.plans.terms.plan import Plans
from daemon.plans.terms.plan_checks import plan_errors
from daemon.plans.terms.warnings import plan_warnings
from daemon.plans.terms.words import plan_text
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.plan_exits import coming_sessions, late_exits
from daemon.settings.config import Config
from tests.plans.kit import decode, leg, straddle, with_leg
from tests.plans.random_plans import random_plan


def checked(path: Path, plan: dict[str, Any], **more: Any) -> Checked:
    file = path / "plans.yaml"
    given = {"feed": {"kind": "synthetic"}, "plans": {"list": [plan]}, **more}
    file.write_bytes(msgspec.json.encode(given))  # JSON is YAML
    return check_file(file)


def test_each_plan_is_said_in_plain_words(tmp_path: Path) -> None:
    plan = straddle(move_to_cost={}, overall={"stop": {"rupees": 4000}})
    found = checked(tmp_path, plan)
    assert found.plans == (
        "plan p: Each session at 09:20, looking at NIFTY's spot price, it sells 1 lot of the "
        "weekly ATM CE (ce) [stop 25 %] and sells 1 lot of the weekly ATM PE (pe) [stop 25 %]. "
        "If one of these first legs is not filled within 30 s, all of them are closed. When a "
        "leg's stop is hit, the stop of the legs of the other option type moves to its entry "
        "price. The round leaves at a loss of Rs 4,000. Everything still open is closed at 15:15, "
        "or by the MIS square-off if that is earlier.",
    )
    assert found.warnings == []


@pytest.mark.parametrize(
    ("plan", "warning"),
    [
        (straddle(exit={"at": "15:25"}), "plans.list[0].exit: exit_after_square_off: on 2026-11-18 "
         "MIS is squared off at 15:20:00, before 15:25; write an earlier exit"),
        (with_leg(straddle(), strike="OTM9"), "plans.list[0].legs[0].strike: 9 strikes from ATM, "
         "but an expiry has 7 in the universe"),
        (with_leg(straddle(), strike=24913), "plans.list[0].legs[0].strike: no expiry in the "
         "universe has the strike 24913; its strikes are from 24850 to 25150"),
        (straddle(underlying="RELIANCE", legs=[leg("ce", expiry="monthly", stop={"points": 5})]),
         "plans.list[0].underlying: the universe has no contract of RELIANCE"),
        (straddle(legs=[leg("ce")]), "plans.list[0].legs[0]: ce is sold without stop"),
    ],
)  # fmt: skip
def test_what_the_market_of_the_day_makes_odd_is_a_warning(
    tmp_path: Path, plan: dict[str, Any], warning: str
) -> None:
    found = checked(tmp_path, plan).warnings
    assert [each for each in found if each.startswith(warning)], found


def test_weekly_contracts_that_there_are_none_of_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"legs\[0\].expiry: BANKNIFTY has no weekly contracts"):
        checked(tmp_path, straddle(underlying="BANKNIFTY"))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("NIFTTY", "did you mean 'NIFTY'?"), ("nifty", "did you mean 'NIFTY'?"),
     ("RELIANCE", "write monthly or next_monthly")],
)  # fmt: skip
def test_a_name_that_is_nearly_an_index_is_asked_about(
    tmp_path: Path, name: str, advice: str
) -> None:
    with pytest.raises(ConfigError, match=f"no weekly contracts on [0-9-]+; {re.escape(advice)}$"):
        checked(tmp_path, straddle(underlying=name))


def test_a_live_configuration_is_judged_by_the_tables_alone(tmp_path: Path) -> None:
    live = {"feed": {"kind": "kite"}}
    assert checked(tmp_path, straddle(), **live).plans[0].startswith("plan p: Each session")
    with pytest.raises(ConfigError, match="has no weekly contracts"):
        checked(tmp_path, straddle(underlying="BANKNIFTY"), **live)


def test_p46_an_exit_after_square_off_is_told_live_too(tmp_path: Path) -> None:
    live = {"feed": {"kind": "kite"}}
    start = "plans.list[0].exit: exit_after_square_off: on "
    late = checked(tmp_path, straddle(exit={"at": "15:25"}), **live).warnings
    assert len([each for each in late if each.startswith(start)]) == 1
    early = checked(tmp_path, straddle(exit={"at": "15:00"}), **live).warnings
    assert not [each for each in early if each.startswith(start)]


def test_p46_of_a_week_each_time_of_square_off_is_told_once_by_its_first_date() -> None:
    """From 7 Dec 2026 on the contracts that expire close earlier than the others."""
    plans = Plans(items=[decode(straddle(exit={"at": "15:16"}))])
    config = Config(plans=plans)
    monday = dt.date(2026, 12, 7)
    [found] = late_exits(config, load_rules(config), coming_sessions(monday))
    assert "on 2026-12-08 MIS is squared off at 15:" in found
    assert not list(late_exits(config, load_rules(config), [monday]))


def test_a_plan_that_is_switched_off_is_not_warned_of(tmp_path: Path) -> None:
    found = checked(tmp_path, straddle(underlying="BANKNIFTY", enabled=False, exit={"at": "15:25"}))
    assert found.warnings == []
    assert "It is switched off." in found.plans[0]


WORDS: list[tuple[dict[str, Any], str]] = [
    (straddle(days=["mon", "wed"], dte=[0, 1, 2]),
     "On Mondays and Wednesdays, on expiry day or 1 or 2 sessions before expiry day at 09:20"),
    (straddle(dte=[1]), "1 session before expiry day at 09:20"),
    (straddle(square_off="complete"), "When one leg's stop or target is hit, every leg is closed."),
    (straddle(product="NRML", exit={"sessions": 1, "at": "09:20"}),
     "closed at 09:20, 1 session after the entry."),
    (straddle(product="NRML", exit={"dte": 2, "at": "09:20"}),
     "closed at 09:20 2 sessions before expiry day."),
    (straddle(product="NRML", exit=None, roll={"dte": 0, "at": "15:00", "to": "next_weekly"}),
     "At 15:00 on expiry day, open legs move to the next weekly, at most 12 times."),
    (with_leg(straddle(), strike={"leg": "pe", "steps": 4}), "CE 4 strikes beyond that of pe"),
    (with_leg(straddle(), strike={"straddle_percent": 40, "how": "at_most"}),
     "CE with a premium at most 40 % of the ATM straddle"),
    (with_leg(straddle(), strike={"delta_between": [0.2, 0.3], "only": "otm"}),
     "CE with a delta of 0.2 to 0.3, out of the money only"),
    (with_leg(straddle(), strike=24000), "24000 CE"),
    (with_leg(straddle(), trail={"every": {"points": 10}, "by": {"points": 5},
                                 "after": {"points": 20}, "lock": {"points": 10}}),
     "stop 25 %, which follows by 5 points for every 10 points once 20 points are made, from 10 "
     "points beyond the entry"),
    (with_leg(straddle(), reentry_on_stop={"as": "asap_reverse", "most": 2}),
     "after a stop enters again at once with a strike chosen again on the opposite side, at most "
     "twice"),
    (straddle(overall={"stop": {"points": 30}, "trail": {"every": 500, "by": 250},
                       "lock": {"at": 5000, "keep": 3000},
                       "reentry_on_stop": {"as": "asap_reverse", "most": 3}}),
     "another round begins on the opposite sides once all is closed, at most 3 times"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "text"), WORDS, ids=[text[:40] for _, text in WORDS])
def test_the_words_of_each_part(plan: dict[str, Any], text: str) -> None:
    assert text in plan_text(decode(plan))


def test_every_plan_without_errors_has_words_and_can_be_judged() -> None:
    told = 0
    for seed in range(4_000):
        plan = random_plan(random.Random(seed))
        if list(plan_errors((), plan)):
            continue
        told += 1
        text = plan_text(plan)
        assert "\n" not in text
        assert plan.entry.at in text
        assert all("\n" not in finding.text for finding in plan_warnings((), plan))
    assert told >= 5
