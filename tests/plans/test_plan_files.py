"""Plans as files: the template, JSON to paste, exports of AlgoTest."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from daemon.errors import ConfigError, UsageError
from daemon.files.yaml_document import Document
from daemon.files.yaml_tree import parse_tree
from daemon.main import app
from daemon.plan_files.exchange import export_json, import_json
from daemon.plan_files.template import template_text
from daemon.plan_files.written import written, yaml_text
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.plan_checks import plan_errors
from daemon.settings.config import Config
from tests.plans.kit import decode, straddle, with_leg
from tests.plans.random_plans import random_plan

RUN = CliRunner()


@pytest.mark.parametrize("seed", range(150))
def test_json_and_yaml_of_a_plan_mean_the_same_plan(seed: int) -> None:
    plan = random_plan(random.Random(seed))
    assert msgspec.convert(written(plan), Plan) == plan
    document = Document(parse_tree(yaml_text([plan]).encode(), "t"), "t")
    assert document.to(Config).plans.items == [plan]
    if not list(plan_errors((), plan)):
        assert import_json(export_json(plan).encode(), "t")[0].plan == plan


def test_a_valid_plan_comes_back_from_its_json() -> None:
    plan = decode(with_leg(straddle(), strike={"delta_closest": 0.3}, trail={
        "every": {"points": 10}, "by": {"points": 5.5}, "after": {"percent": 2.5},
    }))  # fmt: skip
    [found] = import_json(export_json(plan).encode(), "t")
    assert found.plan == plan
    assert found.notes == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "t: expected JSON"),
        ("[" * 5000, "t: expected JSON"),
        ("[]", "expected an export of this program"),
        ('{"version": 2, "plan": {}}', "version: expected 1, was 2"),
        ('{"version": 1, "plan": {}, "x": 1}', "x: unknown key"),
        ('{"version": 1, "plan": []}', "plan: expected a mapping"),
        ('{"version": 1, "plan": {"id": "a"}}', "t: expected the key"),
    ],
)
def test_json_of_something_else_is_refused_in_one_line(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        import_json(text.encode(), "t")
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def at(hour: int, minute: int) -> dict[str, Any]:
    value = {"IndicatorName": "IndicatorType.TimeIndicator",
             "Parameters": {"Hour": hour, "Minute": minute}}  # fmt: skip
    return {"Type": "IndicatorTreeNodeType.OperandNode", "OperandType": "OperandType.And",
            "Value": [{"Type": "IndicatorTreeNodeType.DataNode", "Value": value}]}  # fmt: skip


def theirs(id_: str = "leg1", kind: str = "CE", **more: Any) -> dict[str, Any]:
    off: dict[str, Any] = {"Type": "None", "Value": 0}
    return {
        "id": id_, "PositionType": "PositionType.Sell", "InstrumentKind": f"LegType.{kind}",
        "ExpiryKind": "ExpiryType.Weekly", "EntryType": "EntryType.EntryByStrikeType",
        "StrikeParameter": "StrikeType.ATM", "LotConfig": {"Type": "LotType.Quantity", "Value": 2},
        "LegStopLoss": {"Type": "LegTgtSLType.Percentage", "Value": 25}, "LegTarget": off,
        "LegTrailSL": {"Type": "None", "Value": {}}, "LegMomentum": off,
        "LegReentrySL": {"Type": "None", "Value": {}}, "LegReentryTP": off, **more,
    }  # fmt: skip


def definition(*legs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Ticker": "NIFTY", "TakeUnderlyingFromCashOrNot": "True", "TrailSLtoBreakeven": "False",
        "SquareOffAllLegs": "False", "EntryIndicators": at(9, 20), "ExitIndicators": at(15, 5),
        "StrategyType": "StrategyType.IntradaySameDay", "MaxPositionInADay": 1,
        "ReentryTimeRestriction": "None", "SkipInitialCandles": 0, "WeeklyOldRegime": True,
        "ListOfLegConfigs": list(legs) or [theirs()], "IdleLegConfigs": {},
        "OverallSL": {"Type": "None", "Value": 0}, **more,
    }  # fmt: skip


def imported(value: Any) -> tuple[Plan, tuple[str, ...]]:
    [found] = import_json(msgspec.json.encode(value), "t")
    return found


def test_a_straddle_of_algotest_is_the_straddle_here() -> None:
    plan, notes = imported({"name": "9:20 (copy)", "strategy": definition(
        theirs("a"), theirs("b", "PE"), TrailSLtoBreakeven="True",
        OverallSL={"Type": "OverallTgtSLType.MTM", "Value": 6000},
        LockAndTrail={"Type": "TrailingOption.LockAndTrail", "Value": {
            "ProfitReaches": 5000, "LockProfit": 3000, "IncreaseInProfitBy": 1000,
            "TrailProfitBy": 700}},
    )})  # fmt: skip
    assert notes == ()
    leg = {"side": "sell", "expiry": "weekly", "strike": "ATM", "lots": 2, "stop": {"percent": 25}}
    legs = [{"id": "a", "type": "CE", **leg}, {"id": "b", "type": "PE", **leg}]
    assert plan == decode({
        "id": "9-20-copy", "underlying": "NIFTY", "entry": {"at": "09:20:00"},
        "exit": {"at": "15:05:00"}, "legs": legs, "move_to_cost": {"of": "all"},
        "overall": {"stop": {"rupees": 6000},
                    "lock": {"at": 5000, "keep": 3000, "every": 1000, "by": 700}},
    })  # fmt: skip


def test_a_portfolio_gives_days_multiplier_and_every_plan() -> None:
    days = dict.fromkeys(("monday", "tuesday", "thursday", "friday"), True) | {"wednesday": False}
    item = {"id": "7", "checked": True, "dte": [0, 1], "multiplier": 3, "weekdays": days}
    value = {"version": "0.7", "data": {
        "portfolio": {"name": "P", "items": [item]},
        "strategies": {"7": {"name": "X", "attributes": {}, "definition": definition()},
                       "8": {"name": "Y", "attributes": {}, "definition": definition()}},
    }}  # fmt: skip
    first, second = (each.plan for each in import_json(msgspec.json.encode(value), "t"))
    assert (first.id, first.dte, first.multiplier) == ("X", (0, 1), 3)
    assert first.days == ("mon", "tue", "thu", "fri")
    assert (second.id, second.dte, second.days) == ("Y", None, None)


STRIKES: list[tuple[str, Any, str, Any]] = [
    ("EntryByStrikeType", "StrikeType.OTM3", "CE", "OTM3"),
    ("EntryByPremium", 80, "CE", {"premium_closest": 80}),
    ("EntryByPremiumGEQ", "80.5", "CE", {"premium_at_least": 80.5}),
    ("EntryByPremiumLEQ", 80, "PE", {"premium_at_most": 80}),
    ("EntryByPremiumRange", {"LowerRange": 60, "UpperRange": 90}, "CE",
     {"premium_between": [60, 90]}),
    ("EntryByAtmMultiplier", 1.01, "CE", {"atm_percent": 1}),
    ("EntryByDelta", 0.3, "CE", {"delta_closest": 0.3}),
    ("EntryByDeltaRange", {"LowerRange": 20, "UpperRange": 35}, "CE",
     {"delta_between": [0.2, 0.35]}),
    ("EntryByPremiumCloseToStraddle", {"Multiplier": 0.4, "StrikeKind": "StrikeType.ATM"}, "CE",
     {"straddle_percent": 40}),
    ("EntryByStraddlePrice", {"Adjustment": "AdjustmentType.Plus", "Multiplier": 0.5}, "CE",
     {"straddle_width": 0.5}),
    ("EntryByStraddlePrice", {"Adjustment": "AdjustmentType.Minus", "Multiplier": 0.5}, "PE",
     {"straddle_width": 0.5}),
    ("EntryByStraddlePrice", {"Adjustment": "AdjustmentType.Plus", "Multiplier": 0.5}, "PE",
     {"straddle_width": -0.5}),
    ("EntryByExactStrike", 24000, "CE", 24000),
]  # fmt: skip


@pytest.mark.parametrize(("how", "value", "kind", "strike"), STRIKES)
def test_each_way_to_a_strike_maps(how: str, value: Any, kind: str, strike: Any) -> None:
    leg = theirs(kind=kind, EntryType=f"EntryType.{how}", StrikeParameter=value)
    plan, notes = imported(definition(leg))
    assert notes == ()
    assert (
        plan.legs[0].strike_rule == decode(with_leg(straddle(), strike=strike)).legs[0].strike_rule
    )


@pytest.mark.parametrize(
    ("key", "value", "ours"),
    [
        ("LegStopLoss", {"Type": "LegTgtSLType.UnderlyingPoints", "Value": 60},
         {"stop": {"underlying_points": 60}}),
        ("LegTarget", {"Type": "LegTgtSLType.Points", "Value": 40}, {"target": {"points": 40}}),
        ("LegTrailSL", {"Type": "TrailStopLossType.Points",
                        "Value": {"InstrumentMove": 10, "StopLossMove": 5}},
         {"trail": {"every": {"points": 10}, "by": {"points": 5}}}),
        ("LegMomentum", {"Type": "MomentumType.PercentageDown", "Value": 20},
         {"momentum": {"down": {"percent": 20}}}),
        ("LegMomentum", {"Type": "MomentumType.UnderlyingPointsUp", "Value": 30},
         {"momentum": {"up": {"points": 30}, "of": "underlying"}}),
        ("LegReentrySL", {"Type": "ReentryType.AtCost", "Value": {"ReentryCount": 3}},
         {"reentry_on_stop": {"as": "cost", "most": 3}}),
        ("LegReentrySL", {"Type": "ReentryType.ImmediateReverse", "Value": {"ReentryCount": 1}},
         {"reentry_on_stop": {"as": "asap_reverse"}}),
    ],
)  # fmt: skip
def test_levels_triggers_and_reentries_map(key: str, value: Any, ours: dict[str, Any]) -> None:
    plan, notes = imported(definition(theirs(**{key: value})))
    assert notes == ()
    expected = decode(with_leg(straddle(), 0, **{"lots": 2, "strike": "ATM", "id": "leg1", **ours}))
    assert plan.legs[0] == expected.legs[0]


def test_lazy_legs_map() -> None:
    first = theirs(LegReentrySL={"Type": "ReentryType.NextLeg", "Value": {"NextLegRef": "z"}})
    plan, notes = imported(definition(first, IdleLegConfigs={"z": theirs("z", "PE")}))
    assert notes == ()
    again = plan.legs[0].reentry_on_stop
    assert again is not None
    assert (again.as_, again.leg) == ("lazy", "z")
    assert [leg.id for leg in plan.lazy_legs] == ["z"]


def test_what_has_no_counterpart_is_named_once() -> None:
    _, notes = imported(definition(
        theirs(LegColour="red", LegStopLoss={"Type": "LegTgtSLType.Delta", "Value": 1}),
        OverallMomentum={"Type": "MomentumType.PointsUp", "Value": 9}, MaxPositionInADay=3,
        OverallTrailSL={"Type": "TrailStopLossType.Points", "Value": {}},
    ))  # fmt: skip
    assert [note.split(" has no")[0] for note in notes] == [
        "OverallTrailSL (Points)",
        "leg1: LegStopLoss (Delta)",
        "leg1: LegColour ('red')",
        "MaxPositionInADay ('more than 1')",
        "OverallMomentum (MomentumType.PointsUp)",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (definition(StrategyType="StrategyType.Positional"), "t: StrategyType: Positional"),
        (definition(EntryIndicators={}), "t: EntryIndicators: expected a time of day"),
        (definition(ListOfLegConfigs=[7]), "t: ListOfLegConfigs, IdleLegConfigs: expected mapp"),
        (definition(theirs(EntryType="EntryType.EntryBySignal")), "strike: expected ATM"),
        (definition(theirs(ExpiryKind="ExpiryType.Quarterly")), "expiry: expected one of monthly"),
    ],
)
def test_what_cannot_be_a_plan_is_refused_in_one_line(value: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        imported(value)
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text("aT."),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(
        ["Type", "Value", "Hour", "Multiplier", "ReentryCount", "NextLegRef", "x"]), inner,
        max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_export_is_refused_or_read_but_never_a_crash(data: st.DataObject) -> None:
    leg = theirs()
    for key in data.draw(st.sets(st.sampled_from(sorted(leg)), max_size=2)):
        leg[key] = data.draw(JSON)
    value = definition(leg)
    for key in data.draw(st.sets(st.sampled_from(sorted(value)), max_size=2)):
        value[key] = data.draw(JSON)
    try:
        found = import_json(msgspec.json.encode(value), "t")
    except ConfigError as error:
        refusal = str(error)
        assert "\n" not in refusal
        return
    assert list(plan_errors((), found[0].plan)) == []


def test_the_template_is_a_plan_that_check_likes(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    made = RUN.invoke(app, ["plan", "new", "one", "--to", str(file)])
    assert made.exit_code == 0, made.output
    checked = RUN.invoke(app, ["check", str(file)])
    assert checked.exit_code == 0, checked.output
    assert "plan one: Each session at 09:20:00" in checked.output
    assert "warning" not in checked.output
    assert template_text("one") == file.read_text()
    assert isinstance(
        RUN.invoke(app, ["plan", "new", "one", "--to", str(file)]).exception, UsageError
    )


def test_a_name_that_is_no_id_is_refused() -> None:
    assert isinstance(RUN.invoke(app, ["plan", "new", "a/b"]).exception, UsageError)


def test_export_and_import_are_commands(tmp_path: Path) -> None:
    file, again = tmp_path / "one.yaml", tmp_path / "again.yaml"
    file.write_text(template_text("one"))
    shown = RUN.invoke(app, ["plan", "export", str(file), "one"])
    assert shown.exit_code == 0, shown.output
    read = RUN.invoke(app, ["plan", "import", "-", "--to", str(again)], input=shown.output)
    assert read.exit_code == 0, read.output
    assert RUN.invoke(app, ["plan", "export", str(again), "one"]).output == shown.output
    unknown = RUN.invoke(app, ["plan", "export", str(file), "two"])
    assert isinstance(unknown.exception, UsageError)
    assert "it has one" in str(unknown.exception)
