from __future__ import annotations

import math
from typing import Any

import pytest

from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from tests.unit.test_strategies_kit import (
    FUT,
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
