"""Orders by Kite's addresses (W10): placed, changed, cancelled, in legs and slices, listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.domain.order_requests import PlaceOrder
from daemon.domain.statistics import MarginStatus
from daemon.files.replace import replace_file
from daemon.runtime.run_files import METRICS_FILE
from daemon.settings.config import LatencyConfig
from tests.kit.market import CALL
from tests.kite_api.desk import Desk, desk_in, error_of, order_form


def only(rows: list[Any]) -> Any:
    [row] = rows
    return row


async def test_w10_an_order_is_in_the_next_answer(desk: Desk) -> None:
    order_id = await desk.place(tag="mine")
    order = only(await desk.get("/orders"))
    assert (order["order_id"], order["status"]) == (order_id, "OPEN")
    assert (order["price"], order["pending_quantity"], order["tags"]) == (99.5, 65, ["mine"])
    assert (order["variety"], order["product"], order["validity"]) == ("regular", "NRML", "DAY")
    assert await desk.get("/trades") == []


@pytest.mark.parametrize("prefix", ["", "/kite"])
async def test_w10_every_address_stands_at_the_root_and_under_kite(prefix: str, desk: Desk) -> None:
    made = await desk.post(f"{prefix}/orders/regular", **order_form())
    changed = await desk.send("PUT", f"{prefix}/orders/regular/{made['order_id']}", price=98)
    assert changed.status == 200
    assert only(await desk.get(f"{prefix}/orders"))["price"] == 98


async def test_w10_a_modification_changes_price_and_quantity(desk: Desk) -> None:
    order_id = await desk.place()
    await desk.send("PUT", f"/orders/regular/{order_id}", price=98.5, quantity=130)
    order = only(await desk.get("/orders"))
    assert (order["price"], order["quantity"], order["modified"]) == (98.5, 130, True)
    statuses = [row["status"] for row in await desk.get(f"/orders/{order_id}")]
    assert statuses[0] == "PUT ORDER REQ RECEIVED"
    assert statuses[-2:] == ["MODIFIED", "OPEN"]


async def test_w10_a_cancel_takes_what_works(desk: Desk) -> None:
    order_id = await desk.place()
    answer = await desk.send("DELETE", f"/orders/regular/{order_id}")
    assert answer.json()["data"] == {"order_id": order_id}
    order = only(await desk.get("/orders"))
    assert (order["status"], order["cancelled_quantity"], order["pending_quantity"]) == (
        "CANCELLED", 65, 0
    )  # fmt: skip
    assert order["status_message_raw"] == "cancel_asked"


async def test_w10_a_modification_keeps_what_it_says_of_disclosure_and_validity(
    desk: Desk,
) -> None:
    order_id = await desk.place(quantity=130, disclosed_quantity=65)
    assert only(await desk.get("/orders"))["disclosed_quantity"] == 65
    for change, disclosed, validity in (
        ({"price": 98}, 65, "DAY"),
        ({"disclosed_quantity": 130}, 130, "DAY"),
        ({"validity": "TTL", "validity_ttl": 5}, 130, "TTL"),
    ):
        assert (await desk.send("PUT", f"/orders/regular/{order_id}", **change)).status == 200
        order = only(await desk.get("/orders"))
        assert (order["disclosed_quantity"], order["validity"]) == (disclosed, validity)
    assert order["validity_ttl"] == 5
    statuses = [row["status"] for row in await desk.get(f"/orders/{order_id}")]
    assert statuses.count("MODIFIED") == 3


async def statuses_of(desk: Desk, order_id: str) -> tuple[str, str]:
    """The status in the list of orders, and the last of the order's history."""
    [order] = [each for each in await desk.get("/orders") if each["order_id"] == order_id]
    history = await desk.get(f"/orders/{order_id}")
    return order["status"], history[-1]["status"]


async def test_w10_a_modification_is_pending_until_the_exchange_answers_it(tmp_path: Path) -> None:
    with desk_in(tmp_path, latency=LatencyConfig(modify_ms=500)) as desk:
        order_id = await desk.place()
        await desk.send("PUT", f"/orders/regular/{order_id}", price=98)
        order = only(await desk.get("/orders"))
        assert (order["status"], order["price"]) == ("MODIFY PENDING", 99.5)
        assert await statuses_of(desk, order_id) == ("MODIFY PENDING",) * 2
        desk.market.clock(0.3)
        await desk.send("PUT", f"/orders/regular/{order_id}", price=97)
        desk.market.clock(0.3)
        desk.commit()
        order = only(await desk.get("/orders"))  # the first has acted, the second has not
        assert (order["status"], order["price"]) == ("MODIFY PENDING", 98)
        desk.market.clock(0.3)
        desk.commit()
        order = only(await desk.get("/orders"))
        assert (order["status"], order["price"]) == ("OPEN", 97)
        assert [each["status"] for each in await desk.get(f"/orders/{order_id}")][-2:] == [
            "MODIFIED", "OPEN",
        ]  # fmt: skip


