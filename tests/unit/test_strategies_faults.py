from __future__ import annotations

import math
from typing import Any

import pytest

from daemon.domain.candle import Candle
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from strategies.engine import StrategyEngineV2
from strategies.runner import Failures
from strategies.strategy import TickView
from tests.unit.test_strategies_kit import (
    CE,
    FUT,
    PE,
    FakeDesk,
    at,
    candle,
    config,
    engine,
    feed,
)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture(autouse=True)
def values(monkeypatch: pytest.MonkeyPatch) -> dict[float, Any]:
    fresh: dict[float, Any] = {}
    monkeypatch.setattr("tests.unit.test_strategies_kit.Returns.values", fresh)
    return fresh


@pytest.mark.parametrize(
    "bad",
    [
        ValueError("boom"),
        "BUY",
        [OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65), 3],
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, confidence=math.nan),
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, strategy_id="b"),
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, timeframe="soon"),
        OrderIntent(symbol=FUT, signal="LONG", qty=65),  # type: ignore[arg-type]
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65.0),  # type: ignore[arg-type]
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, sl_price="99"),  # type: ignore[arg-type]
        OrderIntent(symbol=3, signal=Signal.BUY, qty=65),  # type: ignore[arg-type]
        OrderIntent(
            symbol=FUT, signal=Signal.BUY, qty=65, exits=ExitOverrides(partial_exit_pct=1.5)
        ),
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, exits=ExitOverrides(trail_step_r=0.0)),
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, exits=ExitOverrides(time_stop_bars=-1)),
        OrderIntent(symbol=FUT, signal=Signal.BUY, qty=65, exits={}),  # type: ignore[arg-type]
    ],
)
def test_a_fault_costs_its_own_intents_only(
    desk: FakeDesk, values: dict[float, Any], bad: Any
) -> None:
    values[100.0] = bad
    runs = engine(config("a", "Returns"), config("b", "Says"))
    assert [e.strategy_id for e in feed(runs, desk, candle("09:15", 100.0))] == ["b"]
    [fault] = runs.take_faults()
    assert (fault.strategy_id, fault.ts) == ("a", at("09:16"))
    assert "Traceback" in fault.traceback_text
    assert runs.take_faults() == []
    assert runs.reports()["a"]["errors"] == 1


def test_numbers_of_other_types_are_made_plain(desk: FakeDesk, values: dict[float, Any]) -> None:
    from decimal import Decimal

    import numpy as np

    values[100.0] = OrderIntent(
        symbol=FUT, signal=Signal.BUY, qty=np.int64(65),  # type: ignore[arg-type]
        sl_price=np.float64(99.5), tp_price=Decimal("101.05"),  # type: ignore[arg-type]
    )  # fmt: skip
    [intent] = feed(engine(config("a", "Returns")), desk, candle("09:15", 100.0))
    assert [type(each) for each in (intent.qty, intent.sl_price, intent.tp_price)] == [
        int, float, float
    ]  # fmt: skip
    assert intent.tp_price == 101.05


