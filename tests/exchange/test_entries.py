"""Entries that are not a plain MARKET: they rest, wait for triggers, end, and can be changed."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.events import (
    ExchangeOrderMoved,
    OrderCreated,
    OrderMoved,
    StopMoved,
    decode_event,
    encode_event,
)
from daemon.domain.inputs import ConfigChange
from daemon.domain.intent import EntryChange
from daemon.domain.ledger import Ledger
from daemon.settings.config import LatencyConfig, RiskConfig
from strategies.strategy import pct, points, r
from tests.exchange.depth_market import DepthMarket
from tests.kit.market import CALL, Market

QUIET: dict[str, Any] = {
    "enable_trailing": False, "enable_time_stop": False, "enable_partial_exit": False,
}  # fmt: skip
DOWN: dict[str, Any] = {"bids": ((99.85, 65), (99.80, 65)), "asks": ((99.90, 650), (99.95, 65))}
"""The book of the examples a little lower: 99.90 is offered."""


def market(**config: Any) -> DepthMarket:
    made = DepthMarket(**(QUIET | config))
    made.depth_tick()
    return made


def simple(mode: str = "bid_ask", **config: Any) -> Market:
    made = Market(**(QUIET | {"fill_mode": mode, "slippage_bps": 0, "charges": False} | config))
    made.tick(100.00, bid=99.95, ask=100.05)
    return made


def check(made: Market) -> None:
    """The ledger is the fold of the events as bytes."""
    folded = Ledger()
    for event in made.events:
        folded.apply(decode_event(encode_event(event)))
    assert folded == made.engine.ledger


def numbers(made: Market) -> dict[str, int | str]:
    """What was compared at the last refusal."""
    found = [e for e in made.events if isinstance(e, OrderMoved) and e.to_state == "REJECTED"]
    return found[-1].numbers or {}


def order_id(made: Market) -> str:
    return next(reversed(made.engine.ledger.orders))


def change(made: Market, **fields: Any) -> str:
    """Modify the latest order; returns the answer."""
    asked = EntryChange(**fields)
    answer = made.engine.engine.modify_order(order_id(made), asked)
    made.events += made.engine.engine.lifecycle.take_events()
    return answer


def cancel(made: Market) -> str:
    answer = made.engine.engine.cancel_order(order_id(made))
    made.events += made.engine.engine.lifecycle.take_events()
    return answer


def kinds(made: Market) -> list[tuple[str, str]]:
    return [(e.kind, e.reason) for e in made.events if isinstance(e, ExchangeOrderMoved)]


def fills(made: Market) -> list[tuple[str, int, float, str]]:
    return [
        (fill.transaction_type, fill.quantity, fill.price_paise / 100, fill.rule)
        for event in made.events
        if isinstance(event, OrderMoved | ExchangeOrderMoved) and (fill := event.fill)
    ]


# what travels


def test_the_terms_of_an_entry_travel_to_its_event_and_its_exchange_order() -> None:
    made = market()
    made.signal(
        "BUY", 65, 90.0, order_type="SL", price=101.0, trigger_price=100.5, validity="TTL",
        validity_ttl=7,
    )  # fmt: skip
    created = next(event for event in made.events if isinstance(event, OrderCreated))
    told = (created.order_type, created.price_paise, created.trigger_paise, created.validity)
    assert (*told, created.validity_ttl) == ("SL", 101_00, 100_50, "TTL", 7)
    moved = next(event for event in made.events if isinstance(event, ExchangeOrderMoved))
    assert (moved.order_type, moved.limit_paise, moved.trigger_paise) == ("SL", 101_00, 100_50)
    check(made)


def test_a_plain_market_entry_adds_nothing_to_its_event() -> None:
    made = simple()
    made.signal("BUY", 25, 90.0)
    created = encode_event(made.events[0])
    for name in (b"order_type", b"price_paise", b"trigger", b"validity", b"protection"):
        assert name not in created
    made.signal("BUY", 25, 90.0, order_type="LIMIT", price=90.5)
    again = next(e for e in reversed(made.events) if isinstance(e, OrderCreated))
    assert decode_event(encode_event(again)) == again
    assert b'"order_type":"LIMIT","price_paise":9050' in encode_event(again).replace(b" ", b"")


def test_market_protection_is_the_limit_of_a_market() -> None:
    made = market()
    made.signal("BUY", 2_600, 90.0, market_protection=0.1)
    moved = [event for event in made.events if isinstance(event, ExchangeOrderMoved)]
    assert moved[0].limit_paise == 100_10
    assert made.position.quantity == 585


# what is refused, with numbers and never an error


@pytest.mark.parametrize(
    ("fields", "reason", "seen"),
    [
        ({"order_type": "LIMIT"}, "bad_level", {"order_type": "LIMIT", "price": "none"}),
        ({"price": 99.0}, "bad_level", {"order_type": "MARKET", "price": "99.0"}),
        (
            {"order_type": "SL", "price": 101.0}, "bad_level",
            {"order_type": "SL", "trigger_price": "none"},
        ),
        (
            {"order_type": "SL", "price": 100.0, "trigger_price": 101.0}, "bad_level",
            {"price_paise": 100_00, "trigger_paise": 101_00},
        ),
        ({"order_type": "LIMIT", "price": float("nan")}, "bad_level", {"price": "nan"}),
        ({"order_type": "LIMIT", "price": -1.0}, "bad_level", {"price": "-1.0"}),
        ({"order_type": "LIMIT", "price": 0}, "bad_level", {"price": "0"}),
        ({"order_type": "LIMIT", "price": 99.123}, "price_step", {"price": "99.123"}),
        ({"order_type": "LIMIT", "price": 99.93}, "price_step", {"price_paise": 99_93}),
        (
            {"order_type": "SL", "price": 101.0, "trigger_price": 100.5, "validity": "IOC"},
            "bad_validity", {"validity": "IOC", "order_type": "SL"},
        ),
        ({"validity": "TTL"}, "bad_validity", {"validity_ttl": "none"}),
        ({"validity": "TTL", "validity_ttl": 0}, "bad_validity", {"validity_ttl": 0}),
        ({"validity_ttl": 5}, "bad_validity", {"validity": "DAY", "validity_ttl": 5}),
        ({"market_protection": 0}, "no_protection", {"market_protection": 0}),
        ({"market_protection": 101}, "bad_level", {"market_protection": "101"}),
        (
            {"order_type": "LIMIT", "price": 99.0, "market_protection": 2}, "bad_level",
            {"order_type": "LIMIT", "market_protection": "2"},
        ),
        ({"order_type": "LIMIT", "price": 300.0}, "far_limit", {"price_paise": 300_00}),
        ({"order_type": "SL-M", "trigger_price": 101.0}, "slm_on_options", {}),
        (
            {"order_type": "SL", "price": 101.0, "trigger_price": 100.0}, "trigger_already_met",
            {"trigger_paise": 100_00, "ltp_paise": 100_00},
        ),
    ],
)  # fmt: skip
def test_f30_a_wrong_combination_is_a_refused_order_with_its_numbers(
    fields: dict[str, Any], reason: str, seen: dict[str, Any]
) -> None:
    made = market(instrument_type="CE")
    made.signal("BUY", 65, **fields)
    assert made.moves()[-1] == ("REJECTED", reason)
    assert numbers(made).items() >= seen.items()
    check(made)


def test_a_sells_trigger_lies_above_its_limit() -> None:
    made = market()
    made.signal("SELL", 65, order_type="SL", price=99.0, trigger_price=99.5)
    assert made.moves()[-1][0] == "SUBMITTED"
    made.signal("SELL", 65, order_type="SL", price=99.5, trigger_price=99.0)
    assert made.moves()[-1] == ("REJECTED", "bad_level")


@pytest.mark.parametrize("mode", ["ltp", "mid", "bid_ask"])
def test_simple_modes_refuse_a_price_off_its_step_and_nothing_else_unless_written(
    mode: str,
) -> None:
    made = simple(mode)
    made.signal("BUY", 25, order_type="LIMIT", price=99.93)
    assert made.moves()[-1] == ("REJECTED", "price_step")
    made.signal("BUY", 25, order_type="LIMIT", price=300.0)
    assert made.moves()[-1] == ("ACTIVE", "active")
    strict = simple(mode, instrument_type="CE", refusals={"far_limit": "on", "price_step": "off"})
    strict.signal("BUY", 25, order_type="LIMIT", price=300.0)
    assert strict.moves()[-1] == ("REJECTED", "far_limit")
    strict.signal("BUY", 25, order_type="LIMIT", price=99.93)
    assert strict.moves()[-1][0] == "SUBMITTED"


# LIMIT


def test_f20_a_limit_takes_what_is_within_it_and_rests_with_the_rest() -> None:
    made = market()
    made.signal("BUY", 455, 90.0, order_type="LIMIT", price=100.05)
    assert made.fills() == [("BUY", 130, 100.00), ("BUY", 195, 100.05)]
    assert (made.moves()[-1][0], made.position.quantity) == ("ACTIVE", 325)
    check(made)


def test_a_resting_entry_is_submitted_until_its_first_fill() -> None:
    made = market()
    made.signal("BUY", 130, 90.0, order_type="LIMIT", price=99.90)
    assert [state for state, _ in made.moves()] == ["SUBMITTED"]
    assert made.engine.engine.desk.waiting("story", CALL) == 1
    made.depth_tick(99.90, growth=65)
    assert [state for state, _ in made.moves()] == ["SUBMITTED"]
    made.depth_tick(99.85, growth=65, bids=((99.85, 65),), asks=((99.90, 65), (99.95, 65)))
    assert [state for state, _ in made.moves()] == ["SUBMITTED", "FILLED", "ACTIVE"]
    assert made.fills() == [("BUY", 65, 99.90)]
    assert made.engine.engine.desk.waiting("story", CALL) == 0
    made.depth_tick(99.85, bids=((99.85, 65),), asks=((99.90, 130), (99.95, 65)))
    assert made.position.quantity == 130
    check(made)


def test_a_limit_that_would_rest_is_asked_for_its_levels_at_its_price() -> None:
    made = market()
    made.signal("BUY", 65, 99.00, 99.95, order_type="LIMIT", price=99.90)  # target under ltp
    assert made.moves()[-1][0] == "SUBMITTED"
    made.signal("BUY", 65, 99.90, order_type="LIMIT", price=99.90)
    assert made.moves()[-1] == ("REJECTED", "stop_not_protective")


def test_an_entry_that_fills_beyond_its_stop_leaves_at_once() -> None:
    made = market()
    made.signal("BUY", 65, 99.50, order_type="LIMIT", price=99.90)
    made.depth_tick(99.00, bids=((98.95, 650),), asks=((99.05, 650),))
    assert [state for state, _ in made.moves()][-3:] == ["ACTIVE", "SL_PENDING", "CLOSED"]
    assert made.fills() == [("BUY", 65, 99.90), ("SELL", 65, 98.95)]
    check(made)


def test_f6_ioc_takes_and_its_rest_is_cancelled() -> None:
    made = market()
    made.signal("BUY", 455, 90.0, order_type="LIMIT", price=100.05, validity="IOC")
    assert made.position.quantity == 325
    assert kinds(made)[-1] == ("cancelled", "ioc_rest")
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0, validity="IOC")
    assert made.moves()[-1] == ("CANCELLED", "ioc_rest")
    check(made)


def test_f6_ttl_ends_a_resting_entry() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0, validity="TTL", validity_ttl=2)
    made.clock(119.9)
    assert made.moves()[-1][0] == "SUBMITTED"
    made.clock(0.1)
    assert made.moves()[-1] == ("CANCELLED", "ttl_over")
    assert made.engine.engine.desk.waiting("story", CALL) == 0
    check(made)


def test_f6_a_carried_product_rests_until_the_close() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0, product="NRML")
    made.clock(6 * 3600 + 900 - 2)
    assert made.moves()[-1][0] == "SUBMITTED"
    made.clock(1)
    assert ("CANCELLED", "day_over") in made.moves()


def test_f6_intraday_entries_that_rest_are_cancelled_at_square_off() -> None:
    made = market(square_off_before_close_min=20)
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0)
    made.clock(5 * 3600 + 55 * 60)
    assert made.moves()[-1] == ("CANCELLED", "square_off")
    check(made)


def test_f12_a_market_that_would_rest_can_be_cancelled_instead() -> None:
    made = DepthMarket(**QUIET, market_rest="cancel")
    made.depth_tick(asks=())
    made.signal("BUY", 65, 90.0)
    assert made.moves()[-1] == ("REJECTED", "no_price")
    assert kinds(made)[-1] == ("cancelled", "unfilled_rest")


# stops


def test_f31_an_sl_entry_waits_for_its_trigger_and_then_is_a_limit() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, order_type="SL", price=101.0, trigger_price=100.5)
    assert [state for state, _ in made.moves()] == ["SUBMITTED"]
    made.depth_tick(101.20, asks=((101.25, 65),), bids=((101.10, 65),))
    assert kinds(made)[-1] == ("open", "") or ("triggered", "") in kinds(made)
    assert made.fills() == []
    made.depth_tick(99.80, asks=((99.85, 65),), bids=((99.75, 65),))
    assert made.fills() == [("BUY", 65, 101.00)]
    check(made)


def test_an_sl_entrys_levels_are_asked_where_it_triggers() -> None:
    made = market()
    terms: dict[str, Any] = {"order_type": "SL", "price": 106.0, "trigger_price": 105.0}
    made.signal("BUY", 65, 104.0, **terms)  # above ltp, below the trigger
    assert made.moves()[-1][0] == "SUBMITTED"
    made.signal("BUY", 65, 105.0, **terms)
    assert made.moves()[-1] == ("REJECTED", "stop_not_protective")
    made.signal("BUY", 65, 90.0, 105.5, **terms)
    assert made.moves()[-1] == ("REJECTED", "target_not_beyond_entry")


# the simple modes


@pytest.mark.parametrize(
    ("mode", "price", "rule"),
    [("ltp", 100.00, "ltp"), ("mid", 100.00, "mid"), ("bid_ask", 100.05, "ask")],
)
def test_f20_in_simple_modes_a_limit_within_reach_fills_whole_at_the_modes_price(
    mode: str, price: float, rule: str
) -> None:
    made = simple(mode)
    made.signal("BUY", 250, 90.0, order_type="LIMIT", price=100.50)
    assert fills(made) == [("BUY", 250, price, rule)]
    assert kinds(made) == [("accepted", ""), ("open", ""), ("filled", "")]
    made.tick(89.00, bid=88.95, ask=89.05)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")  # the exit is today's
    assert len(kinds(made)) == 3
    check(made)


def test_f22_in_simple_modes_a_limit_rests_and_fills_whole_at_its_price() -> None:
    made = simple()
    made.signal("BUY", 250, 90.0, order_type="LIMIT", price=99.50)
    made.tick(99.60, bid=99.55, ask=99.65)
    assert made.moves()[-1][0] == "SUBMITTED"
    made.tick(99.55, bid=99.45, ask=99.50)
    assert fills(made) == [("BUY", 250, 99.50, "cross")]
    check(made)


@pytest.mark.parametrize(("resting", "filled"), [("queue", False), ("touch", True)])
def test_f22_without_volume_and_book_the_last_price_is_the_evidence(
    resting: str, filled: bool
) -> None:
    made = Market(**QUIET, resting=resting)
    made.tick(100.00)
    made.signal("BUY", 25, 90.0, order_type="LIMIT", price=99.50)
    made.tick(99.50)
    assert bool(fills(made)) is filled
    made.tick(99.45)
    assert [fill[:3] for fill in fills(made)] == [("BUY", 25, 99.50)]


def test_in_simple_modes_a_resting_entry_and_a_waiting_market_do_not_hinder_each_other() -> None:
    made = simple("ltp", latency_ms=3_000, latency=LatencyConfig(enter_ms=0))
    made.signal("BUY", 25, 90.0, order_type="LIMIT", price=99.50)
    made.signal("BUY", 25, 90.0)
    made.tick(100.10)
    made.tick(100.20)
    made.tick(100.30)
    assert fills(made) == [("BUY", 25, 100.30, "ltp")]
    made.tick(99.40)
    assert [fill[:3] for fill in fills(made)] == [("BUY", 25, 100.30), ("BUY", 25, 99.50)]


def test_in_simple_modes_an_sl_m_fills_whole_at_its_trigger() -> None:
    made = simple("ltp")
    made.signal("BUY", 25, 90.0, order_type="SL-M", trigger_price=101.0)
    made.tick(100.90)
    made.tick(101.30)
    assert fills(made) == [("BUY", 25, 101.30, "ltp")]
    check(made)


def test_in_simple_modes_nothing_is_looked_at_without_orders_at_the_exchange() -> None:
    made = simple()
    book = made.engine.books[0]
    made.signal("BUY", 25, 90.0)
    made.tick(101.00)
    assert (book.skipper is not None, book.keeps_shown, book.shown) == (False, False, None)
    made.signal("BUY", 25, 90.0, order_type="LIMIT", price=95.0)
    assert (book.skipper is not None, book.keeps_shown) == (True, True)
    assert cancel(made) == ""
    assert (book.skipper is not None, book.keeps_shown, book.shown) == (False, False, None)


# what cancels a resting entry


@pytest.mark.parametrize("mode", ["depth", "ltp"])
@pytest.mark.parametrize("command", ["kill_switch", "strategy_off", "manual_exit"])
def test_commands_cancel_a_resting_entry(mode: str, command: str) -> None:
    made = market() if mode == "depth" else simple(mode)
    made.signal("BUY", 650, 90.0, order_type="LIMIT", price=99.0)
    target = {"strategy_off": "story", "manual_exit": order_id(made)}.get(command, "")
    made.command(command, target)
    assert made.moves()[-1] == ("CANCELLED", command)
    assert made.engine.engine.desk.waiting("story", CALL) == 0
    check(made)


def test_a_configuration_that_switches_a_strategy_off_cancels_its_resting_entries() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0)
    text = '{"strategies": {"story": false}}'
    made._keep(made.engine.handle(ConfigChange(ts=made.now, config=text)))
    assert made.moves()[-1] == ("CANCELLED", "strategy_off")


def test_strategy_off_cancels_the_rest_of_an_entry_and_keeps_its_position() -> None:
    made = market()
    made.signal("BUY", 455, 90.0, order_type="LIMIT", price=100.05)
    made.command("strategy_off", "story")
    assert kinds(made)[-1] == ("cancelled", "strategy_off")
    assert (made.position.quantity, made.moves()[-1]) == (325, ("ACTIVE", "active"))


@pytest.mark.parametrize("mode", ["depth", "bid_ask"])
def test_an_exit_intent_cancels_a_resting_entry(mode: str) -> None:
    made = market() if mode == "depth" else simple(mode)
    made.signal("BUY", 650, 90.0, order_type="LIMIT", price=99.0)
    made.signal("EXIT")
    assert made.moves()[-1] == ("CANCELLED", "signal_exit")


def test_a_cancel_on_its_way_is_sent_once() -> None:
    made = market(latency=LatencyConfig(cancel_ms=5_000))
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0)
    made.signal("EXIT")
    made.command("kill_switch")
    made.clock(6)
    assert made.moves()[-1] == ("CANCELLED", "signal_exit")
    assert ("cancel_refused", "not_open") not in kinds(made)


# changes


def test_f42_a_changed_price_is_taken_at_once_where_it_crosses() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.90)
    assert change(made, price=100.00) == ""
    assert made.fills() == [("BUY", 65, 100.00)]
    check(made)


def test_f42_quantity_is_the_total_and_the_filled_part_ends_it() -> None:
    made = market()
    made.signal("BUY", 455, 90.0, order_type="LIMIT", price=100.05)
    assert change(made, qty=325) == ""
    assert kinds(made)[-1] == ("cancelled", "modified_to_filled")
    assert made.position.quantity == 325
    check(made)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"qty": 65}, "bad_quantity"),
        ({"qty": 460}, "bad_quantity"),
        ({"price": 99.93}, "price_step"),
        ({"price": 99.923}, "price_step"),
        ({"price": -5.0}, "bad_level"),
        ({"trigger_price": float("inf")}, "bad_level"),
        ({"validity": "TTL"}, "bad_validity"),
        ({"order_type": "SL", "trigger_price": 99.0}, "not_open"),
    ],
)
def test_f42_a_refused_modification_changes_nothing(fields: dict[str, Any], reason: str) -> None:
    made = market()
    made.signal("BUY", 455, 90.0, order_type="LIMIT", price=100.05)
    change(made, **fields)
    assert kinds(made)[-1] == ("modify_refused", reason)
    made.depth_tick(asks=((100.05, 1_300), (100.10, 65)))
    assert made.position.quantity == 455
    check(made)


def test_a_modification_may_not_pass_the_limit_of_a_new_order() -> None:
    made = market(risk=RiskConfig(max_order_quantity=130))
    made.signal("BUY", 130, 90.0, order_type="LIMIT", price=99.0)
    assert change(made, qty=195) == "max_order_quantity"
    assert kinds(made)[-1] == ("modify_refused", "max_order_quantity")


def test_c12_what_is_gone_is_answered_and_never_raised() -> None:
    made = market()
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=100.00)
    assert cancel(made) == "already_filled"
    assert kinds(made)[-1] == ("cancel_refused", "already_filled")
    assert change(made, price=99.0) == "already_filled"
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.00)
    assert (cancel(made), made.moves()[-1]) == ("", ("CANCELLED", "cancel_asked"))
    assert (cancel(made), change(made, qty=65)) == ("not_open", "not_open")
    assert kinds(made)[-1] == ("modify_refused", "not_open")
    assert made.engine.engine.cancel_order("V3-20990101-000001") == "not_open"
    assert made.engine.engine.modify_order("?", EntryChange()) == "not_open"
    check(made)


def test_c12_a_cancel_that_comes_after_the_last_fill_is_refused_and_the_trade_stays() -> None:
    made = market(latency=LatencyConfig(cancel_ms=1_500))
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.90)
    assert cancel(made) == ""
    made.depth_tick(99.85, **DOWN)
    made.clock(1)
    assert kinds(made)[-1] == ("cancel_refused", "already_filled")
    assert made.moves()[-1] == ("ACTIVE", "active")
    assert change(made, qty=130) == "already_filled"


def test_in_simple_modes_a_market_that_waits_can_be_cancelled_and_not_modified() -> None:
    made = simple("ltp", latency_ms=5_000)
    made.signal("BUY", 25, 90.0)
    assert change(made, price=99.0) == "not_open"
    assert kinds(made) == [("modify_refused", "not_open")]
    assert cancel(made) == ""
    assert made.moves()[-1] == ("CANCELLED", "cancel_asked")


def test_in_simple_modes_a_modification_that_crosses_fills_at_the_modes_price() -> None:
    made = simple()
    made.signal("BUY", 250, 90.0, order_type="LIMIT", price=99.00)
    assert change(made, price=100.50, qty=275) == ""
    assert fills(made) == [("BUY", 275, 100.05, "ask")]
    assert made.engine.ledger.orders[order_id(made)].quantity == 275
    made.signal("BUY", 25, 90.0, order_type="SL", price=106.0, trigger_price=105.0)
    assert change(made, order_type="MARKET") == ""
    assert fills(made)[1:] == [("BUY", 25, 100.05, "ask")]
    check(made)


def test_f4_in_simple_modes_an_entry_arrives_at_the_first_tick_after_its_latency() -> None:
    made = simple(latency=LatencyConfig(enter_ms=500))
    made.signal("BUY", 25, 90.0, order_type="LIMIT", price=100.50)
    made.clock(1)
    assert made.moves()[-1][0] == "SUBMITTED"
    made.tick(100.20, bid=100.15, ask=100.25)
    assert fills(made) == [("BUY", 25, 100.25, "ask")]


def test_f60_a_price_changes_for_every_slice_and_a_quantity_for_none() -> None:
    made = market()
    made.engine.engine.rules.freeze_quantity = lambda date, instrument: 130  # type: ignore[method-assign]
    made.signal("BUY", 260, 90.0, order_type="LIMIT", price=99.0)
    made.clock(0.1)
    assert change(made, qty=325) == "bad_quantity"
    assert change(made, price=100.10) == ""
    assert made.position.quantity == 260
    assert made.engine.ledger.orders[order_id(made)].quantity == 260
    check(made)


# the spread


@pytest.mark.parametrize("mode", ["depth", "ltp", "bid_ask", "mid"])
def test_max_spread_refuses_what_would_take_from_a_wide_book(mode: str) -> None:
    made = DepthMarket(**QUIET, fill_mode=mode, slippage_bps=0, max_spread_pct=1.0)
    made.depth_tick(bids=((99.00, 650),), asks=((100.00, 650),))
    made.signal("BUY", 65, 90.0)
    assert made.moves()[-1] == ("REJECTED", "wide_spread")
    assert numbers(made) == {"bid_paise": 99_00, "ask_paise": 100_00, "limit_pct": "1"}
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=100.50)
    assert made.moves()[-1] == ("REJECTED", "wide_spread")
    made.signal("BUY", 65, 90.0, order_type="LIMIT", price=95.00)  # it rests
    assert made.moves()[-1][0] == "SUBMITTED"
    made.depth_tick(bids=((99.50, 650),), asks=((100.00, 650),))
    made.signal("BUY", 65, 90.0)
    assert made.moves()[-1] == ("ACTIVE", "active")


def test_max_spread_counts_an_absent_side_as_wide_and_no_book_as_unknown() -> None:
    made = Market(**QUIET, max_spread_pct=50.0)
    made.tick(100.00, ask=100.05)
    made.signal("BUY", 25, 90.0)
    assert made.moves()[-1] == ("REJECTED", "wide_spread")
    made.tick(100.00)
    made.signal("BUY", 25, 90.0)
    assert made.moves()[-1] == ("ACTIVE", "active")


# levels relative to the entry


def test_c15_relative_levels_follow_the_entry_once_a_step() -> None:
    made = DepthMarket(**QUIET, instrument_type="CE")
    made.depth_tick(asks=((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65)))
    made.signal("BUY", 130, sl=pct(5), tp=r(2))
    position = made.position
    assert (made.stop, position.target_paise, position.r_paise) == (95.00, 110_00, 5_00)
    made.depth_tick(asks=((101.00, 65), (103.00, 65)))
    assert (position.entry_paise, made.stop) == (101_00, 95.95)
    assert (position.target_paise, position.r_paise) == (111_10, 5_05)
    [moved] = [event for event in made.events if isinstance(event, StopMoved)]
    assert (moved.reason, moved.stop_from_paise, moved.stop_to_paise) == (
        "entry_fill", 95_00, 95_95,
    )  # fmt: skip
    made.depth_tick(95.90, bids=((95.90, 650),), asks=((96.00, 65),))
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    check(made)


def test_c15_levels_given_as_prices_stay() -> None:
    made = DepthMarket(**QUIET, instrument_type="CE")
    made.depth_tick(asks=((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65)))
    made.signal("BUY", 130, 95.0, 110.0)
    made.depth_tick(asks=((101.00, 65), (103.00, 65)))
    assert (made.stop, made.position.target_paise, made.position.r_paise) == (95.00, 110_00, 6_00)
    assert not any(isinstance(event, StopMoved) for event in made.events)


def test_f50_a_stop_that_has_moved_does_not_follow_the_entry_any_more() -> None:
    made = DepthMarket(**(QUIET | {"enable_trailing": True, "instrument_type": "CE"}))
    made.depth_tick(asks=((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65)))
    made.signal("BUY", 130, sl=points(2))
    made.depth_tick(101.00, bids=((100.95, 65),), asks=((103.00, 65), (103.05, 65)))
    assert made.stop == 99.00
    made.depth_tick(101.00, bids=((100.95, 65),), asks=((102.00, 65), (103.05, 65)))
    assert (made.position.quantity, made.stop) == (130, 99.00)
    check(made)


@pytest.mark.parametrize(
    ("side", "levels", "found"),
    [
        ("BUY", {"sl": pct(5), "tp": points(10)}, (95.00, 110.00)),
        ("SELL", {"sl": pct(5), "tp": points(10)}, (105.00, 90.00)),
        ("BUY", {"sl": points(0.01)}, (99.95, None)),  # onto the entry: a step away
        ("BUY", {"sl": points(0.025)}, (99.95, None)),  # a tie: away from the position
        ("BUY", {"sl": pct(100)}, (None, None)),  # no room
        ("BUY", {"sl": 98.0, "tp": r(1.5)}, (98.00, 103.00)),
        ("SELL", {"sl": points(3), "tp": r(2)}, (103.00, 94.00)),
    ],
)
def test_relative_levels_are_set_at_the_fill_in_every_mode(
    side: str, levels: dict[str, Any], found: tuple[float | None, float | None]
) -> None:
    for terms in ({}, {"order_type": "LIMIT", "price": 100.00}):
        made = Market(**QUIET)
        made.tick(100.00)
        fields: dict[str, Any] = {**levels, **terms}
        made.signal(side, 25, **fields)
        paise = (made.position.stop_paise, made.position.target_paise)
        assert tuple(None if each is None else each / 100 for each in paise) == found
        check(made)


@pytest.mark.parametrize(
    "levels", [{"sl": pct(0)}, {"sl": r(1)}, {"tp": r(1)}, {"sl": points(float("nan"))}]
)
def test_a_relative_level_without_a_distance_is_refused(levels: dict[str, Any]) -> None:
    made = Market(**QUIET)
    made.tick(100.00)
    made.signal("BUY", 25, **levels)
    assert made.moves()[-1] == ("REJECTED", "bad_level")


# the next day


def test_an_entry_that_a_ledger_left_resting_is_dropped_and_never_filled_at_the_market() -> None:
    before = market()
    before.signal("BUY", 65, 90.0, order_type="LIMIT", price=99.0)
    after = DepthMarket(**QUIET, ledger=before.engine.ledger)
    after.now = before.now
    after.depth_tick()
    assert after.moves() == [("CANCELLED", "entry_dropped")]
    assert after.engine.engine.desk.waiting("story", CALL) == 0
