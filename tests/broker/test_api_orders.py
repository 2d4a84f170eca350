"""Orders that programs ask for: sent and answered, refused with a kind, changed, withdrawn."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.domain.order_requests import GttForm, GttFormLeg, PlaceGttOrder
from daemon.domain.order_results import RefusalKind
from daemon.journal.account_words import untraded_sentence
from daemon.settings.config import LatencyConfig, RiskConfig
from tests.broker.api_market import RequestMarket, opened
from tests.kit.market import CALL, CLOSE


def books_of(market: RequestMarket) -> AccountBooks:
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        books.apply(event)
    return books


def reason(result: Any) -> tuple[str, str]:
    assert result.refusal is not None
    assert not result.order_ids
    return str(result.refusal.kind), result.refusal.reason


def test_an_order_is_answered_with_its_id_and_is_in_the_books() -> None:
    market = opened()
    order_id = market.placed("BUY", 65, tag="my strategy", disclosed_quantity=65)
    assert order_id == "X-20261118-000001"
    assert market.held() == {f"{CALL}/NRML": 65}
    order = books_of(market).orders.get(order_id)
    assert order is not None
    assert (order.state, order.tag, order.filled) == ("COMPLETE", "my strategy", 65)
    accepted = market.untraded()[0]
    assert (accepted.disclosed_quantity, accepted.market_protection) == (65, -1)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"quantity": 66}, ("input", "lot_size")),
        ({"order_type": "LIMIT", "price": 100.02}, ("input", "price_step")),
        ({"order_type": "LIMIT"}, ("input", "bad_level")),
        ({"order_type": "SL", "price": 100, "trigger": 101}, ("input", "bad_level")),
        ({"order_type": "SL", "price": 102, "trigger": 101, "validity": "IOC"},
         ("input", "bad_validity")),
        ({"order_type": "LIMIT", "price": 100, "validity": "TTL"}, ("input", "bad_validity")),
        ({"tradingsymbol": "NIFTY26NOV99999CE"}, ("input", "unknown_symbol")),
        ({"exchange": "BFO"}, ("input", "unknown_symbol")),
    ],
)  # fmt: skip
def test_a_sending_refusal_is_journaled_and_no_order(
    more: dict[str, Any], expected: tuple[str, str]
) -> None:
    market = opened()
    assert reason(market.order(**more)) == expected
    (event,) = market.untraded()
    assert (event.kind, event.reason) == ("rejected", expected[1])
    books = books_of(market)
    assert books.orders.all() == []
    assert list(books.refused.values()) == [expected[1]]


def test_a_market_order_needs_a_protection_since_april_2026() -> None:
    market = opened()
    assert reason(market.order(market_protection=0)) == ("input", "no_protection")


def test_without_that_refusal_an_order_without_protection_is_protected_by_the_slabs() -> None:
    market = opened(refusals={"no_protection": "off"})
    order_id = market.placed("BUY", 65, market_protection=0)
    other = market.placed("BUY", 65)
    limits = {e.exchange_id: e.limit_paise for e in market.untraded() if e.kind == "open"}
    assert limits[order_id] == limits[other]


def test_an_arrival_refusal_is_an_order_that_was_rejected() -> None:
    market = opened()
    order_id = market.placed("BUY", 65, order_type="SL", price=101, trigger=99)
    assert market.told_of(order_id)[-1] == ("rejected", "trigger_already_met")
    order = books_of(market).orders.get(order_id)
    assert order is not None
    assert (order.state, order.status_message) == ("REJECTED", "trigger_already_met")


def test_outside_the_session_an_order_is_refused() -> None:
    market = opened()
    market.now = CLOSE
    market.clock(1)
    assert reason(market.order()) == ("order", "market_closed")


def test_gates_are_asked_and_what_only_reduces_is_not() -> None:
    market = opened(risk=RiskConfig(max_open_positions=1))
    market.placed("BUY", 65)
    assert reason(market.order("BUY", 65)) == ("order", "max_open_positions")
    market.placed("SELL", 65)
    assert market.held() == {}


def test_the_kill_switch_refuses_and_margin_has_its_own_kind() -> None:
    market = opened()
    market.command("kill_switch")
    assert reason(market.order()) == ("order", "kill_switch")


def test_the_eleventh_order_of_a_second_is_refused_as_a_rate() -> None:
    market = opened()
    for _ in range(10):
        market.limit(99)
    assert reason(market.order()) == ("rate", "order_rate")
    market.clock(1)
    assert market.order().refusal is None


@pytest.mark.parametrize(("mode", "price"), [("bid_ask", 100_05), ("mid", 100_00), ("ltp", 100_00)])
def test_in_simple_modes_an_order_fills_whole_with_its_own_events(mode: str, price: int) -> None:
    market = RequestMarket(fill_mode=mode)
    market.tick(100, bid=99.95, ask=100.05)
    order_id = market.placed("BUY", 6500)
    assert [kind for kind, _ in market.told_of(order_id)] == ["accepted", "open", "filled"]
    assert market.untraded()[-1].last_paise == price
    market.limit(99, "BUY", 65)
    market.tick(98.9, bid=98.85, ask=98.95)
    assert market.held() == {f"{CALL}/NRML": 6565}
    market.leave()
    assert market.held() == {}


# modify and cancel


def test_a_modification_and_a_cancel_are_answered_with_the_order() -> None:
    market = opened()
    order_id = market.limit(99)
    assert market.change(order_id, price=98.5, quantity=130).order_ids == (order_id,)
    order = books_of(market).orders.get(order_id)
    assert order is not None
    assert (order.limit_paise, order.quantity, order.modifications) == (98_50, 130, 1)
    assert market.withdraw(order_id).order_ids == (order_id,)
    assert market.told_of(order_id)[-1] == ("cancelled", "cancel_asked")


def test_what_is_over_is_refused_and_changes_nothing() -> None:
    market = opened()
    filled, withdrawn = market.placed(), market.limit(99)
    market.withdraw(withdrawn)
    assert reason(market.change(filled, price=99)) == ("order", "already_filled")
    assert reason(market.withdraw(filled)) == ("order", "already_filled")
    assert reason(market.withdraw(withdrawn)) == ("order", "not_open")


@pytest.mark.parametrize("order_id", ["X-20261118-000009", "X-20261118-000001/7"])
def test_an_order_that_never_was_is_refused_without_an_event(order_id: str) -> None:
    market = opened()
    market.limit(99)
    known = len(market.events)
    assert reason(market.withdraw(order_id)) == ("order", "unknown_order")
    assert reason(market.change(order_id, price=99)) == ("order", "unknown_order")
    assert len(market.events) == known
    assert market.limit(99) == "X-20261118-000002"


def test_orders_of_trades_are_left_to_their_trades() -> None:
    market = opened()
    market.signal("BUY", 65, order_type="LIMIT", price=99)
    assert reason(market.withdraw("X-20261118-000001-1")) == ("order", "order_of_trade")


def test_the_26th_modification_is_refused() -> None:
    market = opened()
    order_id = market.limit(90)
    for at in range(25):
        assert market.change(order_id, price=91 + at % 2).refusal is None
    assert reason(market.change(order_id, price=95)) == ("order", "too_many_modifications")


def test_a_modification_that_enlarges_is_asked_the_limits_and_one_that_does_not_is_not() -> None:
    market = opened(risk=RiskConfig(max_order_quantity=130))
    order_id = market.limit(99)
    assert market.change(order_id, quantity=130).refusal is None
    assert reason(market.change(order_id, quantity=195)) == ("order", "max_order_quantity")
    market.command("risk_reducing")
    assert market.change(order_id, quantity=65).refusal is None
    assert reason(market.change(order_id, quantity=130)) == ("order", "reducing")


def test_a_change_to_market_needs_a_protection_and_then_takes() -> None:
    market = opened()
    order_id = market.limit(99)
    assert reason(market.change(order_id, order_type="MARKET")) == ("input", "no_protection")
    assert market.change(order_id, order_type="MARKET", market_protection=-1).refusal is None
    assert market.held() == {f"{CALL}/NRML": 65}


def test_a_modification_on_its_way_counts_until_it_is_answered() -> None:
    market = opened(latency=LatencyConfig(modify_ms=500))
    order_id = market.limit(99)
    market.change(order_id, quantity=195)
    (working,) = market.engine.engine.admission.untraded.working()
    assert working.left == 195
    market.change(order_id, quantity=65)
    market.clock(1)
    (working,) = market.engine.engine.admission.untraded.working()
    assert working.left == 65


# slices and legs


def with_freeze(market: RequestMarket, units: int) -> RequestMarket:
    market.engine.engine.exchange.begin_date(market.engine.books[0])
    depth = market.engine.engine.exchange.exchange.books[0]
    day = depth.day
    depth.day = type(day)(opens=day.opens, closes=day.closes, freeze_quantity=units, date=day.date)
    return market


def test_above_the_freeze_quantity_only_autoslice_is_taken_and_answers_every_slice() -> None:
    market = with_freeze(opened(), 130)
    assert reason(market.order(quantity=325)) == ("order", "freeze_quantity")
    result = market.order(quantity=325, autoslice=True)
    assert result.order_ids == tuple(f"X-20261118-000002/{at}" for at in (1, 2, 3))
    assert reason(market.withdraw(result.order_ids[2])) == ("order", "not_sent_yet")
    market.clock(1)
    market.book()
    assert market.held() == {f"{CALL}/NRML": 325}
    filled = [e.exchange_id for e in market.untraded() if e.fill]
    assert tuple(filled) == result.order_ids


def test_more_than_ten_slices_are_refused() -> None:
    market = with_freeze(opened(), 65)
    assert reason(market.order(quantity=715, autoslice=True)) == ("order", "too_many_slices")


@pytest.mark.parametrize(
    ("legs", "quantity", "more"),
    [(1, 130, {}), (11, 715, {}), (3, 130, {}), (2, 130, {"iceberg_quantity": 130}),
     (2, 130, {"autoslice": True}), (2, 130, {"order_type": "SL", "price": 102, "trigger": 101})],
)  # fmt: skip
def test_an_iceberg_has_two_to_ten_equal_legs(
    legs: int, quantity: int, more: dict[str, Any]
) -> None:
    market = opened()
    result = market.order(quantity=quantity, iceberg_legs=legs, **more)
    assert reason(result) == ("input", "bad_iceberg")


@pytest.mark.parametrize("legs", [2, 10])
def test_two_legs_and_ten_are_an_iceberg(legs: int) -> None:
    market = opened()
    result = market.order(quantity=65 * legs, iceberg_legs=legs)
    assert (result.refusal, len(result.order_ids)) == (None, 1)


def test_the_next_leg_goes_out_at_the_first_input_after_the_last_is_complete() -> None:
    market = opened()
    result = market.order(quantity=195, iceberg_legs=3, iceberg_quantity=65, order_type="LIMIT",
                          price=100.05)  # fmt: skip
    assert result.order_ids == ("X-20261118-000001",)
    assert market.held() == {f"{CALL}/NRML": 65}
    market.clock(0)
    assert market.held() == {f"{CALL}/NRML": 65}
    market.clock(0.001)
    assert market.held() == {f"{CALL}/NRML": 130}
    market.book()
    assert market.held() == {f"{CALL}/NRML": 195}
    market.book()
    accepted = [(e.exchange_id, e.leg, e.legs) for e in market.untraded() if e.kind == "accepted"]
    assert accepted == [(f"X-20261118-00000{at}", at, 3) for at in (1, 2, 3)]


def test_the_cancel_of_a_leg_ends_the_iceberg() -> None:
    market = opened()
    order_id = market.limit(99, quantity=130, iceberg_legs=2)
    market.withdraw(order_id)
    for _ in range(3):
        market.book()
    assert [e.exchange_id for e in market.untraded() if e.kind == "accepted"] == [order_id]


def test_a_leg_that_is_due_is_not_sent_after_an_exit_or_the_kill_switch() -> None:
    for is_exit in (True, False):
        market = opened()
        market.order(quantity=130, iceberg_legs=2)
        if is_exit:
            market.leave()
        else:
            market.command("kill_switch")
        for _ in range(3):
            market.book()
        assert market.held() == {}
        sent = [e for e in market.untraded() if e.kind == "accepted" and not e.is_exit]
        assert len(sent) == 1


# positions


def test_an_exit_cancels_what_works_and_closes_the_net_by_one_protected_market() -> None:
    market = opened()
    market.placed("BUY", 195)
    resting = market.limit(99)
    other = market.limit(99, product="MIS")
    result = market.leave()
    closes = [e for e in market.untraded() if e.is_exit]
    assert result.order_ids == (closes[0].exchange_id,)
    assert (closes[0].order_type, closes[0].quantity, closes[0].side) == ("MARKET", 195, "SELL")
    assert closes[0].limit_paise == 99_00
    assert market.told_of(resting)[-1] == ("cancelled", "manual_exit")
    assert market.told_of(other)[-1] == ("open", "")
    assert market.held() == {}
    assert reason(market.leave()) == ("order", "not_open")


def test_an_exit_outside_the_session_is_refused_and_begins_nothing() -> None:
    market = opened()
    market.placed("BUY", 65)
    market.now = CLOSE
    market.clock(1)
    known = len(market.events)
    assert reason(market.leave()) == ("order", "market_closed")
    assert len(market.events) == known


def test_the_order_of_an_exit_is_not_to_be_changed() -> None:
    market = opened(latency=LatencyConfig(enter_ms=500))
    market.placed("BUY", 65)
    market.clock(0.5)
    market.book()
    (close,) = market.leave().order_ids
    assert reason(market.withdraw(close)) == ("order", "position_leaves")
    market.book()
    assert market.held() == {}


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_conversion_moves_units_at_their_cost_and_makes_no_result(side: Any) -> None:
    market = opened()
    market.placed(side, 130, product="MIS")
    before = market.engine.ledger.untraded.charges
    sign = 1 if side == "BUY" else -1
    assert market.convert(65, "MIS", "NRML", side).refusal is None
    assert market.held() == {f"{CALL}/MIS": sign * 65, f"{CALL}/NRML": sign * 65}
    untraded = market.engine.ledger.untraded
    assert (untraded.realized_paise, untraded.charges) == (0, before)
    costs = [position.cost.cost_paise for position in untraded.positions.values()]
    assert costs[0] == costs[1]
    books = books_of(market)
    assert books.positions.quantity(CALL, "MIS") == sign * 65
    assert [e.rule for e in books.settlements] == ["converted", "converted"]
    assert not any(position.closing for position in untraded.positions.values())


def test_a_conversion_is_told_as_one() -> None:
    market = opened()
    market.placed("BUY", 130, product="MIS")
    market.convert(65, "MIS", "NRML")
    said = [untraded_sentence(event) for event in market.untraded()[-2:]]
    assert said == [
        "converted: moved between MIS and NRML, as asked for; nothing was bought or sold: "
        f"{side} 65 {CALL} at Rs 100.05 (its average cost)"
        for side in ("SELL", "BUY")
    ]


def test_what_is_converted_to_nrml_is_not_squared_off() -> None:
    market = opened()
    market.placed("BUY", 130, product="MIS")
    market.convert(65, "MIS", "NRML")
    market.now = CLOSE - 5 * 60 * 10**9
    market.book()
    assert market.held() == {f"{CALL}/NRML": 65}
    assert reason(market.convert(65, "NRML", "MIS")) == ("order", "after_square_off")


@pytest.mark.parametrize(
    ("quantity", "old", "new", "side", "expected"),
    [
        (65, "NRML", "MIS", "BUY", "not_open"),
        (65, "MIS", "NRML", "SELL", "not_open"),
        (65, "MIS", "MIS", "BUY", "same_product"),
        (195, "MIS", "NRML", "BUY", "bad_quantity"),
        (60, "MIS", "NRML", "BUY", "bad_quantity"),
        (0, "MIS", "NRML", "BUY", "bad_quantity"),
    ],
)
def test_only_what_is_open_without_a_trade_is_converted(
    quantity: int, old: Any, new: Any, side: Any, expected: str
) -> None:
    market = opened()
    market.placed("BUY", 130, product="MIS")
    result = market.convert(quantity, old, new, side)
    assert result.refusal is not None
    assert result.refusal.reason == expected


def test_a_position_that_is_leaving_is_not_converted() -> None:
    market = opened(latency=LatencyConfig(enter_ms=500))
    market.placed("BUY", 65)
    market.clock(0.5)
    market.book()
    market.leave()
    assert reason(market.convert(65, "NRML", "MIS")) == ("order", "position_leaves")


# GTTs


def gtt(trigger: float, *, quantity: int = 65, product: Any = "NRML") -> GttForm:
    leg = GttFormLeg(side="SELL", quantity=quantity, price_paise=94_50, product=product)
    return GttForm(tradingsymbol=CALL, triggers=(round(trigger * 100),), legs=(leg,))


def test_a_gtt_is_answered_with_its_number_or_why_not() -> None:
    market = opened()
    assert market.request(PlaceGttOrder(form=gtt(95))).gtt_id == 1
    result = market.request(PlaceGttOrder(form=gtt(95, product="MIS")))
    assert result.refusal is not None
    assert (result.refusal.kind, result.refusal.reason) == (RefusalKind.INPUT, "bad_product")
    assert market.request(PlaceGttOrder(form=gtt(95))).gtt_id == 2
