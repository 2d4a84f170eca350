"""How a strike is written in a plan, and what a mistake is answered with."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from daemon.chain.choose_strike import leg_named
from daemon.chain.strike_forms import BadStrike, parse_strike
from daemon.chain.strike_rules import (
    AtmPercent,
    AtOffset,
    DeltaBetween,
    DeltaClosest,
    ExactStrike,
    FromLegPoints,
    FromLegSteps,
    PremiumAtLeast,
    PremiumAtMost,
    PremiumBetween,
    PremiumClosest,
    StraddlePercent,
    StraddleWidth,
    StrikeRule,
)  # fmt: skip

FORMS: list[tuple[object, StrikeRule]] = [
    ("ATM", AtOffset(0)),
    ("OTM2", AtOffset(2)),
    ("ITM1", AtOffset(-1)),
    ({"atm": -3}, AtOffset(-3)),
    ({"atm_percent": -0.3}, AtmPercent(Decimal("-0.3"))),
    ({"premium_closest": 92.35}, PremiumClosest(9_235)),
    ({"premium_at_least": 50, "only": "otm"}, PremiumAtLeast(5_000, "otm")),
    ({"premium_at_most": 50, "only": None}, PremiumAtMost(5_000)),
    ({"premium_between": [50, 60.5]}, PremiumBetween(5_000, 6_050)),
    ({"straddle_width": 0.5}, StraddleWidth(Decimal("0.5"))),
    ({"straddle_percent": 40}, StraddlePercent(Decimal(40))),
    (
        {"straddle_percent": 40, "how": "at_least", "only": "otm"},
        StraddlePercent(Decimal(40), "at_least", "otm"),
    ),
    ({"delta_closest": 0.3}, DeltaClosest(Decimal("0.3"))),
    ({"delta_between": [0.2, 0.3]}, DeltaBetween(Decimal("0.2"), Decimal("0.3"))),
    ({"leg": "ce", "points": 200}, FromLegPoints("ce", 20_000)),
    ({"leg": "ce", "steps": 4}, FromLegSteps("ce", 4)),
    ({"leg": "ce"}, FromLegPoints("ce", 0)),
    (24000, ExactStrike(2_400_000)),
    (8.5, ExactStrike(850)),
]


@pytest.mark.parametrize(("value", "rule"), FORMS)
def test_every_form_is_read_exactly_as_written(value: object, rule: StrikeRule) -> None:
    assert parse_strike(value) == rule


def test_a_rule_is_plain_data_that_comes_back_from_json() -> None:
    for _, rule in FORMS:
        assert msgspec.json.decode(msgspec.json.encode(rule), type=StrikeRule) == rule


def test_only_rules_from_a_leg_name_one() -> None:
    assert {leg_named(rule) for _, rule in FORMS} == {None, "ce"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("atm", "expected ATM, OTM1, ITM1 or the like, was 'atm'; did you mean 'ATM'?"),
        ("otm 2", "expected ATM, OTM1, ITM1 or the like, was 'otm 2'; did you mean 'OTM2'?"),
        ("OTM0", "expected ATM, OTM1, ITM1 or the like, was 'OTM0'; did you mean 'ATM'?"),
        ("ATN", "expected ATM, OTM1, ITM1 or the like, was 'ATN'; did you mean 'ATM'?"),
        (
            "24000",
            "expected ATM, OTM1, ITM1 or the like, was '24000';"
            " did you mean the number 24000, without quotes?",
        ),
        ("OTM501", "OTM: expected a whole number of strikes, at most 500, was 501"),
        (None, "expected a strike such as ATM, OTM2, 24000 or a mapping, was null"),
        (True, "expected a strike such as ATM, OTM2, 24000 or a mapping, was true"),
        ([1], "expected a strike such as ATM, OTM2, 24000 or a mapping, was a list"),
        (0, "strike: expected rupees above 0, was 0"),
        (0.001, "strike: expected rupees and whole paise, at most 10000000000000, was 0.001"),
        (float("nan"), "strike: expected a number, was NaN"),
        ({"premium_closes": 50}, "unknown key 'premium_closes'; did you mean 'premium_closest'?"),
        ({"atm": 1, "leg": "ce"}, "expected one way to choose a strike, was atm and leg"),
        ({"atm": 1, "only": "otm"}, "unknown key 'only' with atm; known are atm"),
        (
            {"premium_closest": 5, "onyl": "otm"},
            "unknown key 'onyl' with premium_closest; did you mean 'only'?",
        ),
        ({1: 2}, "expected keys of text, was 1"),
        ({"atm": 1.5}, "atm: expected a whole number of strikes, at most 500, was 1.5"),
        ({"atm": True}, "atm: expected a whole number of strikes, at most 500, was true"),
        ({"atm_percent": "1"}, "atm_percent: expected a number, was '1'"),
        ({"atm_percent": -100}, "atm_percent: expected above -100 and at most 1000, was -100"),
        ({"premium_closest": -5}, "premium_closest: expected rupees above 0, was -5"),
        ({"premium_between": [5]}, "premium_between: expected [low, high], was a list"),
        ({"premium_between": [9, 5]}, "premium_between: expected low before high, was [9, 5]"),
        ({"delta_between": [0.3, 0.3]}, "delta_between: expected low before high, was [0.3, 0.3]"),
        (
            {"delta_closest": -0.3},
            "delta_closest: expected a size between 0 and 1 for calls and puts, was -0.3",
        ),
        (
            {"delta_closest": 30},
            "delta_closest: expected a size between 0 and 1 for calls and puts, was 30",
        ),
        (
            {"straddle_percent": 0},
            "straddle_percent: expected above 0 and at most 1000, was 0",
        ),
        ({"straddle_width": 501}, "straddle_width: expected at most 500, was 501"),
        (
            {"straddle_percent": 40, "how": "atleast"},
            "how: expected one of closest, at_least, at_most, was 'atleast';"
            " did you mean 'at_least'?",
        ),
        ({"premium_closest": 5, "only": "itm"}, "only: expected otm, was 'itm'"),
        ({"leg": ""}, "leg: expected the id of a leg, was ''"),
        ({"leg": "ce", "points": 1, "steps": 1}, "expected points or steps from the leg, was both"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_write(value: object, said: str) -> None:
    with pytest.raises(BadStrike) as caught:
        parse_strike(value)
    assert str(caught.value) == said


def test_a_mapping_without_a_rule_lists_the_rules() -> None:
    for value in ({}, {"only": "otm"}):
        with pytest.raises(BadStrike, match="expected one of the keys atm, atm_percent, premium_c"):
            parse_strike(value)
