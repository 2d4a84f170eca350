"""How fields are read (W13): floats that are whole, 0 as absent, the path first, rates."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.order_requests import CancelOrder, ModifyOrder, PlaceOrder
from daemon.settings.config import ApiConfig, Config
from daemon.web.kite.errors import KiteError
from daemon.web.kite.forms import Form
from daemon.web.kite.rates import PER_SECOND, Rate, Rates
from tests.kit.market import CALL
from tests.kite_api.desk import FORM, Desk, desk_in, error_of, order_form


async def asked_for(desk: Desk, **fields: Any) -> PlaceOrder:
    await desk.send("POST", "/orders/regular", **order_form(**fields))
    order = desk.asked[-1]
    assert isinstance(order, PlaceOrder)
    return order


async def test_w13_floats_that_are_whole_are_taken(desk: Desk) -> None:
    order = await asked_for(desk, quantity="65.0", price="99.50", disclosed_quantity="65")
    assert (order.quantity, order.price_paise, order.disclosed_quantity) == (65, 9_950, 65)
    order = await asked_for(desk, price=repr(99.1 + 0.2))  # 99.3, nearly
    assert order.price_paise == 9_930


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-65", "6_5", "٦٥", "1e99", "65.5", "x"])
async def test_w13_what_is_no_number_of_units_is_400(value: str, desk: Desk) -> None:
    answer = await desk.send("POST", "/orders/regular", **order_form(quantity=value))
    assert error_of(answer)[:2] == (400, "InputException")
    assert desk.asked == []


@pytest.mark.parametrize("value", ["nan", "-99.5", "inf", "99.505", "1e12"])
async def test_w13_what_is_no_price_is_400(value: str, desk: Desk) -> None:
    answer = await desk.send("POST", "/orders/regular", **order_form(price=value))
    assert error_of(answer)[:2] == (400, "InputException")
    assert desk.asked == []


@pytest.mark.parametrize(
    "name", ["exchange", "tradingsymbol", "transaction_type", "quantity", "product", "order_type",
             "price"],
)  # fmt: skip
async def test_w13_a_field_that_is_needed_is_named(name: str, desk: Desk) -> None:
    fields = order_form()
    del fields[name]
    answer = await desk.send("POST", "/orders/regular", **fields)
    assert error_of(answer) == (400, "InputException", f"Missing or empty field `{name}`")


async def test_w13_zero_is_the_same_as_absent(desk: Desk) -> None:
    order = await asked_for(desk, trigger_price="0", validity_ttl="0.0", market_protection="0")
    assert (order.trigger_paise, order.ttl_minutes, order.market_protection) == (0, 0, 0)
    order_id = await desk.place()
    await desk.send("PUT", f"/orders/regular/{order_id}", price="0", quantity=130)
    assert desk.asked[-1] == ModifyOrder(order_id="X-20261118-000002", quantity=130)


async def test_w13_the_path_wins_and_unknown_fields_are_ignored(desk: Desk) -> None:
    order_id = await desk.place(variety="amo", algo_id="7", more="x")
    await desk.send("PUT", f"/orders/regular/{order_id}", variety="co", order_id="1", price=99)
    await desk.send("DELETE", f"/orders/regular/{order_id}", variety="co", parent_order_id="")
    assert [type(each) for each in desk.asked] == [PlaceOrder, ModifyOrder, CancelOrder]


async def test_w13_no_protection_is_refused_and_told_once(desk: Desk, log_lines: list[str]) -> None:
    for _ in range(2):
        answer = await desk.send("POST", "/orders/regular", **order_form(order_type="MARKET"))
        assert error_of(answer)[:2] == (400, "InputException")
        assert "market protection" in error_of(answer)[2]
    assert "".join(log_lines).count("api.default_protection: -1") == 1


async def test_w13_a_default_protection_stands_in(tmp_path: Path, log_lines: list[str]) -> None:
    config = Config(account="desk", api=ApiConfig(rates="off", default_protection=-1))
    with desk_in(tmp_path, config=config) as desk:
        await desk.place(order_type="MARKET")
        await desk.place(order_type="MARKET", market_protection=2.5)
        assert [order["status"] for order in await desk.get("/orders")] == ["COMPLETE"] * 2
    shown = [each.market_protection for each in desk.asked if isinstance(each, PlaceOrder)]
    assert shown == [-1, 2.5]
    assert "api.default_protection -1 is used" in "".join(log_lines)


@pytest.mark.parametrize("value", ["-2", "100.1", "nan"])
async def test_w13_a_protection_is_minus_one_or_a_percentage(value: str, desk: Desk) -> None:
    fields = order_form(order_type="MARKET", market_protection=value)
    assert error_of(await desk.send("POST", "/orders/regular", **fields))[0] == 400


@pytest.mark.parametrize("tag", ["", "A z 0.9_:-", "x" * 20])
async def test_w13_tags_of_letters_digits_and_a_few_signs_are_kept(tag: str, desk: Desk) -> None:
    await desk.place(tag=tag)
    [order] = await desk.get("/orders")
    assert order["tag"] == (tag or None)


@pytest.mark.parametrize("tag", ["x" * 21, "a\nb", "ü", "a/b", "<b>"])
async def test_w13_other_tags_are_400(tag: str, desk: Desk) -> None:
    answer = await desk.send("POST", "/orders/regular", **order_form(tag=tag))
    assert error_of(answer)[:2] == (400, "InputException")


@pytest.mark.parametrize("body", [b"\xff=1", b"&" * 1_000 + b"a=1", b"%FF=%FE", b"=&=&="])
async def test_w13_a_form_that_cannot_be_read_is_400(body: bytes, desk: Desk) -> None:
    answer = await desk.raw("POST", "/orders/regular", body, content_type=FORM)
    assert error_of(answer)[:2] == (400, "InputException")


@pytest.mark.parametrize(
    ("name", "value"),
    [("condition", "{"), ("condition", "[]"), ("orders", "{}"), ("orders", "[" * 5_000),
     ("condition", '{"exchange":"NFO","tradingsymbol":"X","trigger_values":[-1]}'),
     ("type", "three-leg")],
)  # fmt: skip
async def test_w13_json_in_a_field_is_checked(name: str, value: str, desk: Desk) -> None:
    condition = f'{{"exchange":"NFO","tradingsymbol":"{CALL}","trigger_values":[90]}}'
    order = '[{"transaction_type":"SELL","quantity":65,"product":"NRML","price":89.5}]'
    fields = {"type": "single", "condition": condition, "orders": order}
    assert (await desk.send("POST", "/gtt/triggers", **fields)).status == 200
    answer = await desk.send("POST", "/gtt/triggers", **fields | {name: value})
    assert error_of(answer)[:2] == (400, "InputException")


@pytest.mark.parametrize("text", ["[", "{}", '[{"exchange":1}]', "[" * 5_000, "null"])
async def test_w13_a_json_body_is_checked(text: str, desk: Desk) -> None:
    for path in ("/margins/orders", "/margins/basket", "/charges/orders"):
        answer = await desk.raw("POST", path, text, content_type="application/json")
        assert error_of(answer)[:2] == (400, "InputException")


@given(st.binary(max_size=200))
def test_w13_no_body_is_more_than_refused(body: bytes) -> None:
    with contextlib.suppress(KiteError):
        form = Form.of_body(body)
        assert 0 <= form.units("quantity") <= 10**9
        assert 0 <= form.paise("price") <= 10**11
        assert -1 <= form.protection() <= 100
        assert len(form.tag()) <= 20


@given(st.integers(0, 10**9), st.sampled_from(["{}", "{}.0", "{}.00", " {} ", "+{}"]))
def test_w13_a_whole_number_is_read_as_it_is(number: int, written: str) -> None:
    assert Form([("quantity", written.format(number))]).units("quantity") == number


@given(st.integers(1, 10**8))
def test_w13_a_float_of_paise_is_those_paise(paise: int) -> None:
    assert Form([("price", repr(paise / 100))]).paise("price") == paise


@pytest.mark.parametrize("rate", list(PER_SECOND))
def test_w13_a_bucket_gives_its_rate_and_no_more(rate: Rate) -> None:
    now = [0.0]
    rates = Rates(is_on=True, clock=lambda: now[0])
    taken = 0
    for tenth in range(100):  # ten seconds, asked far too often
        now[0] = tenth / 10
        taken += sum(is_taken(rates, rate) for _ in range(20))
    most = PER_SECOND[rate]
    assert 10 * most <= taken <= 11 * most
    assert_others_are_free(rates, rate)


def is_taken(rates: Rates, rate: Rate) -> bool:
    with contextlib.suppress(KiteError):
        rates.take(rate)
        return True
    return False


def assert_others_are_free(rates: Rates, rate: Rate) -> None:
    for other in PER_SECOND:
        if other != rate:
            rates.take(other)
    for _ in range(100):
        rates.take("orders")  # the engine's gate counts those


def test_w13_rates_can_be_off() -> None:
    rates = Rates(is_on=False, clock=lambda: 0.0)
    for _ in range(100):
        rates.take("quote")


async def test_w13_too_many_reads_are_429_in_json_and_a_second_later_taken(tmp_path: Path) -> None:
    with desk_in(tmp_path, rates=True) as desk:
        answers = [await desk.raw("GET", "/trades") for _ in range(11)]
        assert [answer.status for answer in answers] == [200] * 10 + [429]
        assert error_of(answers[-1])[1] == "NetworkException"
        for _ in range(3):
            await desk.place()
        desk.now_s = 1.0
        assert await desk.get("/trades") == []
