from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from talipp.indicators import ATR, EMA  # type: ignore[import-untyped]
from talipp.ohlcv import OHLCV  # type: ignore[import-untyped]

from daemon.domain.intent import OrderIntent, Signal
from daemon.errors import ConfigError
from strategies import indicators
from strategies.ema_trend import EmaTrend
from strategies.engine import StrategyEngineV2
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

# With these the fast average is the close, the slow one moves half way, the ATR is the last range.
PARAMS = {"fast": 1, "slow": 3, "atr": 1}


def trend(symbol: str = FUT, **params: Any) -> StrategyEngineV2:
    return engine(
        config("t", "EmaTrend", "strategies.ema_trend", symbols=[symbol], params=PARAMS | params)
    )


def run(
    runs: StrategyEngineV2, desk: FakeDesk, start: str, *closes: float, symbol: str = FUT,
    date: dt.date = DAY,
) -> list[OrderIntent]:  # fmt: skip
    first = dt.datetime.combine(date, dt.time.fromisoformat(start))
    minute = dt.timedelta(minutes=1)
    times = [f"{first + minute * n:%H:%M}" for n in range(len(closes))]
    shown = [candle(t, c, symbol=symbol, date=date) for t, c in zip(times, closes, strict=True)]
    return feed(runs, desk, *shown)


def intent(signal: Signal, **more: Any) -> OrderIntent:
    return OrderIntent(
        symbol=FUT, signal=signal, strategy_id="t", timeframe="1m",
        exits=EmaTrend.default_exits, **more,
    )  # fmt: skip


def test_a_cross_down_sells_with_levels_in_atrs() -> None:
    # slow: 102 after three closes, 99 after 96; the range of the last candle is 104 - 96 = 8
    assert run(trend(), FakeDesk(), "09:15", 100, 102, 104, 96) == [
        intent(Signal.SELL, qty=65, sl_price=108.0, tp_price=72.0, reason="ema_cross")
    ]


def test_the_opposite_cross_turns_the_position_round() -> None:
    runs, desk = trend(quantity=130), FakeDesk()
    run(runs, desk, "09:15", 100, 102, 104, 96)
    desk.positions["t", FUT] = -130
    assert run(runs, desk, "09:19", 104) == [
        intent(Signal.EXIT, reason="opposite_cross"),
        intent(Signal.BUY, qty=130, sl_price=92.0, tp_price=128.0, reason="ema_cross"),
    ]


def test_no_entry_while_the_same_side_is_held() -> None:
    runs, desk = trend(), FakeDesk()
    desk.positions["t", FUT] = -65
    assert run(runs, desk, "09:15", 100, 102, 104, 96) == []


@pytest.mark.parametrize(("start", "signals"), [("14:56", ["SELL"]), ("14:57", [])])
def test_no_entry_on_a_close_after_last_entry(start: str, signals: list[str]) -> None:
    out = run(trend(), FakeDesk(), start, 100, 102, 104, 96)
    assert [each.signal.value for each in out] == signals


def test_after_last_entry_a_cross_still_closes() -> None:
    desk = FakeDesk()
    desk.positions["t", FUT] = 65
    out = run(trend(), desk, "15:00", 100, 102, 104, 96)
    assert out == [intent(Signal.EXIT, reason="opposite_cross")]


def test_an_overnight_gap_is_not_a_cross_and_the_averages_run_on() -> None:
    runs, desk, tomorrow = trend(), FakeDesk(), DAY + dt.timedelta(days=1)
    run(runs, desk, "15:00", 100, 102, 104)
    assert run(runs, desk, "09:15", 96, date=tomorrow) == []
    assert [e.signal for e in run(runs, desk, "09:16", 104, date=tomorrow)] == [Signal.BUY]


def test_an_index_is_not_traded_and_symbols_do_not_mix() -> None:
    assert run(trend(INDEX), FakeDesk(), "09:15", 100, 102, 104, 96, symbol=INDEX) == []
    runs, desk = engine(config("t", "EmaTrend", "strategies.ema_trend", params=PARAMS)), FakeDesk()
    for each in (100, 102, 104):
        assert feed(runs, desk, candle("09:15", each), candle("09:15", 96, symbol=CE)) == []


def test_equal_averages_are_no_side() -> None:
    assert run(trend(), FakeDesk(), "09:15", 100, 100, 100, 104, 104) == []


def test_fast_must_be_below_slow() -> None:
    with pytest.raises(ConfigError, match="'t': params: expected fast below slow"):
        trend(fast=3)


@pytest.mark.parametrize("period", [1, 2, 14])
def test_bounded_indicators_give_talipps_values(period: int) -> None:
    ema, atr = indicators.ema(period), indicators.atr(period)
    closes = [100.0 + (n * 37 % 101) / 7 for n in range(500)]
    candles = [candle("09:15", c, high=c + n % 5, low=c - n % 3) for n, c in enumerate(closes)]
    bars = [OHLCV(c.open, c.high, c.low, c.close) for c in candles]
    assert [ema.add(close) for close in closes] == list(EMA(period, closes))
    assert [atr.add(each) for each in candles] == list(ATR(period, bars))
    assert len(ema._indicator) < 2 * period + 5
