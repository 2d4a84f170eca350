"""Rules F10 to F62: markets, limits, stops, groups, modifications, slices and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.errors import InvalidTransition
from daemon.domain.exchange_order import NEXT_STATES, ExchangeOrderState
from tests.exchange.desk import ASKS, BIDS, Desk, instrument, told

FUTURE = {"symbol": "NIFTY25DECFUT", "kind": "future", "step_paise": 10}


def desk(**execution: Any) -> Desk:
    made = Desk(**execution)
    made.first()
    return made


def exit_of(made: Desk, label: str, quantity: int, open_units: int, **terms: Any) -> Any:
    return made.new(label, "SELL", quantity, group="T", open=open_units, is_exit=True, **terms)


# the table


def test_what_is_over_never_moves() -> None:
    over = {state for state, to in NEXT_STATES.items() if not to}
    assert over == {"COMPLETE", "CANCELLED", "REJECTED"}
    made = desk()
    made.new("A", "BUY", 65)
    with pytest.raises(InvalidTransition):
        made.order("A").move(ExchangeOrderState.CANCELLED)


# F10 to F14


def test_f10_protection_is_counted_from_the_price_at_sending() -> None:
    made = desk(latency_ms=50)
    made.new("A", "BUY", 65)
    made.tick(110.00, asks=((111.00, 65),), bids=())
    assert (made.order("A").limit_paise, made.fills()) == (102_00, [])


def test_f10_a_percentage_of_its_own_and_the_band() -> None:
    made = Desk(instrument(band=[50_00, 100_70]))
    made.first()
    made.new("A", "BUY", 65, market_protection=10)
    assert made.order("A").limit_paise == 100_70
    made.new("B", "SELL", 65, market_protection=10)
    assert made.order("B").limit_paise == 90_00


def test_f11_while_five_levels_are_inside_the_limit_it_takes_at_later_ticks() -> None:
    made = desk()
    made.new("A", "BUY", 2600)
    made.tick(asks=((100.60, 65), (100.70, 65), (100.80, 65), (100.90, 65), (101.00, 65)))
    assert [price for _, price in made.fills("A")[5:]] == [100.60, 100.70, 100.80, 100.90, 101.00]
    assert made.order("A").taking


def test_f12_the_rest_of_an_entry_lives_reject_after_s() -> None:
    made = Desk(reject_after_s=30)
    made.first(asks=((100.00, 65), (103.00, 65)))
    made.new("A", "BUY", 130)
    assert made.clock(29_999) == []
    assert told(made.clock(1)) == [("cancelled", "unfilled_rest")]


def test_f12_market_rest_cancel_acts_when_it_would_rest() -> None:
    made = Desk(market_rest="cancel")
    made.first(asks=((100.00, 65), (103.00, 65)))
    assert told(made.new("A", "BUY", 130))[-1] == ("cancelled", "unfilled_rest")
    made.tick()
    assert told(made.new("B", "BUY", 2600))[-1] == ("filled", "")
    assert made.order("B").taking


def test_f12_an_api_market_lives_by_its_validity() -> None:
    made = Desk(reject_after_s=30)
    made.first(asks=((100.00, 65), (103.00, 65)))
    made.new("A", "BUY", 130, is_api=True)
    assert made.clock(60_000) == []


def test_f12_the_rest_of_an_exit_is_sent_again_once_per_changed_tick() -> None:
    made = Desk(escalate_after_ms=3000)
    made.first(bids=((99.95, 65),))
    exit_of(made, "X", 130, 130)
    assert made.order("X").filled == 65
    made.tick(97.00, bids=((90.00, 65),), asks=((97.50, 65),), after_ms=3000)
    assert (made.status("X"), made.status("X/1")) == ("CANCELLED", "COMPLETE")
    assert made.fills("X/1") == [(65, 90.00)]


def test_f12_never_keeps_the_rest_where_it_is() -> None:
    made = Desk(escalate="never")
    made.first(bids=())
    exit_of(made, "X", 65, 65)
    assert made.tick(bids=(), after_ms=60_000) == []


def test_f12_a_resting_target_is_never_replaced() -> None:
    made = desk()
    exit_of(made, "P", 65, 65, order_type="LIMIT", price=105.00)
    assert made.tick(after_ms=4_000) == []


def test_f13_slippage_moves_each_level_but_never_beyond_the_limit() -> None:
    made = desk(slippage_ticks=1)
    made.limit("A", "BUY", 325, 100.05)
    assert made.fills("A") == [(130, 100.05), (195, 100.05)]
    made = desk(slippage_bps=10)
    made.new("B", "SELL", 65)
    assert made.fills("B") == [(65, 99.85)]


def test_f13_a_resting_fill_has_no_slippage() -> None:
    made = desk(slippage_bps=50)
    made.limit("A", "BUY", 65, 99.90)
    made.tick(asks=((99.80, 65),), bids=())
    assert made.fills("A") == [(65, 99.90)]


@pytest.mark.parametrize(("mode", "price"), [("ltp", 100.00), ("mid", 100.00), ("bid_ask", 100.00)])
def test_f14_a_simple_mode_fills_a_market_whole_at_one_price(mode: str, price: float) -> None:
    made = desk(fill_mode=mode, slippage_bps=0)
    made.new("A", "BUY", 6500)
    assert made.fills("A") == [(6500, price)]


def test_f20_a_limit_of_a_simple_mode_fills_whole_or_rests() -> None:
    made = desk(fill_mode="bid_ask", slippage_bps=0)
    made.limit("A", "BUY", 6500, 100.05)
    assert made.fills("A") == [(6500, 100.00)]
    made.limit("B", "BUY", 6500, 99.95)
    assert made.status("B") == "OPEN"
    made.tick(99.90, growth=65, asks=((100.00, 65),))
    assert made.fills("B") == [(6500, 99.95)]


def test_f20_once_it_rests_it_stays_resting() -> None:
    made = Desk()
    made.first(asks=((100.00, 65), (103.00, 65)))
    made.new("A", "BUY", 650)
    made.tick()
    assert made.fills("A")[1:] == [(585, 102.00)]  # at its own price, not at the levels'


# F21 to F24


def test_f21_the_market_part_is_what_is_displayed() -> None:
    made = desk()
    ahead = {99.97: None, 99.95: 65, 99.90: 195, 99.85: 260, 99.75: 0}
    for price in (99.95, 99.90, 99.85, 99.75):
        made.limit(f"P{price}", "BUY", 65, price)
        assert made.ahead(f"P{price}") == ahead[price]


def test_f21_beyond_the_fifth_level_it_is_unknown_until_it_becomes_visible() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.50)
    assert made.ahead("A") is None
    bids = ((99.70, 65), (99.65, 65), (99.60, 65), (99.55, 65), (99.50, 390))
    made.tick(99.50, growth=650, bids=bids)
    assert (made.ahead("A"), made.fills()) == (390, [])


def test_f21_our_earlier_orders_at_the_price_are_ahead() -> None:
    made = desk()
    made.limit("A", "BUY", 130, 99.90)
    made.limit("B", "BUY", 65, 99.90)
    assert (made.ahead("A"), made.ahead("B")) == (195, 325)


def test_f22_a_cross_fills_at_the_limit_what_is_available() -> None:
    made = desk()
    made.limit("A", "BUY", 195, 99.90)
    (event,) = made.tick(asks=((99.85, 65), (99.90, 65), (100.00, 65)), bids=())
    assert (event["rule"], event["quantity"], event["price"]) == ("cross", 130, 99_90)


def test_f22_through_fills_at_the_limit_up_to_the_growth() -> None:
    made = desk()
    made.limit("A", "BUY", 195, 99.90)
    (event,) = made.tick(99.85, growth=130)
    assert (event["rule"], event["quantity"], event["price"]) == ("through", 130, 99_90)


def test_f22_less_than_a_lot_stays_as_credit() -> None:
    made = desk(queue_evidence="volume")
    made.limit("A", "BUY", 65, 99.90)
    made.tick(99.90, growth=195 + 40)
    assert (made.ahead("A"), made.order("A").market_part) == (0, -40)
    made.tick(99.90, growth=65)
    assert made.fills("A") == [(65, 99.90)]


def test_f22_what_the_market_withdraws_is_no_longer_ahead() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.90)
    made.tick(bids=((99.95, 65), (99.90, 65), *BIDS[2:]))
    assert made.ahead("A") == 65
    made.tick()
    assert made.ahead("A") == 65


@pytest.mark.parametrize(("policy", "filled"), [("cross", 0), ("queue", 0), ("touch", 65)])
def test_f22_policies_at_the_price(policy: str, filled: int) -> None:
    made = desk(resting=policy)
    made.limit("A", "BUY", 65, 99.90)
    made.tick(99.90, growth=65)
    assert made.order("A").filled == filled


@pytest.mark.parametrize(
    ("policy", "ltp", "filled"),
    [("queue", 99.90, 0), ("queue", 99.85, 6500), ("touch", 99.90, 6500), ("touch", 99.95, 0)],
)
def test_f22_without_volume_and_book_the_last_price_decides(
    policy: str, ltp: float, filled: int
) -> None:
    made = Desk(fill_mode="ltp", slippage_bps=0, resting=policy)
    made.tick(growth=None, bids=None, asks=None)
    made.limit("A", "BUY", 6500, 99.90)
    made.tick(ltp, growth=None, bids=None, asks=None)
    assert made.order("A").filled == filled


def test_f23_a_fill_has_its_evidence() -> None:
    made = desk(queue_evidence="volume")
    made.limit("A", "BUY", 65, 99.90)
    (event,) = made.tick(99.90, growth=260, ltq=65)
    wanted = {
        "rule": "at", "market_before": 195, "market_after": 0, "ahead_before": 195,
        "ahead_after": 0, "growth": 260, "ltq": 65, "displayed": 195,
    }  # fmt: skip
    assert {name: event[name] for name in wanted} == wanted


def test_f24_near_misses_are_counted() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.90)
    made.tick(99.90, growth=65)
    made.tick(99.95, growth=0)
    made.tick(99.95, asks=((99.95, 65), *ASKS[1:]), bids=BIDS[1:])
    assert made.order("A").near_misses == 2


# F30 to F34


@pytest.mark.parametrize(
    ("side", "trigger", "price", "reason"),
    [
        ("BUY", 101.00, 100.95, "bad_level"),
        ("SELL", 99.00, 99.05, "bad_level"),
        ("BUY", 0.00, 101.00, "bad_level"),
        ("BUY", 100.00, 101.00, "trigger_already_met"),
        ("SELL", 100.00, 99.00, "trigger_already_met"),
    ],
)
def test_f30_levels_of_a_stop(side: str, trigger: float, price: float, reason: str) -> None:
    made = desk()
    assert told(made.stop("A", side, 65, trigger, price))[-1] == ("rejected", reason)


def test_f31_a_stop_is_triggered_by_the_last_price_and_acts_at_once() -> None:
    made = desk()
    made.stop("A", "BUY", 65, 100.50, 101.00)
    assert made.tick(100.45) == []
    assert told(made.tick(100.50)) == [("triggered", ""), ("filled", "")]
    assert made.fills("A") == [(65, 100.00)]


def test_f31_stops_fire_by_arrival() -> None:
    made = desk()
    made.stop("A", "BUY", 65, 100.60, 101.00)
    made.stop("B", "BUY", 65, 100.50, 101.00)
    events = made.tick(100.70)
    assert [e["order"] for e in events if e["event"] == "triggered"] == ["A", "B"]


def test_f32_slm_on_a_future_is_a_protected_market_at_its_trigger() -> None:
    made = Desk(instrument(**FUTURE))
    made.first(asks=((100.00, 65), (105.00, 65)), symbol=FUTURE["symbol"])
    made.new("A", "BUY", 65, order_type="SL-M", trigger=100.50, symbol=FUTURE["symbol"])
    made.tick(100.60, asks=((100.70, 65),), bids=())
    assert made.order("A").limit_paise == 101_60
    assert made.fills("A") == [(65, 100.70)]


def test_f34_a_fill_reduces_the_others_to_what_is_open() -> None:
    made = desk()
    exit_of(made, "S", 130, 130, order_type="SL", trigger=99.00, price=98.00)
    exit_of(made, "P", 130, 130, order_type="LIMIT", price=100.80)
    made.tick(bids=((100.80, 65),), asks=((101.00, 65),))
    assert (made.order("S").pending, made.order("P").pending) == (65, 65)


def test_f34_a_new_exit_takes_its_quantity_when_it_arrives() -> None:
    made = desk(latency={"enter_ms": 100})
    exit_of(made, "S", 130, 130, order_type="SL", trigger=99.00, price=98.00)
    made.tick()
    exit_of(made, "X", 130, 130)
    assert made.status("S") == "TRIGGER PENDING"
    events = made.tick()
    assert [(e["order"], e["event"], e["reason"]) for e in events[:2]] == [
        ("X", "open", ""), ("S", "cancelled", "replaced")
    ]  # fmt: skip


def test_f34_an_exit_is_never_larger_than_what_is_open() -> None:
    made = desk(latency={"enter_ms": 100})
    exit_of(made, "P", 65, 130, order_type="LIMIT", price=99.00)
    exit_of(made, "X", 130, 130)
    made.tick()
    assert made.order("P").filled + made.order("X").filled == 130


def test_f34_slices_take_their_own_quantity() -> None:
    made = Desk(instrument(freeze=130))
    made.first()
    exit_of(made, "S", 130, 260, order_type="SL", trigger=99.00, price=98.00)
    exit_of(made, "R", 130, 260, order_type="SL", trigger=98.00, price=97.00)
    exit_of(made, "X", 260, 260)
    assert made.order("S").pending == 130
    made.clock(100)
    assert [made.status(label) for label in ("S", "R", "X/1", "X/2")] == [
        "CANCELLED", "CANCELLED", "COMPLETE", "COMPLETE"
    ]  # fmt: skip


# F42 and F60


def test_f42_a_changed_price_or_a_larger_quantity_loses_the_queue() -> None:
    made = desk()
    made.limit("A", "BUY", 130, 99.90)
    made.limit("B", "BUY", 130, 99.90)
    made.modify("A", quantity=65)
    assert (made.ahead("A"), made.order("A").pending) == (195, 65)
    made.modify("A", quantity=130)
    assert made.ahead("A") == 195 + 130
    made.modify("A", price=99.95)
    assert made.ahead("A") == 65


def test_f42_a_modification_to_the_same_changes_nothing_but_the_count() -> None:
    made = desk()
    made.limit("A", "BUY", 130, 99.90)
    made.limit("B", "BUY", 130, 99.90)
    made.modify("A", quantity=130, price=99.90)
    assert (made.ahead("A"), made.order("A").modifications) == (195, 1)


def test_f42_a_price_that_crosses_takes() -> None:
    made = desk()
    made.limit("A", "BUY", 130, 99.90)
    assert told(made.modify("A", price=100.00)) == [("modified", ""), ("filled", "")]


def test_f42_a_crossing_modification_waits_for_the_tick_others_do_not() -> None:
    made = desk(latency={"modify_ms": 100})
    made.limit("A", "BUY", 65, 99.90)
    made.modify("A", price=99.85)
    assert told(made.clock()) == [("modified", "")]
    made.modify("A", price=100.00)
    assert made.clock() == []
    assert told(made.tick()) == [("modified", ""), ("filled", "")]


def test_f42_down_to_what_is_filled_cancels_the_rest() -> None:
    made = desk()
    made.limit("A", "BUY", 455, 100.05)
    assert told(made.modify("A", quantity=260)) == [("modify_refused", "bad_quantity")]
    assert told(made.modify("A", quantity=325)) == [("cancelled", "modified_to_filled")]


def test_f42_a_limit_becomes_a_protected_market() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.00)
    made.modify("A", order_type="MARKET")
    assert made.fills("A") == [(65, 100.00)]
    assert made.order("A").limit_paise == 102_00


def test_f42_a_stop_keeps_waiting_with_its_new_trigger() -> None:
    made = desk()
    made.stop("A", "BUY", 65, 100.50, 101.00)
    made.modify("A", trigger=100.70)
    assert made.tick(100.60) == []
    assert told(made.tick(100.70))[0] == ("triggered", "")


def test_f42_a_stop_may_not_be_moved_onto_the_price() -> None:
    made = desk()
    made.stop("A", "BUY", 65, 100.50, 101.00)
    assert told(made.modify("A", trigger=100.00)) == [("modify_refused", "trigger_already_met")]
    assert made.order("A").trigger_paise == 100_50


def test_f42_a_limit_does_not_become_a_stop() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.00)
    events = made.modify("A", order_type="SL", trigger=101.00, price=102.00)
    assert told(events) == [("modify_refused", "not_open")]


def test_f42_the_26th_is_refused() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.90)
    for _ in range(25):
        assert told(made.modify("A", price=99.90)) == [("modified", "")]
    assert told(made.modify("A", price=99.90)) == [("modify_refused", "too_many_modifications")]


@pytest.mark.parametrize(("what", "reason"), [("fill", "already_filled"), ("cancel", "not_open")])
def test_f42_what_is_over_is_answered(what: str, reason: str) -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.90)
    if what == "fill":
        made.modify("A", price=100.00)
    else:
        made.cancel("A")
    assert told(made.modify("A", price=99.95)) == [("modify_refused", reason)]
    assert told(made.cancel("A")) == [("cancel_refused", reason)]


def test_f60_slices_are_sent_one_per_100_ms() -> None:
    made = Desk(instrument(freeze=130))
    made.first()
    made.limit("A", "BUY", 325, 99.00)
    assert told(made.clock(99)) == []
    assert [event["order"] for event in made.clock(1)] == ["A/2", "A/2"]
    assert [event["order"] for event in made.clock(100)] == ["A/3", "A/3"]


def test_f60_too_many_slices_and_without_slices() -> None:
    made = Desk(instrument(freeze=65))
    made.first()
    assert told(made.new("A", "BUY", 715)) == [("rejected", "too_many_slices")]
    made = Desk(instrument(freeze=65), autoslice=False)
    made.first()
    assert told(made.new("A", "BUY", 130)) == [("rejected", "freeze_quantity")]


def test_f60_slices_that_were_not_sent_can_be_dropped() -> None:
    made = Desk(instrument(freeze=65))
    made.first()
    made.limit("A", "BUY", 195, 99.00)
    made.exchange.drop_unsent("A")
    assert made.clock(1_000) == []


# refusals


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": 64}, "lot_size"),
        ({"quantity": 0}, "lot_size"),
        ({"order_type": "LIMIT", "price": 100.03}, "price_step"),
        ({"order_type": "SL", "trigger": 101.02, "price": 102.00}, "price_step"),
        ({"order_type": "LIMIT", "price": 120.05}, "price_band"),
        ({"order_type": "LIMIT", "price": 250.05}, "far_limit"),
        ({"order_type": "LIMIT", "price": 49.95}, "far_limit"),
        ({"order_type": "LIMIT", "price": None}, "bad_level"),
        ({"validity": "TTL"}, "bad_validity"),
        ({"market_protection": 0, "is_api": True}, "no_protection"),
    ],
)
def test_an_order_is_refused_when_it_is_sent(terms: dict[str, Any], reason: str) -> None:
    band = [1_00, 120_00] if reason == "price_band" else None
    made = Desk(instrument(band=band))
    made.first()
    assert told(made.new("A", "BUY", terms.pop("quantity", 65), **terms)) == [("rejected", reason)]


def test_a_market_on_an_option_without_trades_today_is_refused_but_an_exit_is_not() -> None:
    made = Desk()
    made.tick(growth=0)
    assert told(made.new("A", "BUY", 65)) == [("rejected", "untraded_contract")]
    assert told(exit_of(made, "X", 65, 65))[0] == ("accepted", "")


def test_a_market_far_outside_the_range_is_refused_on_arrival() -> None:
    made = Desk()
    made.first(asks=((120.00, 65), (120.05, 65)))
    made.new("A", "BUY", 65, market_protection=30)
    assert made.fills("A") == [(65, 120.00)]
    events = made.new("B", "BUY", 65, market_protection=30)
    assert told(events)[-1] == ("rejected", "market_range")


def test_a_refusal_is_dated_and_can_be_switched_off() -> None:
    made = Desk(date="2021-09-24")
    made.first()
    made.new("A", "SELL", 65, order_type="SL-M", trigger=99.00)
    assert made.status("A") == "TRIGGER PENDING"
    made = Desk(refusals={"slm_on_options": "off"}, date="2025-12-01")
    made.first()
    made.new("A", "SELL", 65, order_type="SL-M", trigger=99.00)
    assert made.status("A") == "TRIGGER PENDING"


def test_an_api_user_sends_ten_orders_a_second() -> None:
    made = desk()
    for at in range(10):
        made.limit(f"A{at}", "BUY", 65, 99.00, is_api=True)
    assert told(made.limit("B", "BUY", 65, 99.00, is_api=True)) == [("rejected", "order_rate")]
    made.clock(1_000)
    made.limit("C", "BUY", 65, 99.00, is_api=True)
    assert made.status("C") == "OPEN"


def test_f62_a_stop_is_asked_when_it_triggers_and_a_limit_when_it_is_modified() -> None:
    made = Desk(refusals={"lpp": "on"})
    low: Any = {"asks": ((20.05, 65),), "bids": ((20.00, 65),)}
    made.first(20.00, **low)
    made.stop("S", "BUY", 65, 20.50, 45.00)
    made.limit("L", "BUY", 65, 19.00)
    made.tick(20.00, growth=65, **low)
    made.tick(20.00, after_ms=30_000, **low)
    assert told(made.modify("L", price=41.00)) == [("modify_refused", "lpp")]
    assert told(made.tick(20.60, **low)) == [("rejected", "lpp")]


def test_f60_what_was_not_sent_by_the_close_is_not_sent() -> None:
    made = Desk(instrument(freeze=130, closes=60_000 * 1_000_000))
    made.first(after_ms=59_950)
    made.limit("A", "BUY", 390, 99.00)
    events = made.clock(1_000)
    assert [(event["order"], event["reason"]) for event in events] == [("A/1", "day_over")]


def test_f12_the_rest_of_an_exit_is_sent_again_at_any_input_and_not_twice_on_one_book() -> None:
    made = Desk(escalate_after_ms=1000)
    made.first(bids=())
    made.new("A", "SELL", 65, group="T", open=65, is_exit=True)
    assert told(made.clock(1000)) == [("accepted", ""), ("cancelled", "replaced"), ("open", "")]
    assert made.clock(5000) == []
    made.tick(bids=())
    assert made.clock(5000) == []
    events = made.tick(bids=(), asks=((100.05, 65),))
    assert told(events)[0] == ("accepted", "")
    assert made.status("A/1") == "CANCELLED"


def test_f34_a_slice_for_which_nothing_is_open_is_not_sent() -> None:
    made = Desk(instrument(freeze=130))
    made.first()
    made.stop("S", "SELL", 260, 95.00, 94.00, group="T", open=260, is_exit=True)
    made.new("M", "SELL", 130, group="T", is_exit=True)
    made.new("N", "SELL", 130, group="T", is_exit=True)
    made.clock(1000)
    assert [label for label in made.exchange.orders if label.startswith("S")] == ["S/1"]
    assert made.status("S/1") == "CANCELLED"


def test_f6_the_minutes_of_a_modification_count_from_its_arrival() -> None:
    made = Desk()
    made.first()
    made.limit("A", "BUY", 65, 99.90, validity="TTL", ttl_minutes=1)
    made.clock(30_000)
    made.modify("A", validity="TTL", ttl_minutes=1)
    assert made.clock(30_000) == []
    assert told(made.clock(30_000)) == [("cancelled", "ttl_over")]
