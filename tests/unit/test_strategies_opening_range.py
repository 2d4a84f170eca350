from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.candle import Candle
from daemon.domain.intent import OrderIntent, Signal
from strategies.engine import StrategyEngineV2
from strategies.opening_range import OpeningRangeBreakout
from tests.unit.test_strategies_kit import (
    CE,
    DAY,
    FUT,
    INDEX,
    FakeDesk,
    candle,
    config,
    engine,
    feed,
)

TOMORROW = DAY + dt.timedelta(days=1)


def breakout(**params: Any) -> StrategyEngineV2:
    module, timeframe = "strategies.opening_range", params.pop("timeframe", "5m")
    return engine(config("o", "OpeningRangeBreakout", module, params=params, timeframe=timeframe))


def bar(start: str, close: float, high: float = 0, low: float = 0, **more: Any) -> Candle:
    return candle(
        start, close, high=high or close, low=low or close, timeframe="5m", minutes=5, **more
    )


def opening(**more: Any) -> list[Candle]:
    """A range of 95 to 105."""
    return [
        bar("09:15", 100, 104, 98, **more), bar("09:20", 99, 100, 95, **more),
        bar("09:25", 103, 105, 99, **more),
    ]  # fmt: skip


def intent(signal: Signal, stop: float, target: float, symbol: str = FUT) -> OrderIntent:
    return OrderIntent(
        symbol=symbol, signal=signal, qty=65, sl_price=stop, tp_price=target, strategy_id="o",
        timeframe="5m", reason="opening_range_break", exits=OpeningRangeBreakout.default_exits,
    )  # fmt: skip


def test_a_close_above_the_range_is_bought_with_the_stop_below_it() -> None:
    out = feed(breakout(), FakeDesk(), *opening(), bar("09:30", 105, 107), bar("09:35", 106))
    assert out == [intent(Signal.BUY, 95.0, 128.0)]


def test_a_close_below_the_range_is_sold_with_the_stop_above_it() -> None:
    out = feed(breakout(target_r=1.5), FakeDesk(), *opening(), bar("09:30", 93))
    assert out == [intent(Signal.SELL, 105.0, 75.0)]


def test_one_trade_per_side_and_day() -> None:
    runs, desk = breakout(), FakeDesk()
    closes = [106.0, 107.0, 94.0, 93.0, 108.0]
    shown = [bar(f"09:{30 + 5 * n}", close) for n, close in enumerate(closes)]
    out = feed(runs, desk, *opening(), *shown)
    assert [each.signal for each in out] == [Signal.BUY, Signal.SELL]
    again = feed(runs, desk, *opening(date=TOMORROW), bar("09:30", 106, date=TOMORROW))
    assert [each.signal for each in again] == [Signal.BUY]


@pytest.mark.parametrize(
    ("side", "signals"), [("long", [Signal.BUY]), ("short", [Signal.SELL])]
)  # fmt: skip
def test_side(side: str, signals: list[Signal]) -> None:
    shown = [*opening(), bar("09:30", 106), bar("09:35", 94)]
    assert [e.signal for e in feed(breakout(side=side), FakeDesk(), *shown)] == signals


def test_options_are_only_bought_and_an_index_is_not_traded() -> None:
    for symbol, signals in ((CE, [Signal.BUY]), (INDEX, [])):
        shown = [
            *opening(symbol=symbol),
            bar("09:30", 94, symbol=symbol),
            bar("09:35", 106, symbol=symbol),
        ]
        assert [e.signal for e in feed(breakout(), FakeDesk(), *shown)] == signals


def test_an_entry_needs_to_be_flat_and_the_side_is_kept_until_then() -> None:
    runs, desk = breakout(), FakeDesk()
    desk.entries["o", FUT] = 1
    assert feed(runs, desk, *opening(), bar("09:30", 106)) == []
    desk.entries.clear()
    desk.positions["o", FUT] = -65
    assert feed(runs, desk, bar("09:35", 106)) == []
    desk.positions.clear()
    assert len(feed(runs, desk, bar("09:40", 106))) == 1


def test_no_entry_after_last_entry() -> None:
    runs, desk = breakout(last_entry="09:35"), FakeDesk()
    assert feed(runs, desk, *opening(), bar("09:35", 106)) == []


def test_without_an_opening_range_there_is_no_trade() -> None:
    assert feed(breakout(), FakeDesk(), bar("10:00", 106), bar("10:05", 107)) == []


def test_yesterdays_last_candle_closed_by_todays_first_tick_is_left_alone() -> None:
    runs, desk = breakout(last_entry="23:00"), FakeDesk()
    feed(runs, desk, *opening())
    late = bar("15:25", 200)
    desk.now = candle("09:15", 1, date=TOMORROW).ts
    assert runs.on_candles([late], desk) == []


def test_the_session_open_is_where_the_range_starts() -> None:
    desk = FakeDesk()
    desk.open_at = "09:20"
    shown = [bar("09:20", 100, 101, 99), bar("09:25", 100), bar("09:30", 100), bar("09:35", 102)]
    assert feed(breakout(), desk, *shown) == [intent(Signal.BUY, 99.0, 108.0)]


def test_candles_that_do_not_divide_the_range_are_a_fault() -> None:
    runs = breakout(minutes=12)
    assert feed(runs, FakeDesk(), *opening()) == []
    assert "divides" in runs.take_faults()[0].error