def test_errors_in_a_row_disable_and_a_success_between_forgives(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = ValueError("boom")
    values[2.0] = lambda s, c, v: s.buy(c.tradingsymbol, 65)
    runs = engine(config("a", "Returns"), max_strategy_errors=2)

    def after(*closes: float) -> tuple[int, dict[str, int]]:
        intents = feed(runs, desk, *(candle("09:15", close) for close in closes))
        return len(intents), runs.reports()["a"]

    assert after(1.0, 2.0, 1.0) == (1, {**runs.reports()["a"], "errors": 2, "disabled": 0})
    count, report = after(1.0, 2.0)
    assert (count, report["errors"], report["disabled"]) == (0, 3, 1)
    runs.set_enabled("a", True)
    count, report = after(1.0, 2.0)
    assert (count, report["disabled"]) == (1, 0)


def test_a_strategy_switched_off_sees_candles_and_may_only_exit(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = lambda s, c, v: [s.exit(FUT), s.buy(FUT, 65)]
    runs = engine(config("a", "Returns"))
    runs.set_enabled("a", False)
    assert [e.signal for e in feed(runs, desk, candle("09:15", 1.0))] == ["EXIT"]
    assert runs.reports()["a"] == {
        "intents": 1, "errors": 0, "disabled": 0, "off": 1, "withheld": 1, "conflicts_lost": 0
    }  # fmt: skip
    runs.set_enabled("a", True)
    assert len(feed(runs, desk, candle("09:16", 1.0))) == 2


def test_switching_a_strategy_that_is_not_there_is_reported_not_raised() -> None:
    runs = engine(config("a", "Says"))
    runs.set_enabled("b", True)
    assert [each.strategy_id for each in runs.take_faults()] == ["b"]


# how often, and when


def minute(number: int, *closes: float) -> list[Candle]:
    """Candles of FUT, CE, PE that end together, so many minutes after 09:15."""
    symbols = (FUT, CE, PE)
    start = f"09:{15 + number}"
    return [candle(start, c, symbol=each) for each, c in zip(symbols, closes, strict=False)]


def shown(runs: StrategyEngineV2, desk: FakeDesk, *boundaries: list[Candle]) -> None:
    for closed in boundaries:
        desk.now = closed[0].end_ts
        runs.on_candles(closed, desk)


def test_a_boundary_counts_once_however_many_symbols_fail_at_it(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = KeyError("no quote yet")
    runs = engine(config("a", "Returns"))
    shown(runs, desk, minute(0, 2.0, 2.0, 2.0), minute(1, 1.0, 1.0, 1.0), minute(2, 2.0, 2.0))
    assert runs.failures()["a"] == Failures(
        count=1, calls=3, first_ts=at("09:17"), last_ts=at("09:17")
    )
    assert len(runs.take_faults()) == 3
    assert runs.reports()["a"] | {"errors": 1, "disabled": 0} == runs.reports()["a"]
    assert runs.disabled() == {}


def test_three_failing_boundaries_in_a_row_disable_it(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = KeyError("no quote yet")
    values[3.0] = lambda s, c, v: s.buy(FUT, 65)
    runs = engine(config("a", "Returns"))
    bad = [minute(n, 1.0, 1.0, 1.0) for n in range(4)]
    shown(runs, desk, bad[0], bad[1], minute(2, 2.0, 2.0, 2.0), *bad)
    assert runs.failures()["a"] == Failures(
        count=5, calls=15, first_ts=at("09:16"), last_ts=at("09:18"), disabled_ts=at("09:18")
    )
    assert runs.disabled() == {"a": at("09:18")}
    assert runs.status()["a"]["disabled_at"] == "2026-11-18T09:18:00.000000+05:30"
    assert feed(runs, desk, candle("09:20", 3.0)) == []


def test_rule_8_a_call_that_goes_well_at_the_same_boundary_does_not_forgive_it(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = KeyError("no quote yet")
    runs = engine(config("a", "Returns"))
    mixed = [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0, 2.0), (2.0, 1.0, 1.0)]
    shown(runs, desk, *(minute(n, *closes) for n, closes in enumerate(mixed)))
    assert runs.disabled() == {"a": at("09:18")}
    assert runs.failures()["a"].count == 3


def test_rule_8_a_boundary_that_goes_well_between_forgives(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = KeyError("no quote yet")
    runs = engine(config("a", "Returns"))
    closes = [(1.0, 2.0), (1.0,), (2.0,), (1.0,), (2.0, 1.0)]
    shown(runs, desk, *(minute(n, *each) for n, each in enumerate(closes)))
    assert runs.disabled() == {}
    assert runs.failures()["a"].count == 4


def test_each_tick_that_fails_is_one_failure(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any, tick: TickView, view: Any) -> None:
        raise KeyError("no quote yet")

    monkeypatch.setattr("tests.unit.test_strategies_kit.Ticking.on_tick", fails)
    runs = engine(config("a", "Ticking", symbols=[FUT]))
    for ts in (7, 8, 9, 10):
        runs.on_tick(TickView(tradingsymbol=FUT, ts=ts, ltp=100.0), desk)
    assert runs.failures()["a"] == Failures(count=3, calls=3, first_ts=7, last_ts=9, disabled_ts=9)
    assert [each.ts for each in runs.take_faults()] == [7, 8, 9]


def test_a_boundary_of_the_history_counts_once_too(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = KeyError("no quote yet")
    runs = engine(config("a", "Returns"))
    runs.warm(minute(0, 1.0, 1.0, 1.0))
    assert (runs.failures()["a"].count, runs.disabled()) == (1, {})


def test_a_strategy_switched_on_again_has_its_count_reset(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = KeyError("no quote yet")
    runs = engine(config("a", "Returns", symbols=[FUT]))
    bad = [candle(f"09:{n}", 1.0) for n in range(20, 30)]
    feed(runs, desk, *bad[:3])
    runs.set_enabled("a", True)
    assert runs.disabled() == {}
    feed(runs, desk, *bad[3:5])
    assert runs.disabled() == {}
    feed(runs, desk, *bad[5:])
    assert runs.disabled() == {"a": at("09:26")}
    assert runs.failures()["a"].count == 6