async def test_w10_a_cancel_is_pending_until_it_arrives_and_so_is_one_of_a_stop(
    tmp_path: Path,
) -> None:
    with desk_in(tmp_path, latency=LatencyConfig(cancel_ms=500)) as desk:
        resting = await desk.place()
        stop = await desk.place(order_type="SL", trigger_price=101, price=102)
        for order_id in (resting, stop):
            assert (await desk.send("DELETE", f"/orders/regular/{order_id}")).status == 200
            assert await statuses_of(desk, order_id) == ("CANCEL PENDING",) * 2
        desk.market.clock(1)
        desk.commit()
        for order_id in (resting, stop):
            assert await statuses_of(desk, order_id) == ("CANCELLED",) * 2


async def test_w10_a_change_that_is_refused_at_once_leaves_another_one_pending(
    tmp_path: Path,
) -> None:
    with desk_in(tmp_path, latency=LatencyConfig(modify_ms=500)) as desk:
        order_id = await desk.place()
        await desk.send("PUT", f"/orders/regular/{order_id}", price=98)
        answer = await desk.send("PUT", f"/orders/regular/{order_id}", price=98.01)
        assert answer.status == 400
        assert await statuses_of(desk, order_id) == ("MODIFY PENDING",) * 2


async def test_w14_a_close_has_the_tag_api_and_its_reason_behind_it(desk: Desk) -> None:
    await desk.place(order_type="MARKET", market_protection=-1, tag="mine")
    desk.market.leave()
    desk.book()
    opening, close = await desk.get("/orders")
    assert (opening["tag"], opening["tags"]) == ("mine", ["mine"])
    assert (close["status"], close["tag"]) == ("COMPLETE", "api")
    assert close["tags"] == ["api", "manual_exit"]


async def test_w10_a_fill_is_a_trade_and_a_position_at_the_last_price(desk: Desk) -> None:
    order_id = await desk.place(order_type="MARKET", market_protection=-1)
    trade = only(await desk.get("/trades"))
    assert (trade["order_id"], trade["average_price"], trade["quantity"]) == (order_id, 100.05, 65)
    assert await desk.get(f"/orders/{order_id}/trades") == [trade]
    desk.quote({CALL: 10_105})
    positions = await desk.get("/portfolio/positions")
    net = only(positions["net"])
    assert net == only(positions["day"])
    assert (net["quantity"], net["average_price"], net["last_price"]) == (65, 100.05, 101.05)
    assert (net["pnl"], net["m2m"], net["value"]) == (65.0, 65.0, -6_503.25)
    history = await desk.get(f"/orders/{order_id}")
    assert (history[-1]["average_price"], history[0]["average_price"]) == (100.05, 0)


async def test_w10_an_iceberg_sends_its_next_leg_when_the_last_is_complete(desk: Desk) -> None:
    first = await desk.post(
        "/orders/iceberg", **order_form(quantity=130, iceberg_legs=2, price=100.05)
    )
    legs = await desk.get("/orders")
    assert legs[0]["meta"]["iceberg"]["leg"] == 1
    assert legs[0]["order_id"] == first["order_id"]
    assert legs[0]["meta"]["iceberg"]["remaining_quantity"] == 65
    for _ in range(3):
        desk.book()
    legs = await desk.get("/orders")
    assert [(leg["status"], leg["variety"]) for leg in legs] == [("COMPLETE", "iceberg")] * 2
    assert legs[-1]["meta"]["iceberg"]["remaining_quantity"] == 0


async def test_w10_an_iceberg_needs_its_legs(desk: Desk) -> None:
    answer = await desk.send("POST", "/orders/iceberg", **order_form(quantity=130))
    assert error_of(answer)[2] == "Missing or empty field `iceberg_legs`"
    answer = await desk.send("POST", "/orders/iceberg", **order_form(iceberg_legs=11))
    assert error_of(answer)[:2] == (400, "InputException")


async def test_w10_autoslice_answers_with_its_children(desk: Desk) -> None:
    made = await desk.post("/orders/regular", **order_form(autoslice="true"))
    assert made["children"] == [{"order_id": made["order_id"]}]
    order = desk.asked[-1]
    assert isinstance(order, PlaceOrder)
    assert order.autoslice


