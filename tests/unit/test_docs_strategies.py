"""docs/STRATEGIES.md: its Python runs, and it names the whole API."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from daemon.domain.intent import Signal
from strategies.strategy import BaseStrategy, View
from strategies.testing import candles, decide
from tests.kit.cli import ROOT

TEXT = (ROOT / "docs/STRATEGIES.md").read_text(encoding="utf-8")
FUTURE = "NIFTY26NOVFUT"


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """All blocks of the page, run one after the other as a reader would."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(block, names)
    return names


def test_the_test_in_five_lines_passes(shown: dict[str, Any]) -> None:
    shown["test_a_close_above_the_last_three_is_bought"]()


def test_two_buys_of_one_call_are_two_wishes(shown: dict[str, Any]) -> None:
    wanted = decide(shown["ScaleOut"](), candles(FUTURE, [100, 101]))
    assert [(each.signal, each.tp_price) for each in wanted] == [("BUY", 110), ("BUY", 140)]


def test_the_strategy_that_holds_declares_its_exits(shown: dict[str, Any]) -> None:
    holder = shown["UntilTheClose"]
    assert holder.default_exits.enable_time_stop is False
    assert len(decide(holder(), candles(FUTURE, [100, 101]))) == 2
    assert decide(holder(), candles(FUTURE, [100]), positions={FUTURE: 65}) == []


def test_the_oversold_strategy_buys_a_fall_and_leaves_a_rise(shown: dict[str, Any]) -> None:
    falling = candles(FUTURE, [100 - each for each in range(40)])
    assert decide(shown["Oversold"](), falling)[0].signal == Signal.BUY
    rising = candles(FUTURE, [100 + each for each in range(40)])
    left = decide(shown["Oversold"](), rising, positions={FUTURE: 65})
    assert left[0].signal == Signal.EXIT


def test_the_pullback_bids_half_a_percent_below_the_close(shown: dict[str, Any]) -> None:
    [bid] = decide(shown["Pullback"](), candles(FUTURE, [100]))
    assert (bid.order_type, bid.price, bid.validity, bid.validity_ttl) == ("LIMIT", 99.5, "TTL", 1)
    assert decide(shown["Pullback"](), candles(FUTURE, [100]), positions={FUTURE: 65}) == []


def test_a_strategy_may_log(shown: dict[str, Any]) -> None:
    assert decide(shown["Talks"](), candles(FUTURE, [100])) == []


@pytest.mark.parametrize(
    ("owner", "prefix"), [(View, ""), (BaseStrategy, "self.")], ids=["View", "BaseStrategy"]
)
def test_every_public_name_is_on_the_page(owner: type[Any], prefix: str) -> None:
    names = [name for name, _ in inspect.getmembers(owner) if not name.startswith("_")]
    assert names
    missing = [name for name in names if not re.search(rf"`?\b{name}\b", TEXT)]
    assert missing == [], prefix


def test_shown_candles_run_from_close_to_close() -> None:
    first, second = candles("X", [100, 98], timeframe="5m")
    assert (first.open, first.high, first.low, first.close) == (100, 100, 100, 100)
    assert (second.open, second.high, second.low, second.close) == (100, 100, 98, 98)
    assert second.ts == first.end_ts == first.ts + 300_000_000_000
