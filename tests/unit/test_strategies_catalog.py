from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.domain.intent import ExitOverrides
from daemon.errors import ConfigError
from strategies.near_names import did_you_mean
from tests.unit.test_strategies_kit import FUT, KIT, FakeDesk, candle, config, engine, feed


def refusal(class_: str = "Plain", module: str = KIT, **more: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        engine(config("mine", class_, module, **more))
    assert str(caught.value).startswith("strategy 'mine': ")
    return str(caught.value).removeprefix("strategy 'mine': ")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "params.bars: missing"),
        ({"bars": "ten"}, "params.bars: Expected `int`, got `str`, was 'ten'"),
        ({"bars": 2.5}, "params.bars: Expected `int`, got `float`, was 2.5"),
        (
            {"bars": 1, "nam": "x"},
            "params.nam: unknown, expected one of: bars, name; did you mean name?",
        ),
        ({"bars": 101}, "params: expected at most 100 bars"),
    ],
)
def test_bad_params(params: dict[str, Any], expected: str) -> None:
    assert refusal(params=params) == expected


def test_a_strategy_without_parameters_says_so() -> None:
    said = refusal("W1Bars", "strategies.w1_bars", params={"bars": 1})
    assert said == "params.bars: unknown, expected one of: none"


def test_any_params_are_the_classs_own_business() -> None:
    engine(config("mine", "AnyParams", params={"whatever": [1]}))


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("strategies.ema_trent", "; did you mean strategies.ema_trend?"),
        ("scripted", "; did you mean strategies.scripted?"),
        ("nowhere.at_all", ""),
    ],
)
def test_a_missing_module(module: str, expected: str) -> None:
    places = " installed, next to the configuration or under strategies.path"
    assert refusal("X", module) == f"module: no module named {module!r}{places}{expected}"


def test_a_module_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "needs_more.py").write_text("import not_installed_here\n")
    (tmp_path / "breaks.py").write_text("1 / 0\n")
    assert refusal("X", "needs_more") == "module: needs_more needs 'not_installed_here'"
    said = refusal("X", "breaks")
    assert said == "module: 'breaks' cannot be imported: ZeroDivisionError: division by zero"


def test_a_missing_class() -> None:
    said = refusal("EmaTrent", "strategies.ema_trend")
    assert said == "class: 'EmaTrent' is not in strategies.ema_trend; did you mean EmaTrend?"


@pytest.mark.parametrize("class_", ["Armless", "Asynchronous", "FakeDesk", "universe", "DAY"])
def test_what_is_not_a_strategy(class_: str) -> None:
    expected = f"class: expected a class with on_candle(self, candle, view), was {class_!r}"
    assert refusal(class_) == expected


def test_an_unknown_symbol() -> None:
    said = refusal(params={"bars": 1}, symbols=["NIFTY26NOVFUTT"])
    assert said.startswith("symbols: 'NIFTY26NOVFUTT' is not in the universe; did you mean ")
    assert FUT in said


def test_a_bad_timeframe_and_bad_exits() -> None:
    assert "timeframe" in refusal(timeframe="1 minute")
    assert "partial_exit_pct" in refusal(exits=ExitOverrides(partial_exit_pct=2.0))


def test_an_id_twice() -> None:
    with pytest.raises(ConfigError, match="'mine': expected each id once"):
        engine(*[config("mine", "Plain", params={"bars": 1})] * 2)


def test_a_disabled_strategy_is_not_loaded() -> None:
    engine(config("mine", "Nothing", "nowhere", enabled=False))


def test_no_hint_is_better_than_a_wrong_one() -> None:
    assert did_you_mean("zzz", ["abc", "def"]) == ""


def exits_of(class_: str, **more: Any) -> ExitOverrides:
    runs = engine(config("mine", class_, **more))
    [intent] = feed(runs, FakeDesk(), candle("09:15", 100))
    assert intent.exits == runs.exits("mine")
    return runs.exits("mine")


def test_exits_that_a_class_declares_hold_where_nothing_else_is_set() -> None:
    assert exits_of("Quick") == ExitOverrides(enable_time_stop=True, time_stop_bars=2)


def test_the_configuration_overrides_the_exits_of_a_class_one_by_one() -> None:
    found = exits_of("Quick", exits=ExitOverrides(time_stop_bars=9, enable_trailing=False))
    assert found == ExitOverrides(enable_time_stop=True, time_stop_bars=9, enable_trailing=False)


def test_an_intent_overrides_the_exits_of_its_class() -> None:
    runs = engine(config("mine", "Quick", params={"partial_exit_pct": 0.25}))
    [intent] = feed(runs, FakeDesk(), candle("09:15", 100))
    assert intent.exits == ExitOverrides(
        enable_time_stop=True, time_stop_bars=2, partial_exit_pct=0.25
    )


def test_exits_that_are_none_are_refused_with_the_name_of_the_class() -> None:
    assert refusal("WrongExits").startswith(
        "WrongExits.default_exits: exits: expected ExitOverrides or None, was {"
    )


@pytest.mark.parametrize(
    ("module", "class_"),
    [
        ("ema_trend", "EmaTrend"),
        ("opening_range", "OpeningRangeBreakout"),
        ("short_straddle", "ShortStraddle"),
    ],
)
def test_no_shipped_strategy_leaves_by_the_default_time_stop(module: str, class_: str) -> None:
    runs = engine(config("mine", class_, f"strategies.{module}"))
    assert runs.exits("mine").enable_time_stop is False
