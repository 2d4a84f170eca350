"""Each rule of plans has a test that is named after its number: `test_p22_...`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest

from tests.kit.source import ROOT

RULES: Final = {
    "p1": "reference price",
    "p2": "ATM",
    "p3": "strikes by steps",
    "p4": "strikes by percent, number and leg",
    "p5": "strikes by premium",
    "p5a": "when a choice is made",
    "p6": "strikes by the straddle",
    "p7": "strikes by delta",
    "p8": "listed strikes only",
    "p9": "words of expiries",
    "p10": "the first batch",
    "p11": "an incomplete batch",
    "p12": "momentum",
    "p13": "breakout",
    "p14": "no momentum of a whole plan",
    "p15": "a late start",
    "p16": "gates of a batch",
    "p20": "levels from the fill",
    "p20a": "levels without room",
    "p21": "levels of the underlying",
    "p22": "trail",
    "p23": "the engine's other exits",
    "p30": "complete",
    "p30a": "the order of a step",
    "p31": "to cost",
    "p32": "re-entries",
    "p33": "one re-entry per input",
    "p40": "the P&L of a round",
    "p41": "overall stop",
    "p42": "overall target",
    "p43": "overall trail",
    "p44": "overall lock",
    "p45": "overall reasons and re-entries",
    "p45a": "the order of exits",
    "p46": "what comes first at one time",
    "p47": "roll",
    "p48": "sessions to expiry",
    "p49": "futures and ranges",
}
NAMED: Final = re.compile(r"^ *(?:async )?def test_((?:p\d+a?_)+)", re.MULTILINE)


@cache
def named() -> frozenset[str]:
    """Return the rules after which tests are named."""
    return frozenset(rule for name in names() for rule in name.rstrip("_").split("_"))


def names() -> Iterator[str]:
    """Yield the numbers in names of tests: `p3_p4_p5_`."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        yield from NAMED.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_plans_has_a_test_of_its_name(rule: str) -> None:
    assert rule in named(), f"expected a test named test_{rule}_...: {RULES[rule]}"


def test_no_test_is_named_after_a_rule_that_is_not_there() -> None:
    assert named() <= set(RULES)
