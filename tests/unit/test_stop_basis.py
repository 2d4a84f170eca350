"""`stop_basis`: the price that stop and target are compared with where the engine watches them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from daemon.domain.events import OrderMoved, decode_event, encode_event
from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.errors import ConfigError
from daemon.execution.context import NoStrategies
from daemon.settings.check import check_config
from daemon.settings.config import Config, ExecutionConfig, StrategiesConfig, StrategyConfig
from tests.kit.market import CALL, OPEN, Market


def market(basis: str, *, has_candles: bool = True, **config: Any) -> Market:
    strategies = NoStrategies()
    if has_candles:
        strategies.subscriptions = {"1m": frozenset({0})}
    usual: dict[str, Any] = {
        "enable_trailing": False, "enable_time_stop": False, "enable_partial_exit": False,
        "fill_mode": "bid_ask", "stop_basis": basis,
    }  # fmt: skip
    made = Market(strategies=strategies, **(usual | config))
    made.tick(100.0, bid=99.95, ask=100.05)
    return made


def demands(made: Market) -> list[tuple[str, float, float, float]]:
    """Return (reason, level, compared price, ltp) of the exits that began."""
    folded = Ledger()
    for event in made.events:
        folded.apply(decode_event(encode_event(event)))
    assert folded == made.engine.ledger
    return [
        (event.reason, d.level_paise / 100, d.basis_paise / 100, d.ltp_paise / 100)
        for event in made.events
        if isinstance(event, OrderMoved) and (d := event.demand) is not None
    ]


def test_by_the_exit_side_a_long_goes_by_the_bid() -> None:
    made = market("exit_side")
    made.signal("BUY", 25, 95.0, 105.0)
    made.tick(94.0, bid=95.05, ask=95.15)  # a stale print below the stop
    made.tick(106.0, bid=104.95, ask=105.10)  # a print beyond the target
    assert demands(made) == []
    made.tick(99.0, bid=95.00, ask=99.50)
    assert demands(made) == [("stop_loss", 95.0, 95.0, 99.0)]
    assert made.moves()[-1] == ("CLOSED", "stop_loss")


def test_by_the_exit_side_a_short_goes_by_the_ask() -> None:
    made = market("exit_side")
    made.signal("SELL", 25, 105.0, 95.0)
    made.tick(106.0, bid=104.00, ask=104.95)
    assert demands(made) == []
    made.tick(96.0, bid=94.00, ask=95.00)
    assert demands(made) == [("take_profit", 95.0, 95.0, 96.0)]


def test_by_the_exit_side_the_last_price_counts_where_that_side_is_absent() -> None:
    made = market("exit_side")
    made.signal("BUY", 25, 95.0, 105.0)
    made.tick(95.0, ask=95.15)
    assert demands(made) == [("stop_loss", 95.0, 95.0, 95.0)]


def test_by_the_exit_side_the_target_is_asked_before_the_stop_and_the_ladder_goes_by_ltp() -> None:
    made = market("exit_side", enable_trailing=True)
    made.signal("BUY", 25, 95.0)
    # E is the ask of 100.05 and R 5.05: two steps of half of it at 105.10
    made.tick(105.10, bid=100.00, ask=105.20)
    assert made.stop == 100.05
    assert demands(made) == []
    made.tick(105.10, bid=100.05, ask=105.20)
    assert demands(made) == [("trailing_stop", 100.05, 100.05, 105.1)]


def test_without_such_a_position_no_tick_stops_the_scan() -> None:
    made = market("exit_side")
    book = made.engine.books[0]
    assert not book.sides_watched
    made.signal("BUY", 25, 95.0)
    assert book.sides_watched
    made.signal("EXIT")
    assert not book.sides_watched


def test_by_the_close_only_the_closes_of_the_timeframe_count() -> None:
    made = market("candle_close")
    made.signal("BUY", 25, 95.0, 105.0, timeframe="1m")
    made.tick(90.0, bid=89.95, ask=90.05)
    made.tick(110.0, bid=109.95, ask=110.05)
    made.tick(95.05, bid=95.00, ask=95.10)
    made.clock(60)
    assert demands(made) == []  # 95.05 closes above the stop
    made.tick(94.9, bid=94.85, ask=94.95)
    made.clock(60)
    assert demands(made) == [("stop_loss", 95.0, 94.9, 94.9)]


def test_by_the_close_a_bar_without_a_tick_compares_nothing() -> None:
    made = market("candle_close")
    made.tick(94.0, bid=93.95, ask=94.05)
    made.clock(60)
    made.tick(100.0, bid=99.95, ask=100.05)
    made.signal("BUY", 25, 95.0, timeframe="1m")
    made.clock(60)
    made.clock(600)
    assert demands(made) == []


def test_by_the_close_the_target_leaves_at_a_close_beyond_it() -> None:
    made = market("candle_close")
    made.signal("BUY", 25, 95.0, 105.0, timeframe="1m")
    made.tick(105.0, bid=104.95, ask=105.05)
    made.clock(60)
    assert demands(made) == [("take_profit", 105.0, 105.0, 105.0)]
    made.tick(104.0, bid=103.95, ask=104.05)  # the quote at the close was too old to fill on
    assert made.moves()[-1] == ("CLOSED", "take_profit")


def test_levels_by_closes_that_never_come_are_refused() -> None:
    made = market("candle_close", has_candles=False)
    made.signal("BUY", 25, 95.0, timeframe="1m")
    assert made.moves() == [("REJECTED", "no_candles")]
    made.signal("BUY", 25, timeframe="1m")
    assert made.moves()[-1] == ("ACTIVE", "active")


def test_candles_of_scripted_intents_are_made() -> None:
    intent = OrderIntent(
        symbol=CALL, signal=Signal.BUY, qty=25, sl_price=95.0, timeframe="3m", strategy_id="script"
    )
    timed = TimedIntent(ts=OPEN + 2_000_000_000, intent=intent)
    made = Market(
        strategies=NoStrategies([timed]), stop_basis="candle_close", enable_time_stop=False,
        enable_partial_exit=False,
    )  # fmt: skip
    made.tick(100.0)
    made.tick(100.0)
    made.tick(94.0)
    assert demands(made) == []
    made.clock(180)
    assert demands(made) == [("stop_loss", 95.0, 94.0, 94.0)]


def test_an_intent_cannot_ask_for_a_stop_at_the_exchange_by_another_price() -> None:
    made = market("exit_side")
    made.signal("BUY", 25, 95.0, exits=ExitOverrides(stop_style="sl_limit"))
    assert made.moves() == [("REJECTED", "stop_basis")]


@pytest.mark.parametrize("basis", ["exit_side", "candle_close"])
def test_a_stop_at_the_exchange_by_another_price_is_refused_at_load(basis: Any) -> None:
    execution = ExecutionConfig(stop_style="sl_limit", stop_basis=basis)
    with pytest.raises(ConfigError, match=r"^execution\.stop_basis: expected ltp .*sl_limit"):
        check_config(Config(execution=execution))
    row = StrategyConfig(id="a", module="m", class_="C", exits=ExitOverrides(stop_style="sl_limit"))
    strategies = StrategiesConfig(items=[row])
    with pytest.raises(ConfigError, match=r"^strategies\.list\[0\]\.exits\.stop_basis: expected"):
        check_config(Config(execution=ExecutionConfig(stop_basis=basis), strategies=strategies))
    check_config(Config(execution=ExecutionConfig(stop_style="sl_limit")))
    back = ExitOverrides(stop_basis="ltp", stop_style="sl_limit")
    rows = StrategiesConfig(items=[structs.replace(row, exits=back)])
    check_config(Config(execution=ExecutionConfig(stop_basis=basis), strategies=rows))
