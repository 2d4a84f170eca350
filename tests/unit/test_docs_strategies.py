"""docs/STRATEGIES.md: its Python runs, and it names the whole API."""

from __future__ import annotations

import inspect
import re
import sys
from types import ModuleType
from typing import Any

import pytest

from daemon.domain.intent import Signal
from daemon.settings.config import StrategyConfig
from strategies.strategy import BaseStrategy, View
from strategies.testing import candles, decide
from tests.kit.cli import ROOT
from tests.kit.strategy_run import CE_25000, PE_25000, SPOT, Life, Row, option
from tests.kit.strategy_run import FUT as LONG_FUT
from tests.unit.test_strategy_market import priced

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


@pytest.fixture
def page(shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """The blocks of the page as a module that a configuration can name."""
    module = ModuleType("strategies_page")
    vars(module).update(shown)
    monkeypatch.setitem(sys.modules, "strategies_page", module)
    return "strategies_page"


def lived(page: str, class_: str, *rows: Row, **more: Any) -> Life:
    """A day of a strategy of the page: a tick of everything first."""
    config = StrategyConfig(id="a", module=page, class_=class_, symbols=[LONG_FUT], **more)
    life = Life(config)
    life.rows(*priced(), *rows, size=50)
    assert life.runs.take_faults() == []
    return life


def test_the_straddle_sells_at_a_time_and_leaves_at_another(page: str) -> None:
    life = lived(page, "MorningStraddle", Row("09:20:00", SPOT, 25_012.0))
    held = life.engine.ledger.open_positions()
    assert [each.tradingsymbol for each in held] == [CE_25000, PE_25000]
    assert [each.stop_paise for each in held] == [
        -(-each.entry_paise * 5 // 4 // 5) * 5 for each in held
    ]
    life.rows(
        Row("14:59:59", CE_25000, 90.0), Row("14:59:59", PE_25000, 90.0),
        Row("15:00:00", SPOT, 25_012.0),
    )  # fmt: skip
    assert life.engine.ledger.positions == {}


def test_the_other_leg_moves_to_cost_when_one_is_stopped(page: str) -> None:
    life = lived(
        page, "MoveToCost", Row("09:20:00", SPOT, 25_012.0), Row("09:21:00", PE_25000, 100.0),
        Row("09:21:01", CE_25000, 400.0), Row("09:21:02", SPOT, 25_200.0),
    )  # fmt: skip
    [left] = life.engine.ledger.open_positions()
    assert (left.tradingsymbol, left.stop_paise) == (PE_25000, left.entry_paise)


def test_the_breakout_takes_two_percent_of_its_fill(page: str) -> None:
    rows = [Row(f"09:{minute}:00", LONG_FUT, 25_000.0 + minute) for minute in range(16, 40)]
    life = lived(page, "TakesProfit", *rows, params={"bars": 3})
    [held] = life.engine.ledger.open_positions()
    assert held.target_paise is not None
    assert abs(held.target_paise - held.entry_paise * 1.02) <= 5
    life.rows(Row("09:41:00", LONG_FUT, 26_000.0), Row("09:42:00", LONG_FUT, 26_000.0))
    assert ("CLOSED", "take_profit") in life.moves()


def test_the_strangle_takes_the_nearest_deltas(page: str) -> None:
    life = lived(page, "DeltaStrangle", Row("09:30:00", SPOT, 25_012.0))
    held = life.engine.ledger.open_positions()
    assert [each.tradingsymbol for each in held] == [option(25_100, "CE"), option(24_900, "PE")]
    for each in held:
        assert each.stop_paise == each.entry_paise + 2000
        assert each.target_paise == each.entry_paise - 4000


def test_the_condor_buys_its_wings_first(page: str) -> None:
    life = lived(page, "IronCondor", Row("09:45:00", SPOT, 25_012.0))
    held = life.engine.ledger.open_positions()
    assert [each.sign for each in held] == [1, 1, -1, -1]


def test_the_watched_straddle_leaves_when_both_legs_together_have_lost_enough(page: str) -> None:
    life = lived(page, "WatchedStraddle", Row("09:20:00", SPOT, 25_012.0))
    calls, puts = (each.entry_paise / 100 for each in life.engine.ledger.open_positions())
    life.rows(
        Row("09:21:00", CE_25000, calls + 25), Row("09:21:01", PE_25000, puts + 20),
        Row("09:21:02", CE_25000, calls + 27), Row("09:21:03", SPOT, 25_050.0),
    )  # fmt: skip
    assert life.engine.ledger.positions == {}
    closed = [reason for state, reason in life.moves() if state == "CLOSED"]
    assert closed == ["watch_stop", "watch_stop"]


def test_the_one_that_counts_losses_knows_them_after_a_restart(page: str) -> None:
    rows = [
        Row("09:16:10", LONG_FUT, 25_000.0), Row("09:16:50", LONG_FUT, 25_050.0),
        Row("09:17:00", SPOT, 25_012.0), Row("09:17:10", LONG_FUT, 24_000.0),
        Row("09:17:11", LONG_FUT, 24_000.0),
    ]  # fmt: skip
    life = lived(page, "Counts", *rows)
    assert life.engine.lasting().saved["a"].state == '{"losses":1}'


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
