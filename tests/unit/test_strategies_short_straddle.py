from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.intent import OrderIntent, Signal
from daemon.errors import ConfigError
from strategies.engine import StrategyEngineV2
from strategies.short_straddle import ShortStraddle
from tests.unit.test_strategies_kit import (
    CE,
    DAY,
    FUT,
    INDEX,
    PE,
    FakeDesk,
    candle,
    config,
    engine,
    feed,
)


def straddle(**params: Any) -> StrategyEngineV2:
    return engine(config("s", "ShortStraddle", "strategies.short_straddle", params=params))


def quoted(**ltps: int) -> FakeDesk:
    desk = FakeDesk()
    prices = {INDEX: 2_502_000, FUT: 2_504_000, CE: 10_235, PE: 8_000}
    upper = {"NIFTY26NOV25050CE": 7_000, "NIFTY26NOV25050PE": 10_000}
    desk.ltps = prices | upper | ltps
    return desk


def leg(symbol: str, stop: float, qty: int = 65) -> OrderIntent:
    return OrderIntent(
        symbol=symbol, signal=Signal.SELL, qty=qty, sl_price=stop, strategy_id="s",
        timeframe="1m", reason="straddle", exits=ShortStraddle.default_exits,
    )  # fmt: skip


def symbols(intents: list[OrderIntent]) -> list[str]:
    return [each.symbol for each in intents]


def test_both_legs_are_sold_at_the_first_close_at_or_after_the_time() -> None:
    runs, desk = straddle(), quoted()
    assert feed(runs, desk, candle("09:18", 1)) == []
    # 102.35 * 1.3 = 133.055, to the paisa; 80 * 1.3 = 104
    assert feed(runs, desk, candle("09:19", 1)) == [leg(CE, 133.06), leg(PE, 104.0)]
    assert feed(runs, desk, candle("09:20", 1)) == []


def test_quantity_and_stop() -> None:
    out = feed(straddle(quantity=130, stop_pct=25), quoted(), candle("09:30", 1))
    assert out == [leg(CE, 127.94, 130), leg(PE, 100.0, 130)]


@pytest.mark.parametrize(
    ("index", "strike"), [(2_502_500, "25000"), (2_502_505, "25050"), (2_600_000, "25050")]
)
def test_the_strike_is_the_nearest_with_both_legs_the_lower_at_a_tie(
    index: int, strike: str
) -> None:
    out = feed(straddle(), quoted(**{INDEX: index}), candle("09:19", 1))
    assert symbols(out) == [f"NIFTY26NOV{strike}CE", f"NIFTY26NOV{strike}PE"]


def test_without_an_index_price_the_future_is_spot() -> None:
    desk = quoted()
    del desk.ltps[INDEX]
    assert symbols(feed(straddle(), desk, candle("09:19", 1)))[0] == "NIFTY26NOV25050CE"


def test_never_one_leg_alone() -> None:
    runs, desk = straddle(), quoted()
    premium = desk.ltps.pop(PE)
    assert feed(runs, desk, candle("09:19", 1)) == []
    desk.ltps[PE] = premium
    assert symbols(feed(runs, desk, candle("09:20", 1))) == [CE, PE]


def test_no_price_of_the_underlying_or_no_chain_is_no_trade() -> None:
    assert feed(straddle(), FakeDesk(), candle("09:19", 1)) == []
    assert feed(straddle(underlying="BANKNIFTY"), quoted(), candle("09:19", 1)) == []


def test_a_chain_without_a_whole_pair_is_no_trade() -> None:
    runs = engine(
        config("s", "ShortStraddle", "strategies.short_straddle", symbols=[FUT, CE, INDEX])
    )
    assert feed(runs, quoted(), candle("09:19", 1)) == []


def test_an_expired_chain_gives_way_to_the_next() -> None:
    after = dt.date(2026, 11, 25)
    desk = quoted(NIFTY26D0125000CE=20_000, NIFTY26D0125000PE=18_000)
    out = feed(straddle(), desk, candle("09:19", 1, date=after))
    assert symbols(out) == ["NIFTY26D0125000CE", "NIFTY26D0125000PE"]


def test_what_is_left_is_closed_once_at_exit_at() -> None:
    runs, desk = straddle(), quoted()
    feed(runs, desk, candle("09:19", 1))
    desk.positions["s", PE] = -65
    assert feed(runs, desk, candle("14:58", 1)) == []
    [out] = feed(runs, desk, candle("14:59", 1))
    assert (out.symbol, out.signal) == (PE, Signal.EXIT)
    assert feed(runs, desk, candle("15:00", 1)) == []


def test_a_start_after_exit_at_does_not_enter_but_the_next_day_does() -> None:
    runs, desk = straddle(), quoted()
    assert feed(runs, desk, candle("15:00", 1), candle("15:01", 1)) == []
    assert len(feed(runs, desk, candle("09:19", 1, date=DAY + dt.timedelta(days=1)))) == 2


def test_warm_up_does_not_use_up_the_day() -> None:
    runs, desk = straddle(), quoted()
    runs.warm([candle("09:19", 1), candle("09:20", 1)])
    assert len(feed(runs, desk, candle("09:21", 1))) == 2


@pytest.mark.parametrize(
    "params", [{"at": "9:20"}, {"at": "24:00"}, {"stop_pct": 0}, {"at": "15:00"}]
)
def test_bad_params(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^strategy 's': params"):
        straddle(**params)
