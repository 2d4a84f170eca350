"""A plan as written: keys, units, round trips, hints."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.chain.strike_rules import AtOffset, PremiumClosest
from daemon.domain.dates import HOUR_NS, MINUTE_NS
from daemon.errors import ConfigError
from daemon.plans.terms.base import Distance
from daemon.settings.check import fingerprint, render_config
from daemon.settings.config import Config, RiskConfig
from daemon.settings.file import load_config
from tests.plans.kit import decode, leg, straddle, with_leg


def written(path: Path, plan: dict[str, Any]) -> Path:
    file = path / "plans.yaml"
    file.write_text(msgspec.json.encode({"plans": {"list": [plan]}}).decode())  # JSON is YAML
    return file


def test_times_are_nanoseconds_since_midnight() -> None:
    plan = decode(straddle(entry={"at": "09:20:30", "until": "11:00"}, no_reentry_after="14:30"))
    assert plan.entry.at_ns == 9 * HOUR_NS + 20 * MINUTE_NS + MINUTE_NS // 2
    assert plan.entry.until_ns == 11 * HOUR_NS
    assert plan.no_reentry_after_ns == 14 * HOUR_NS + 30 * MINUTE_NS
    assert plan.exit is not None
    assert plan.exit.at_ns == 15 * HOUR_NS + 15 * MINUTE_NS
    assert plan.entry.within_ns == 30 * 10**9


def test_numbers_are_exact_as_written() -> None:
    plan = decode(with_leg(straddle(), stop={"percent": 0.1}, target={"points": 30.05}))
    stop, target = plan.legs[0].stop, plan.legs[0].target
    assert stop is not None
    assert target is not None
    assert stop.distance(20_000) == 20
    assert stop.distance(12_345) == Fraction(12_345, 1000)
    assert target.distance(20_000) == 3_005
    assert Distance(percent=33.3).of(100) == Fraction(333, 10)


def test_a_level_of_the_underlying_is_no_distance_of_the_premium() -> None:
    plan = decode(with_leg(straddle(), stop={"underlying_percent": 0.5}))
    stop = plan.legs[0].stop
    assert stop is not None
    assert stop.distance(20_000) is None
    assert stop.underlying_distance(2_402_500) == Fraction(24_025, 2)


def test_a_strike_that_is_not_written_is_atm_and_a_future_has_none() -> None:
    plan = decode(straddle(legs=[leg("ce"), leg("f", type_="FUT", expiry="monthly")]))
    assert [each.strike_rule for each in plan.legs] == [AtOffset(0), None]


def test_only_of_the_leg_narrows_its_choice_by_premium() -> None:
    plan = decode(with_leg(straddle(), strike={"premium_closest": 125}, only="otm"))
    assert plan.legs[0].strike_rule == PremiumClosest(12_500, "otm")


def test_a_plan_survives_the_runs_own_copy_of_its_configuration(tmp_path: Path) -> None:
    plan = with_leg(straddle(), strike={"leg": "pe", "points": 200}, breakout=None)
    config = load_config(written(tmp_path, plan))
    assert msgspec.json.decode(render_config(config), type=Config) == config
    assert fingerprint(config) != fingerprint(load_config(written(tmp_path, straddle())))


def test_configurations_without_plans_keep_their_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    file.write_text("version: 1\n")
    empty = tmp_path / "empty.yaml"
    empty.write_text("version: 1\nplans: {list: []}\n")
    assert fingerprint(load_config(file)) == fingerprint(load_config(empty))
    assert fingerprint(load_config(file)) == fingerprint(Config())


def test_limits_of_rounds_are_settings_of_risk() -> None:
    assert RiskConfig(min_minutes_between_rounds=1.5).between_rounds_ns == 90 * 10**9
    assert RiskConfig().between_rounds_ns == 0


@pytest.mark.parametrize(
    ("plan", "hint"),
    [
        (with_leg(straddle(), sl={"percent": 3}), "legs[0].sl: unknown key; did you mean 'stop'?"),
        (with_leg(straddle(), tgt={"points": 3}), "did you mean 'target'?"),
        (with_leg(straddle(), wait_and_trade={}), "did you mean 'momentum'?"),
        (with_leg(straddle(), re_cost=2), "did you mean 'reentry_on_stop'?"),
        (with_leg(straddle(), again_on_stop={}), "did you mean 'reentry_on_stop'?"),
        (straddle(mtm={}), "list[0].mtm: unknown key; did you mean 'overall'?"),
        (straddle(entry={"at": "09:20", "hedge_first": True}), "did you mean 'hedges_first'?"),
        (straddle(square_of="partial"), "did you mean 'square_off'?"),
        (straddle(exit={"at": "25:15"}), "exit.at: expected text like"),
        (straddle(exit={"at": 915}), "exit.at: expected text"),
        (straddle(days=[]), "list[0].days: "),
        (straddle(legs=[]), "list[0].legs: "),
        (straddle(skip_dates=["1 Jan"]), "expected a date such as"),
        (with_leg(straddle(), reentry_on_stop={"as": "asap", "most": 21}), "<= 20, was 21"),
        (with_leg(straddle(), side="SELL"), "expected one of buy, sell, was 'SELL'"),
        (with_leg(straddle(), id="a-leg-of-21-character"), "legs[0].id: "),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(
    tmp_path: Path, plan: dict[str, Any], hint: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(written(tmp_path, plan))
    assert hint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_check_refuses_stands_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "plans:\n  list:\n    - id: p\n      underlying: NIFTY\n      entry: {at: 09:20}\n"
        "      exit: {at: 15:15}\n      legs:\n"
        "        - {id: ce, side: sell, type: CE, expiry: weekly, strike: OTM}\n"
    )
    with pytest.raises(ConfigError, match=r"a.yaml:8: plans.list\[0\].legs\[0\].strike: expected"):
        load_config(file)


def test_a_plan_may_not_have_the_id_of_a_strategy(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    row = {"id": "p", "module": "strategies.short_straddle", "class": "ShortStraddle"}
    text = msgspec.json.encode({"plans": {"list": [straddle()]}, "strategies": {"list": [row]}})
    file.write_bytes(text)
    with pytest.raises(ConfigError, match="'p' is a strategy's id too"):
        load_config(file)


def test_p14_a_plan_has_no_momentum_of_its_own() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `momentum`"):
        decode(straddle(momentum={"up": {"points": 10}}))
