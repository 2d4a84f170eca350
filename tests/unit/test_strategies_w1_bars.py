from __future__ import annotations

import pytest

from daemon.domain.candle import Candle
from daemon.domain.intent import OrderIntent, Signal
from strategies.engine import StrategyEngineV2
from tests.unit.test_strategies_kit import CE, FUT, FakeDesk, candle, config, engine, feed


def w1() -> StrategyEngineV2:
    return engine(config("w", "W1Bars", "strategies.w1_bars", product="NRML"))


def bars(first: int, *closes: float, symbol: str = FUT) -> list[Candle]:
    """Bars number `first`, `first` + 1, ... of the day."""
    minutes = [14 + first + n for n in range(len(closes))]
    times = [f"{9 + each // 60:02}:{each % 60:02}" for each in minutes]
    return [candle(time, close, symbol=symbol) for time, close in zip(times, closes, strict=True)]


def entry(signal: Signal, stop: float, target: float) -> OrderIntent:
    return OrderIntent(
        symbol=FUT, signal=signal, qty=50, sl_price=stop, tp_price=target, strategy_id="w",
        timeframe="1m", product="NRML",
    )  # fmt: skip


def test_the_first_entry_is_on_bar_ten() -> None:
    out = feed(w1(), FakeDesk(), *bars(1, *[200.0] * 4, 200.0, *[201.0] * 4, 200.0))
    # 4000 steps: stop 3994, target 4012; an unchanged close buys
    assert out == [entry(Signal.BUY, 199.7, 200.6)]


def test_a_lower_close_than_five_bars_ago_sells() -> None:
    out = feed(w1(), FakeDesk(), *bars(1, *[200.0] * 5, *[300.0] * 4, 199.95))
    # 3999 steps: stop 4004.9985 -> 4005, target 3987.003 -> 3987
    assert out == [entry(Signal.SELL, 200.25, 199.35)]


def test_out_after_twenty_bars_and_no_entry_on_that_bar() -> None:
    runs, desk = w1(), FakeDesk()
    assert len(feed(runs, desk, *bars(1, *[200.0] * 10))) == 1
    desk.positions["w", FUT] = 50
    assert feed(runs, desk, *bars(11, *[200.0] * 19)) == []
    [out] = feed(runs, desk, *bars(30, 200.0))
    assert out.signal == Signal.EXIT
    desk.positions.clear()
    assert feed(runs, desk, *bars(31, *[200.0] * 4)) == []
    assert len(feed(runs, desk, *bars(35, 200.0))) == 1


def test_nothing_pending_is_needed_for_an_entry() -> None:
    desk = FakeDesk()
    desk.entries["w", FUT] = 1
    assert feed(w1(), desk, *bars(1, *[200.0] * 10)) == []


def test_instruments_count_their_own_bars() -> None:
    runs, desk = w1(), FakeDesk()
    feed(runs, desk, *bars(1, *[200.0] * 7))
    assert feed(runs, desk, *bars(1, *[200.0] * 9, symbol=CE)) == []
    assert [e.symbol for e in feed(runs, desk, *bars(8, *[200.0] * 3))] == [FUT]


@pytest.mark.parametrize("close", [0.05, 100.0, 20_017.35, 43_210.95])
def test_levels_are_the_benchmarks_integers(close: float) -> None:
    [out] = feed(w1(), FakeDesk(), *bars(1, *[close] * 10))
    steps = round(close * 20)
    assert out.sl_price == round((steps * 9985 + 5000) // 10000 * 0.05, 2)
    assert out.tp_price == round((steps * 10030 + 5000) // 10000 * 0.05, 2)