@pytest.mark.parametrize("product", ["CNC", "MTF", "CO", "BO"])
async def test_w10_products_that_contracts_have_not_are_400(product: str, desk: Desk) -> None:
    answer = await desk.send("POST", "/orders/regular", **order_form(product=product))
    assert error_of(answer)[:2] == (400, "InputException")


async def test_w10_only_what_the_api_holds_can_be_converted(desk: Desk) -> None:
    answer = await desk.send(
        "PUT", "/portfolio/positions", exchange="NFO", tradingsymbol=CALL, quantity=65,
        transaction_type="BUY", position_type="day", old_product="NRML", new_product="MIS",
    )  # fmt: skip
    assert error_of(answer)[0] == 400
    assert await desk.get("/portfolio/holdings") == []


async def test_w10_margins_are_the_brokers_where_its_figure_counts(desk: Desk) -> None:
    await desk.place(transaction_type="SELL", order_type="MARKET", market_protection=-1)

    async def utilised(source: str) -> Any:
        told = MarginStatus(used_rupees=123_456, source=source).in_rupees()
        file = {"margin": told}
        replace_file(desk.directory / METRICS_FILE, json.dumps(file).encode())
        return (await desk.get("/user/margins/equity"))["utilised"]

    modelled = await utilised("model")
    assert modelled["span"] not in (0, 123_456)
    assert modelled["exposure"] > 0
    brokers = await utilised("broker")
    assert (brokers["span"], brokers["exposure"]) == (123_456, 0)
    assert brokers["option_premium"] == modelled["option_premium"]


async def test_w10_margins_follow_positions_and_orders(desk: Desk) -> None:
    free = (await desk.get("/user/margins/equity"))["net"]
    await desk.place(order_type="MARKET", market_protection=-1, transaction_type="SELL")
    equity = await desk.get("/user/margins/equity")
    used = equity["utilised"]
    assert used["span"] > 0
    assert used["exposure"] > 0
    assert used["option_premium"] == pytest.approx(-65 * 99.95)
    blocked = used["span"] + used["exposure"]
    assert free - equity["net"] == pytest.approx(blocked - 65 * 99.95)


async def test_w10_a_margin_is_asked_for_what_the_daemon_knows_alone(desk: Desk) -> None:
    order = {"exchange": "NFO", "tradingsymbol": "X", "transaction_type": "BUY", "quantity": 65}
    for change in ({}, {"tradingsymbol": "NIFTY 50", "exchange": "NSE"}, {"tradingsymbol": CALL,
                   "exchange": "NSE"}, {"tradingsymbol": CALL, "quantity": 1.5}):  # fmt: skip
        answer = await desk.raw(
            "POST", "/margins/orders", json.dumps([order | change]), content_type="application/json"
        )
        assert error_of(answer)[:2] == (400, "InputException")


async def test_w10_a_hedge_lowers_the_basket_and_not_its_orders(desk: Desk) -> None:
    def leg(symbol: str, side: str) -> dict[str, Any]:
        return {"exchange": "NFO", "tradingsymbol": symbol, "transaction_type": side,
                "quantity": 65, "order_type": "LIMIT", "price": 100}  # fmt: skip

    await desk.place(order_type="MARKET", market_protection=-1)  # long the call
    [alone] = await desk.post_json("/margins/orders", [leg(CALL, "SELL")])
    assert (alone["span"], alone["exposure"]) == (0, 0)  # it closes what is held
    short = [leg(CALL, "SELL")]
    bare = await desk.post_json("/margins/basket?consider_positions=false", short)
    held = await desk.post_json("/margins/basket?consider_positions=True&mode=compact", short)
    assert bare["final"]["span"] > held["final"]["span"] == 0
    assert bare["initial"] == held["initial"]
    assert (len(bare["orders"]), held["orders"]) == (1, [])


async def test_an_order_that_is_over_is_listed_as_it_ended_however_often_it_is_asked_for(
    desk: Desk,
) -> None:
    filled = await desk.place(order_type="MARKET", market_protection=-1)
    cancelled = await desk.place()
    first = await desk.get("/orders")
    await desk.send("DELETE", f"/orders/regular/{cancelled}")
    second = await desk.get("/orders")
    assert [row["status"] for row in first] == ["COMPLETE", "OPEN"]
    assert [row["status"] for row in second] == ["COMPLETE", "CANCELLED"]
    assert (second[0]["order_id"], second[0]["average_price"]) == (
        filled, first[0]["average_price"]
    )  # fmt: skip
    assert second == await desk.get("/orders")
    for row in second:
        history = await desk.get(f"/orders/{row['order_id']}")
        assert {key: history[-1][key] for key in row} == row
