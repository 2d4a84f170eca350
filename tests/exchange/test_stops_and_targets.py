"""Stops and targets of trades that lie at the exchange (F33, F34, F52, F6)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from daemon.domain.events import ExchangeOrderMoved, StopMoved, encode_event
from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.intent import ExitOverrides, SlLimitBuffer
from daemon.settings.config import LatencyConfig
from tests.exchange.depth_market import DepthMarket
from tests.exchange.test_trades import check

DEEP = 6_500


def market(**config: Any) -> DepthMarket:
    usual: dict[str, Any] = {
        "enable_trailing": False, "enable_time_stop": False, "enable_partial_exit": False,
        "stop_style": "sl_limit", "target_style": "limit",
    }  # fmt: skip
    made = DepthMarket(**(usual | config))
    made.depth_tick()
    return made


def at(made: DepthMarket, ltp: float, bid: float, ask: float | None = None, **more: Any) -> Any:
    """Show a tick with one deep level a side."""
    ask = round(bid + 0.05, 2) if ask is None else ask
    return made.depth_tick(ltp, bids=((bid, DEEP),), asks=((ask, DEEP),), **more)


def orders(made: DepthMarket) -> list[ExchangeOrder]:
    """Return all exchange orders, in the order sent."""
    desk = made.engine.engine.exchange
    assert desk is not None
    return list(desk.exchange.orders.values())


def lying(made: DepthMarket) -> list[tuple[str, int, float, float]]:
    """Return (kind, pending, trigger, limit) of what works at the exchange, in the order sent."""
    return [
        (order.kind, order.pending, order.trigger_paise / 100, order.limit_paise / 100)
        for order in orders(made)
        if not order.is_over
    ]


def kinds(made: DepthMarket, order_type: str) -> list[tuple[str, str]]:
    """Return (kind, reason) of the events of exits of one kind of order."""
    return [
        (event.kind, event.reason)
        for event in made.events
        if isinstance(event, ExchangeOrderMoved)
        and event.is_exit
        and event.order_type == order_type
    ]


def alerts(made: DepthMarket) -> list[str]:
    """Return the reasons of what a trader was alerted of."""
    return [
        event.reason
        for event in made.events
        if isinstance(event, ExchangeOrderMoved) and event.kind == "alert"
    ]


def test_f33_stop_and_target_lie_at_the_exchange_from_the_first_fill() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, 110.0)
    assert lying(made) == [("SL", 65, 90.00, 89.00), ("LIMIT", 65, 0.00, 110.00)]
    assert made.moves()[-1] == ("ACTIVE", "active")
    check(made)


def test_f33_a_short_mirrors_it() -> None:
    made = market()
    made.signal("SELL", 65, 110.0, 90.0)
    assert lying(made) == [("SL", 65, 110.00, 111.10), ("LIMIT", 65, 0.00, 90.00)]
    at(made, 110.00, 109.95, 110.00)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert made.fills()[-1] == ("BUY", 65, 110.00)
    check(made)


@pytest.mark.parametrize(
    ("percent", "min_ticks", "stop", "limit"),
    [
        (1, 20, 90.00, 89.00),  # 20 steps are more than 1 %
        (2, 20, 90.00, 88.20),
        (1.5, 0, 90.05, 88.65),  # 88.69925, away from the trigger
        (0, 0, 90.00, 90.00),
        (1, 20, 0.60, 0.05),  # at least one step
    ],
)
def test_f33_the_limit_lies_a_buffer_beyond_the_trigger(
    percent: float, min_ticks: int, stop: float, limit: float
) -> None:
    buffer = SlLimitBuffer(percent=percent, min_ticks=min_ticks)
    made = market(sl_limit_buffer=buffer, refusals={"far_limit": "off"})
    made.signal("BUY", 65, stop)
    assert lying(made) == [("SL", 65, stop, limit)]


def test_f33_the_styles_of_an_intent_and_of_a_strategy_are_its_own() -> None:
    made = market(stop_style="engine_market", target_style="engine_market")
    made.signal("BUY", 65, 90.0, 110.0)
    assert lying(made) == []
    buffer = SlLimitBuffer(percent=5, min_ticks=0)
    exits = ExitOverrides(stop_style="sl_limit", sl_limit_buffer=buffer)
    made.signal("BUY", 65, 90.0, 110.0, exits=exits)
    made.signal("BUY", 65, 90.0, 110.0, exits=ExitOverrides(target_style="limit"))
    assert lying(made) == [("SL", 65, 90.00, 85.50), ("LIMIT", 65, 0.00, 110.00)]


def test_c16_a_stop_that_is_jumped_over_is_told_of_and_sent_to_the_market() -> None:
    made = market()
    made.signal("BUY", 65, 90.0)
    at(made, 88.00, 87.95)
    assert made.moves()[-1] == ("SL_PENDING", "stop_loss")
    assert lying(made) == [("SL", 65, 90.00, 89.00)]
    made.clock(0.999)
    assert alerts(made) == []
    made.clock(0.001)
    assert alerts(made) == ["stop_unfilled"]
    at(made, 88.05, 88.00, after_s=1.999)
    assert made.fills()[1:] == []
    at(made, 88.10, 88.05, after_s=0.001)
    assert made.fills()[1:] == [("SELL", 65, 88.05)]
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert ("cancelled", "replaced") in kinds(made, "SL")
    assert alerts(made) == ["stop_unfilled"]
    check(made)


def test_f12_escalate_never_leaves_the_stop_at_its_limit() -> None:
    made = market(escalate="never")
    made.signal("BUY", 65, 90.0)
    at(made, 88.00, 87.95)
    at(made, 88.10, 88.05, after_s=20)
    assert lying(made) == [("SL", 65, 90.00, 89.00)]
    at(made, 89.30, 89.00)
    assert made.fills()[1:] == [("SELL", 65, 89.00)]
    assert alerts(made) == ["stop_unfilled"]
    check(made)


def test_f12_the_time_until_a_stop_is_sent_again_is_a_setting() -> None:
    made = market(escalate_after_ms=500)
    made.signal("BUY", 65, 90.0)
    at(made, 88.00, 87.95)
    at(made, 88.05, 88.00, after_s=0.5)
    assert made.fills()[1:] == [("SELL", 65, 88.00)]
    made.clock(5)
    assert alerts(made) == []


def test_c20_of_stop_and_target_at_one_tick_the_target_fills_and_nothing_reverses() -> None:
    made = market()
    made.signal("BUY", 65, 99.0, 100.8)
    at(made, 98.90, 101.00)
    assert made.fills()[1:] == [("SELL", 65, 100.80)]
    assert made.moves()[-2:] == [("TP_PENDING", "take_profit"), ("CLOSED", "take_profit")]
    assert kinds(made, "SL")[-1] == ("cancelled", "exit_group")
    assert not lying(made)
    check(made)


def test_f31_the_tick_that_opens_a_position_does_not_trigger_its_stop() -> None:
    made = market()
    made.signal("BUY", 65, 99.95)
    assert made.moves()[-1] == ("ACTIVE", "active")
    at(made, 99.95, 99.90)
    assert made.fills()[1:] == [("SELL", 65, 99.90)]
    check(made)


def test_f52_a_stop_fills_in_parts_and_closes_once() -> None:
    made = market()
    made.signal("BUY", 325, 90.0)
    made.depth_tick(89.90, bids=((89.90, 130),), asks=((90.00, 65),))
    assert made.moves()[-1] == ("SL_PENDING", "stop_loss")
    assert made.position.quantity == 195
    made.depth_tick(89.90, bids=((89.40, 195),), asks=((90.00, 65),))
    assert made.fills()[-2:] == [("SELL", 130, 89.90), ("SELL", 195, 89.00)]
    assert [move for move in made.moves() if move[0] == "CLOSED"] == [("CLOSED", "stop_loss")]
    check(made)


def test_f52_the_parts_of_a_target_leave_the_trade_active_until_the_last() -> None:
    made = market()
    made.signal("BUY", 195, 90.0, 110.0)
    made.depth_tick(109.90, bids=((110.00, 65),), asks=((110.05, 65),))
    assert made.moves()[-1] == ("ACTIVE", "active")
    assert lying(made) == [("SL", 130, 90.00, 89.00), ("LIMIT", 130, 0.00, 110.00)]
    assert made.position.realized_paise == 648_92  # 65 at 110.00 that cost 100.0166 each
    made.depth_tick(109.90, bids=((110.00, 195),), asks=((110.05, 65),))
    assert made.moves()[-2:] == [("TP_PENDING", "take_profit"), ("CLOSED", "take_profit")]
    assert made.fills()[-2:] == [("SELL", 65, 110.00), ("SELL", 130, 110.00)]
    check(made)


def test_f52_after_a_part_of_the_target_the_stop_closes_the_rest() -> None:
    made = market()
    made.signal("BUY", 195, 90.0, 110.0)
    made.depth_tick(109.90, bids=((110.00, 65),), asks=((110.05, 65),))
    at(made, 89.90, 89.85)
    assert made.fills()[-2:] == [("SELL", 65, 110.00), ("SELL", 130, 89.85)]
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    check(made)


@pytest.mark.parametrize("reason", ["signal_exit", "manual_exit", "kill_switch"])
def test_f34_a_market_exit_takes_its_quantity_from_stop_and_target(reason: str) -> None:
    made = market()
    made.signal("BUY", 65, 90.0, 110.0)
    if reason == "signal_exit":
        made.signal("EXIT")
    elif reason == "manual_exit":
        made.command(reason, made.position.order_id)
    else:
        made.command(reason)
    assert made.moves()[-1] == ("CLOSED", reason)
    assert kinds(made, "SL")[-1] == kinds(made, "LIMIT")[-1] == ("cancelled", "replaced")
    assert made.fills()[-1] == ("SELL", 65, 99.95)
    check(made)


def test_f34_time_stop_and_square_off_take_it_too() -> None:
    for wait, config in ((2, {"enable_time_stop": True, "time_stop_bars": 1}), (356, {})):
        made = market(**config)
        made.signal("BUY", 65, 90.0, 110.0)
        made.minutes(wait)
        at(made, 100.00, 99.95)
        assert made.moves()[-1][0] == "CLOSED"
        assert made.moves()[-1][1] in ("time_stop", "square_off")
        assert not lying(made)
        check(made)


def test_f34_until_a_market_exit_arrives_the_target_may_fill() -> None:
    made = market(latency=LatencyConfig(enter_ms=1_500))
    made.signal("BUY", 130, 90.0, 110.0)
    at(made, 100.00, 99.95, after_s=2)
    at(made, 100.00, 99.95, after_s=2)
    assert len(lying(made)) == 2
    made.signal("EXIT")
    made.depth_tick(110.00, bids=((110.00, 65),), asks=((110.05, 65),))
    assert made.moves()[-1] == ("EXIT_PENDING", "signal_exit")
    at(made, 109.00, 108.95, after_s=2)
    assert made.fills()[-2:] == [("SELL", 65, 110.00), ("SELL", 65, 108.95)]
    assert made.moves()[-1] == ("CLOSED", "signal_exit")
    check(made)


def test_f33_a_moved_stop_is_one_modification_a_step() -> None:
    made = market(enable_trailing=True)
    made.signal("BUY", 65, 90.0)
    at(made, 117.00, 116.95)  # three steps of 5 at once
    moved = [event for event in made.events if isinstance(event, StopMoved)]
    assert [event.stop_to_paise for event in moved] == [105_00]
    assert lying(made) == [("SL", 65, 105.00, 103.95)]
    assert kinds(made, "SL")[-1] == ("modified", "")
    at(made, 104.95, 104.90)
    assert made.fills()[-1] == ("SELL", 65, 104.90)
    assert made.moves()[-1] == ("CLOSED", "trailing_stop")
    check(made)


def test_f33_break_even_moves_the_stop_at_the_exchange() -> None:
    made = market(enable_break_even=True)
    made.signal("BUY", 65, 90.0)
    at(made, 110.00, 109.95)
    assert lying(made) == [("SL", 65, 100.00, 99.00)]
    at(made, 99.95, 99.90)
    assert made.moves()[-1] == ("CLOSED", "break_even")
    check(made)


def test_f33_the_25th_move_places_a_new_stop_and_the_old_is_replaced() -> None:
    made = market(enable_trailing=True, trail_step_r=0.1)
    made.signal("BUY", 65, 90.0)
    for step in range(1, 25):
        at(made, 100.0 + step, 99.95 + step)
    (old,) = [order for order in orders(made) if order.kind == "SL"]
    assert (old.modifications, old.trigger_paise) == (24, 114_00)
    at(made, 125.00, 124.95)
    assert lying(made) == [("SL", 65, 115.00, 113.85)]
    assert old.status_message == "replaced"
    at(made, 126.00, 125.95)
    assert [order.modifications for order in orders(made) if order.kind == "SL"] == [24, 1]
    at(made, 115.90, 115.85)
    assert made.moves()[-1] == ("CLOSED", "trailing_stop")
    check(made)


def test_f33_a_partial_exit_lies_in_two_parts() -> None:
    made = market(enable_partial_exit=True)
    made.signal("BUY", 130, 96.0)
    assert lying(made) == [("SL", 65, 96.00, 95.00), ("SL", 65, 94.00, 93.00)]
    made.depth_tick(95.90, bids=((95.90, 65), (95.85, 650)), asks=((96.00, 65),))
    assert made.moves()[-2:] == [("SL_PENDING", "stop_loss"), ("ACTIVE", "stop_loss")]
    assert made.fills()[-1] == ("SELL", 65, 95.90)
    assert (made.position.quantity, made.stop) == (65, 94.00)
    assert lying(made) == [("SL", 65, 94.00, 93.00)]
    at(made, 93.90, 93.85)
    assert made.fills()[-1] == ("SELL", 65, 93.85)
    assert made.moves()[-1] == ("CLOSED", "stop_loss_rest")
    check(made)


def test_f33_a_gap_through_both_parts_closes_once() -> None:
    made = market(enable_partial_exit=True)
    made.signal("BUY", 130, 96.0)
    at(made, 93.95, 93.90)
    assert made.fills()[-1] == ("SELL", 65, 93.90)  # of the rest; the part's limit is 95.00
    at(made, 93.90, 93.85, after_s=3)
    assert made.fills()[-1] == ("SELL", 65, 93.85)
    assert [move for move in made.moves() if move[0] == "CLOSED"] == [("CLOSED", "stop_loss")]
    check(made)


def test_f33_a_stop_that_no_longer_loses_lies_whole() -> None:
    made = market(enable_partial_exit=True, enable_break_even=True)
    made.signal("BUY", 130, 96.0)
    assert lying(made) == [("SL", 65, 96.00, 95.00), ("SL", 65, 94.00, 93.00)]
    at(made, 104.00, 103.95)
    assert lying(made) == [("SL", 130, 100.00, 99.00)]
    check(made)


def test_f52_a_part_of_the_target_while_a_part_of_the_stop_is_on_its_way() -> None:
    made = market(
        enable_partial_exit=True, stop_style="engine_market", latency=LatencyConfig(enter_ms=2_500)
    )
    made.signal("BUY", 260, 96.0, 101.0)
    for _ in range(6):
        at(made, 100.00, 99.95)
    assert lying(made) == [("LIMIT", 260, 0.00, 101.00)]
    at(made, 95.90, 95.85)  # 130 leave at the market, which takes a while
    made.depth_tick(101.00, bids=((101.00, 65),), asks=((101.05, 65),))
    assert made.moves()[-1] == ("SL_PENDING", "stop_loss")
    pending = made.position.pending
    assert pending is not None
    assert (made.position.quantity, pending.quantity) == (195, 130)
    at(made, 97.00, 96.95, after_s=2)
    assert made.moves()[-1] == ("ACTIVE", "stop_loss")
    assert made.fills()[-2:] == [("SELL", 65, 101.00), ("SELL", 130, 96.95)]
    assert lying(made) == [("LIMIT", 65, 0.00, 101.00)]
    check(made)


def test_f33_a_growing_entry_enlarges_stop_and_target() -> None:
    made = DepthMarket(
        enable_time_stop=False, enable_partial_exit=False, enable_trailing=False,
        stop_style="sl_limit", target_style="limit",
    )  # fmt: skip
    made.depth_tick(asks=((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65)))
    made.signal("BUY", 130, 90.0, 110.0)
    assert lying(made)[1:] == [("SL", 65, 90.00, 89.00), ("LIMIT", 65, 0.00, 110.00)]
    made.depth_tick(asks=((101.00, 65), (103.00, 65)))
    assert lying(made) == [("SL", 130, 90.00, 89.00), ("LIMIT", 130, 0.00, 110.00)]
    check(made)


def test_f51_a_stop_that_triggers_cancels_the_rest_of_the_entry() -> None:
    made = DepthMarket(
        enable_time_stop=False, enable_partial_exit=False, enable_trailing=False,
        stop_style="sl_limit", target_style="limit",
    )  # fmt: skip
    made.depth_tick(asks=((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65)))
    made.signal("BUY", 130, 90.0, 110.0)
    made.depth_tick(90.00, bids=((89.95, DEEP),), asks=((103.00, DEEP),))
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert ("cancelled", "exit_began") in made.exchange_kinds()
    check(made)


def test_f33_a_stop_that_is_refused_is_watched_by_the_engine_and_told_of() -> None:
    made = market()
    book = made.engine.engine.exchange.exchange.books[0]
    book.instrument = structs.replace(book.instrument, instrument_type="CE")
    made.signal("BUY", 65, 45.0, 260.0)  # limits under a half and above 2.5 times the last price
    assert lying(made) == []
    assert alerts(made) == ["stop_not_at_exchange", "target_not_at_exchange"]
    at(made, 44.95, 44.90)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert made.fills()[-1] == ("SELL", 65, 44.90)
    check(made)


def test_f33_a_stop_whose_trigger_is_met_on_arrival_leaves_at_the_market_at_once() -> None:
    made = market(latency=LatencyConfig(enter_ms=1_500))
    made.signal("BUY", 65, 90.0)
    at(made, 100.00, 99.95, after_s=2)
    assert lying(made) == [("SL", 65, 90.00, 89.00)]
    at(made, 89.00, 88.95)
    at(made, 89.00, 88.95)
    assert ("rejected", "trigger_already_met") in kinds(made, "SL")
    assert made.moves()[-1] == ("SL_PENDING", "stop_loss")
    at(made, 89.00, 88.95, after_s=2)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert alerts(made) == []
    check(made)


def test_f33_a_modification_that_comes_too_late_leaves_at_the_market_at_once() -> None:
    made = market(enable_trailing=True, latency=LatencyConfig(modify_ms=1_500))
    made.signal("BUY", 65, 90.0)
    at(made, 110.00, 109.95)
    at(made, 99.00, 98.95)
    assert made.moves()[-1] == ("ACTIVE", "active")  # the old stop is in force
    at(made, 99.00, 98.95)
    assert ("modify_refused", "trigger_already_met") in kinds(made, "SL")
    assert made.moves()[-1] == ("CLOSED", "trailing_stop")
    assert made.fills()[-1] == ("SELL", 65, 98.95)
    check(made)


def test_f60_a_stop_above_the_freeze_quantity_lies_in_slices() -> None:
    made = DepthMarket(
        enable_time_stop=False, enable_partial_exit=False, enable_trailing=False,
        stop_style="sl_limit",
    )  # fmt: skip
    made.engine.engine.rules.freeze_quantity = lambda date, instrument: 130  # type: ignore[method-assign]
    at(made, 100.00, 99.95, 100.00)
    made.signal("BUY", 325, 90.0)
    for _ in range(8):
        made.clock(0.1)
    assert lying(made) == [("SL", 130, 90.0, 89.0), ("SL", 130, 90.0, 89.0), ("SL", 65, 90.0, 89.0)]
    at(made, 89.90, 89.85)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    check(made)


@pytest.mark.parametrize("fills_more", [False, True])
def test_f51_a_trade_stays_open_while_its_entry_may_still_fill(fills_more: bool) -> None:
    made = DepthMarket(
        enable_time_stop=False, enable_partial_exit=False, stop_style="sl_limit",
        latency=LatencyConfig(cancel_ms=2_500),
    )  # fmt: skip
    made.depth_tick(asks=((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65)))
    made.signal("BUY", 130, 90.0)
    made.signal("EXIT")
    assert made.fills()[-1] == ("SELL", 65, 99.95)
    assert made.moves()[-1] == ("EXIT_PENDING", "signal_exit")
    assert made.position.quantity == 0
    if fills_more:
        at(made, 101.00, 100.95, 101.00)
        at(made, 101.00, 100.95, 101.05)
        assert made.fills()[-2:] == [("BUY", 65, 101.00), ("SELL", 65, 100.95)]
    made.clock(2.5)
    assert made.moves()[-1] == ("CLOSED", "signal_exit")
    assert not made.engine.ledger.positions
    check(made)


@pytest.mark.parametrize("mode", ["bid_ask", "mid", "ltp"])
def test_in_the_simple_modes_stop_and_target_lie_at_the_exchange_too(mode: str) -> None:
    made = market(fill_mode=mode, slippage_bps=0)
    made.signal("BUY", 65, 90.0, 110.0)
    assert lying(made) == [("SL", 65, 90.00, 89.00), ("LIMIT", 65, 0.00, 110.00)]
    at(made, 110.00, 110.00, 110.00, growth=65)
    assert made.fills()[-1] == ("SELL", 65, 110.00)
    assert made.moves()[-2:] == [("TP_PENDING", "take_profit"), ("CLOSED", "take_profit")]
    assert kinds(made, "SL")[-1] == ("cancelled", "exit_group")
    check(made)


@pytest.mark.parametrize("mode", ["bid_ask", "mid", "ltp"])
def test_c16_in_the_simple_modes(mode: str) -> None:
    made = market(fill_mode=mode, slippage_bps=0)
    made.signal("BUY", 65, 90.0)
    at(made, 88.00, 88.00, 88.00)
    assert made.moves()[-1] == ("SL_PENDING", "stop_loss")
    made.clock(1)
    assert alerts(made) == ["stop_unfilled"]
    at(made, 88.10, 88.10, 88.10, after_s=2)
    assert made.fills()[-1] == ("SELL", 65, 88.10)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    check(made)


def test_in_the_simple_modes_a_market_exit_makes_no_event_of_its_own_order() -> None:
    made = market(fill_mode="bid_ask", slippage_bps=0)
    made.signal("BUY", 65, 90.0, 110.0)
    made.signal("EXIT")
    assert kinds(made, "MARKET") == []
    assert kinds(made, "SL")[-1] == kinds(made, "LIMIT")[-1] == ("cancelled", "replaced")
    assert made.fills()[-1] == ("SELL", 65, 99.95)
    check(made)


def test_in_the_simple_modes_a_trade_without_such_a_style_leaves_as_it_always_did() -> None:
    results = []
    for styles in ({}, {"stop_style": "engine_market", "target_style": "engine_market"}):
        made = DepthMarket(fill_mode="bid_ask", **styles)
        made.depth_tick()
        made.signal("BUY", 130, 95.0, 110.0)
        at(made, 94.00, 93.95)
        at(made, 90.00, 89.95)
        results.append([encode_event(event) for event in made.events])
        assert not made.exchange_kinds()
    assert results[0] == results[1]


def test_a_stop_at_the_exchange_costs_the_engine_no_trigger() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, 110.0)
    assert len(made.engine.books[0].triggers) == 1
    assert made.engine.books[0].triggers.nearest_below() == -1
    assert made.engine.books[0].triggers.nearest_above() == 1 << 62
