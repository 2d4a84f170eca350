"""Postbacks (W10): a text for each move of an order that was committed, in the order of events."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from daemon.web.kite.postbacks import Postbacks
from daemon.web.kite.ticker import Ticker
from daemon.web.sources.market import Market
from tests.kite_api.desk import Desk
from tests.kite_api.shapes import load, misfits, union


class Audience(Ticker):
    """A ticker with one client that keeps what it is sent."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(Market(desk.directory), desk.login.is_session)
        self.texts: list[str] = []

    @property
    def has_clients(self) -> bool:
        return True

    def tell(self, text: str) -> None:
        self.texts.append(text)

    def news(self) -> list[dict[str, Any]]:
        """The orders of the messages that came since the last call."""
        found = [json.loads(text) for text in self.texts]
        self.texts.clear()
        assert all(each.keys() == {"type", "data"} for each in found)
        assert {each["type"] for each in found} <= {"order"}
        return [each["data"] for each in found]


@pytest.fixture
async def heard(desk: Desk) -> tuple[Audience, Postbacks]:
    """The audience, after the look with which it begins."""
    audience = Audience(desk)
    postbacks = Postbacks(desk.api, audience)
    await postbacks.look()
    return audience, postbacks


async def test_w10_each_move_of_an_order_is_told_once_and_in_order(
    desk: Desk, heard: tuple[Audience, Postbacks]
) -> None:
    audience, postbacks = heard
    order_id = await desk.place()
    await postbacks.look()
    assert [(each["order_id"], each["status"]) for each in audience.news()] == [(order_id, "OPEN")]
    await desk.send("PUT", f"/orders/regular/{order_id}", price=98.5)
    await desk.send("DELETE", f"/orders/regular/{order_id}")
    await postbacks.look()
    news = audience.news()
    assert [each["status"] for each in news][-1] == "CANCELLED"
    assert (news[0]["price"], news[-1]["cancelled_quantity"]) == (98.5, 65)
    await postbacks.look()
    assert audience.news() == []


async def test_w10_a_fill_is_told_with_its_price_and_a_checksum(
    desk: Desk, heard: tuple[Audience, Postbacks]
) -> None:
    audience, postbacks = heard
    await desk.place(order_type="MARKET", market_protection=-1)
    await postbacks.look()
    last = audience.news()[-1]
    assert (last["status"], last["average_price"], last["unfilled_quantity"]) == (
        "COMPLETE", 100.05, 0,
    )  # fmt: skip
    signed = f"{last['order_id']}{last['order_timestamp']}{desk.keys.api_secret}"
    assert last["checksum"] == sha256(signed.encode()).hexdigest()


async def test_w10_what_was_before_a_client_came_is_not_told(desk: Desk) -> None:
    await desk.place()
    audience = Audience(desk)
    postbacks = Postbacks(desk.api, audience)
    await postbacks.look()
    await postbacks.look()
    assert audience.news() == []


async def test_w11_a_postback_has_the_fields_of_kites_mock(
    desk: Desk, heard: tuple[Audience, Postbacks]
) -> None:
    audience, postbacks = heard
    await desk.place(order_type="MARKET", market_protection=-1, tag="mine")
    await postbacks.look()
    shapes = load()
    mock = {f"[]{path}": kind for path, kind in shapes["postback"].items()} | {"": "list"}
    rows = audience.news()
    assert misfits(rows, union(mock, shapes["orders"], shapes["order_info"])) == []
    assert all({f"[].{name}" for name in row} >= mock.keys() - {"", "[]"} for row in rows)
