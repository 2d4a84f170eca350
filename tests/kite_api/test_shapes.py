"""Answers have the fields and kinds of Kite's own mocks (W11)."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.kit.market import CALL
from tests.kite_api.desk import FUTURE, Desk, order_form
from tests.kite_api.shapes import load, misfits, union

SHAPES = load()
ORDER = union(SHAPES["orders"], SHAPES["order_info"])
GTT = SHAPES["gtt_get_order"] | {".meta": "null|object"}
"""That mock's own `meta` is null, the list's an object."""
TIMES = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
WANTED = [
    {"exchange": "NFO", "tradingsymbol": FUTURE, "transaction_type": "BUY", "variety": "regular",
     "product": "NRML", "order_type": "MARKET", "quantity": 65, "price": 0, "trigger_price": 0},
    {"exchange": "NFO", "tradingsymbol": CALL, "transaction_type": "SELL", "variety": "regular",
     "product": "NRML", "order_type": "LIMIT", "quantity": 65, "price": 100.0},
]  # fmt: skip


def fits(value: Any, *names: str) -> None:
    assert misfits(value, union(*(SHAPES[name] for name in names))) == []


async def traded(desk: Desk) -> str:
    """An order that filled, one that rests, one that was changed, one cancelled, an iceberg."""
    filled = await desk.place(order_type="MARKET", market_protection=-1, tag="mine")
    resting = await desk.place(price=99)
    await desk.send("PUT", f"/orders/regular/{resting}", price=99.5)
    gone = await desk.place(validity="TTL", validity_ttl=3, price=98)
    await desk.send("DELETE", f"/orders/regular/{gone}")
    await desk.post("/orders/iceberg", **order_form(iceberg_legs=2, quantity=130, price=98.5))
    desk.book(100)
    return filled


async def test_w11_orders_trades_and_positions_have_kites_fields(desk: Desk) -> None:
    filled = await traded(desk)
    orders = await desk.get("/orders")
    assert misfits(orders, ORDER) == []
    assert {order["variety"] for order in orders} == {"regular", "iceberg"}
    assert any(order.get("validity_ttl") == 3 for order in orders)
    history = await desk.get(f"/orders/{filled}")
    assert misfits(history, ORDER) == []
    assert history[0]["status"] == "PUT ORDER REQ RECEIVED"
    assert history[-1]["status"] == "COMPLETE"
    fits(await desk.get("/trades"), "trades")
    fits(await desk.get(f"/orders/{filled}/trades"), "order_trades")
    positions = await desk.get("/portfolio/positions")
    fits(positions, "positions")
    assert positions["net"][0]["quantity"] == 65
    for row in (*orders, *history):
        for name in ("order_timestamp", "exchange_timestamp", "exchange_update_timestamp"):
            assert row[name] is None or TIMES.fullmatch(row[name])
        assert re.fullmatch(r"261118\d{9}", row["order_id"])


async def test_w11_the_user_funds_and_login_have_kites_fields(desk: Desk) -> None:
    keys = desk.keys
    fits(await desk.get("/user/profile"), "profile")
    fits(await desk.get("/user/profile/full"), "full_profile")
    fits(await desk.get("/user/margins"), "margins")
    fits(await desk.get("/user/margins/equity"), "margins_equity")
    fits(await desk.get("/user/margins/commodity"), "margin_commodity")
    session = await desk.post(
        "/session/token", api_key=keys.api_key, request_token=keys.request_token,
        checksum=keys.checksum(),
    )  # fmt: skip
    assert misfits(session, SHAPES["generate_session"] | {".avatar_url": "null|text"}) == []
    assert TIMES.fullmatch(session["login_time"])
    gone = await desk.send(
        "DELETE", "/session/token", api_key=keys.api_key, access_token=keys.access_token
    )
    fits(gone.json()["data"], "session_logout")


async def test_w11_answers_to_requests_have_kites_fields(desk: Desk) -> None:
    placed = await desk.post("/orders/regular", **order_form())
    fits(placed, "order_response")
    order_id = placed["order_id"]
    sliced = await desk.post("/orders/regular", **order_form(autoslice="true"))
    assert misfits(sliced, SHAPES["autoslice_response"]) == []
    changed = await desk.send("PUT", f"/orders/regular/{order_id}", quantity=130)
    fits(changed.json()["data"], "order_modify")
    gone = await desk.send("DELETE", f"/orders/regular/{order_id}")
    fits(gone.json()["data"], "order_cancel")


async def test_w11_gtts_have_kites_fields(desk: Desk) -> None:
    terms = gtt_form((90.0, 89.5), (110.0, 109.5))
    number = (await desk.post("/gtt/triggers", **terms))["trigger_id"]
    fits({"trigger_id": number}, "gtt_place_order")
    changed = await desk.send("PUT", f"/gtt/triggers/{number}", **terms)
    fits(changed.json()["data"], "gtt_modify_order")
    fits(await desk.get("/gtt/triggers"), "gtt_get_orders")
    desk.book(110)
    fired = await desk.get(f"/gtt/triggers/{number}")
    assert misfits(fired, GTT) == []
    assert fired["status"] == "triggered"
    result = fired["orders"][1]["result"]["order_result"]
    assert result["status"] == "success"
    assert [row["order_id"] for row in await desk.get("/orders")] == [result["order_id"]]
    other = (await desk.post("/gtt/triggers", **gtt_form((90.0, 89.5))))["trigger_id"]
    gone = await desk.send("DELETE", f"/gtt/triggers/{other}")
    fits(gone.json()["data"], "gtt_delete_order")
    assert other > number


async def test_w11_margins_and_charges_have_kites_fields(desk: Desk) -> None:
    rows = await desk.post_json("/margins/orders", WANTED)
    fits(rows, "order_margins")
    basket = await desk.post_json("/margins/basket?consider_positions=true", WANTED)
    fits(basket, "basket_margins")
    note = await desk.post_json("/charges/orders", WANTED)
    fits(note, "virtual_contract_note")
    initial, final = basket["initial"], basket["final"]
    for name in ("span", "exposure", "total"):
        assert initial[name] == sum(row[name] for row in basket["orders"])
    for row in (initial, final, *basket["orders"]):
        assert row["total"] == row["span"] + row["exposure"] + row["option_premium"]
    assert final["span"] < initial["span"]  # the short call hedges the long future
    assert note[0]["charges"]["total"] == rows[0]["charges"]["total"] > 20


async def test_w11_a_conversion_is_answered_as_kite_does(desk: Desk) -> None:
    await desk.place(order_type="MARKET", market_protection=-1)
    answer = await desk.send(
        "PUT", "/portfolio/positions", exchange="NFO", tradingsymbol=CALL, quantity=65,
        transaction_type="BUY", position_type="day", old_product="NRML", new_product="MIS",
    )  # fmt: skip
    fits(answer.json()["data"], "convert_position")
    net = (await desk.get("/portfolio/positions"))["net"]
    assert {row["product"]: row["quantity"] for row in net} == {"NRML": 0, "MIS": 65}


def test_w11_a_field_that_kite_has_not_and_one_that_is_missing_are_found() -> None:
    row = {name[3:]: "x" for name in SHAPES["order_trades"] if name.startswith("[].")}
    found = misfits([row | {"more": 1}], SHAPES["order_trades"])
    assert "[].more: Kite has no such field" in found
    assert any("instrument_token: is text" in each for each in found)
    del row["trade_id"]
    assert "[].trade_id: is missing" in misfits([row], SHAPES["order_trades"])


def gtt_form(*legs: tuple[float, float]) -> dict[str, str]:
    """Sell one lot at the second price of each pair once the first is met."""
    condition = {
        "exchange": "NFO", "tradingsymbol": CALL, "last_price": 100.0,
        "trigger_values": [trigger for trigger, _ in legs],
    }  # fmt: skip
    orders = [
        {"exchange": "NFO", "tradingsymbol": CALL, "transaction_type": "SELL", "quantity": 65,
         "order_type": "LIMIT", "product": "NRML", "price": price}
        for _, price in legs
    ]  # fmt: skip
    kind = "two-leg" if len(legs) == 2 else "single"
    return {"type": kind, "condition": json.dumps(condition), "orders": json.dumps(orders)}
