from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.candle import Candle
from daemon.domain.intent import OrderIntent, Signal
from strategies.strategy import View
from tests.unit.test_strategies_kit import (
    CE,
    DAY,
    FUT,
    FakeDesk,
    Returns,
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


def ids(intents: list[OrderIntent]) -> list[tuple[str, str, str, int]]:
    return [(each.strategy_id, each.symbol, each.signal.value, each.qty) for each in intents]


def test_a_view_is_the_desk_in_rupees_for_one_strategy(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    seen: dict[str, Any] = {}

    def look(_: Returns, shown: Candle, view: View) -> None:
        seen.update(
            now=view.now, open=view.session_open, symbols=view.symbols, ltp=view.ltp(FUT),
            none=view.ltp(CE), held=view.position(FUT), waiting=view.waiting(FUT),
            lot=view.instrument(FUT).lot_size, history=view.history(FUT),
        )  # fmt: skip

    values[1.0] = look
    desk.ltps[FUT] = 2_500_005
    desk.positions["a", FUT], desk.positions["b", FUT], desk.entries["a", FUT] = -65, 650, 1
    shown = candle("09:20", 1.0)
    runs = engine(config("a", "Returns", symbols=[FUT, CE]))
    assert feed(runs, desk, shown) == []
    assert runs.take_faults() == []
    assert seen == {
        "now": at("09:21"), "open": at("09:15"), "symbols": (FUT, CE), "ltp": 25_000.05,
        "none": None, "held": -65, "waiting": 1, "lot": 65, "history": (shown,),
    }  # fmt: skip


@pytest.mark.parametrize(
    "look",
    [
        lambda s, c, v: v.ltp("NIFTY"),
        lambda s, c, v: v.position("NIFTY"),
        lambda s, c, v: v.waiting("NIFTY"),
        lambda s, c, v: v.instrument("NIFTY"),
        lambda s, c, v: v.history(CE),
    ],
)
def test_a_symbol_that_cannot_be_seen_is_a_fault(
    desk: FakeDesk, values: dict[float, Any], look: Any
) -> None:
    values[1.0] = look
    runs = engine(config("a", "Returns", symbols=[FUT]))
    feed(runs, desk, candle("09:15", 1.0))
    assert "ValueError" in runs.take_faults()[0].error


def test_history_is_bounded_and_whole_at_a_boundary(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    lengths: list[tuple[int, int]] = []
    values[1.0] = lambda s, c, v: lengths.append((len(v.history(FUT)), len(v.history(CE))))
    runs = engine(config("a", "Returns", symbols=[FUT, CE]), warmup_candles=2)
    for _ in range(3):
        runs.on_candles([candle("09:15", 1.0), candle("09:15", 1.0, symbol=CE)], desk)
    assert lengths == [(1, 1)] * 2 + [(2, 2)] * 4


def test_warm_up_is_seen_without_prices_or_positions_and_trades_nothing(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    seen: list[Any] = []
    values[1.0] = lambda s, c, v: seen.append(
        (v.now, v.session_open, v.ltp(FUT), v.position(FUT), v.waiting(FUT))
    )
    values[2.0] = lambda s, c, v: s.buy(FUT, 65)
    yesterday = DAY - dt.timedelta(days=1)
    runs = engine(
        config("a", "Returns", symbols=[FUT]), config("b", "Breakout", params={"bars": 2})
    )
    runs.warm(
        [
            candle("09:15", 2.0), candle("09:20", 1.0), candle("09:16", 2.0),
            candle("09:15", 1.0, date=yesterday),
        ]
    )  # fmt: skip
    assert seen == [
        (at("09:16", yesterday), at("09:15", yesterday), None, 0, 0),
        (at("09:21"), at("09:15"), None, 0, 0),
    ]
    assert runs.reports()["a"]["intents"] == 0
    assert ids(feed(runs, desk, candle("09:21", 9.0))) == [("b", FUT, "BUY", 65)]


def test_the_readme_example_buys_the_break_of_its_own_range(desk: FakeDesk) -> None:
    runs = engine(config("a", "Breakout", symbols=[FUT], params={"bars": 2}))
    shown = [
        candle("09:15", 100.0, high=102.0, low=99.0), candle("09:16", 101.0, high=103.0, low=100.0),
        candle("09:17", 104.0),
    ]  # fmt: skip
    [intent] = feed(runs, desk, *shown)
    assert (intent.signal, intent.qty, intent.sl_price) == (Signal.BUY, 65, 99.0)
