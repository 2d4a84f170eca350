"""Orders that are placed on the page reach the daemon as a program's do, each with its id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.request_socket import RequestSocket
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order_requests import (
    CancelOrder,
    DeleteGttOrder,
    ExitPosition,
    OrderRequest,
    PlaceOrder,
)
from daemon.domain.order_results import OrderResult
from daemon.web.order_entry import contract_rows
from tests.kit.web import Page

ORDER = {"do": "place", "tradingsymbol": "NIFTY26NOVFUT", "side": "BUY", "quantity": 65,
         "product": "NRML", "order_type": "LIMIT", "price_paise": 2_500_000}  # fmt: skip


def body(order: dict[str, Any], client_id: str = "page-0001") -> dict[str, Any]:
    return {"client_id": client_id, "order": order}


@asynccontextmanager
async def daemon(page: Page, outcome: Outcome = Outcome.DONE) -> AsyncIterator[list[Asked]]:
    """Listen where the page's daemon does, while the page reads its answers."""
    heard: list[Asked] = []

    async def give(asked: Asked) -> Answer:
        heard.append(asked)
        result = OrderResult(order_ids=("X-20261118-000001",))
        return Answer(id=asked.id, outcome=outcome, text="in its words", result=result)

    async with anyio.create_task_group() as tasks:
        await tasks.start(RequestSocket(give).serve, page.directory)
        tasks.start_soon(page.site.orders.requests.run)
        yield heard
        tasks.cancel_scope.cancel()


async def test_each_order_is_a_request_of_the_daemon(page: Page) -> None:
    who = await page.login()
    wanted: list[tuple[dict[str, Any], OrderRequest]] = [
        (ORDER, PlaceOrder(
            tradingsymbol="NIFTY26NOVFUT", side="BUY", quantity=65, product="NRML",
            order_type="LIMIT", price_paise=2_500_000,
        )),
        ({"do": "cancel", "order_id": "X-20261118-000001"},
         CancelOrder(order_id="X-20261118-000001")),
        ({"do": "exit", "tradingsymbol": "NIFTY26NOVFUT", "product": "MIS"},
         ExitPosition(tradingsymbol="NIFTY26NOVFUT", product="MIS")),
        ({"do": "delete_gtt", "gtt_id": 7}, DeleteGttOrder(gtt_id=7)),
    ]  # fmt: skip
    async with daemon(page) as heard:
        for sent, _ in wanted:
            answer = await page.post("/api/ticket", body(sent), **who)
            assert answer.json() == {
                "accepted": True, "text": "in its words", "orders": ["X-20261118-000001"],
            }  # fmt: skip
    assert [(each.order, each.client_id) for each in heard] == [
        (order, "page-0001") for _, order in wanted
    ]


async def test_a_refusal_is_shown_in_the_daemon_s_words(page: Page) -> None:
    who = await page.login()
    async with daemon(page, Outcome.REFUSED):
        answer = await page.post("/api/ticket", body(ORDER), **who)
    assert (answer.status, answer.json()["accepted"]) == (200, False)
    assert answer.json()["text"] == "in its words"


async def test_without_a_daemon_nothing_was_asked(page: Page) -> None:
    who = await page.login()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(page.site.orders.requests.run)
        await anyio.wait_all_tasks_blocked()
        answer = await page.post("/api/ticket", body(ORDER), **who)
        tasks.cancel_scope.cancel()
    assert answer.json()["accepted"] is False
    assert "the daemon is away" in answer.json()["text"]


@pytest.mark.parametrize(
    "wrong",
    [
        body(ORDER, "short"),
        body(ORDER, "x" * 37),
        body(ORDER | {"quantity": 1.5}),
        body(ORDER | {"price_paise": -5}),
        body(ORDER | {"price_paise": 10**13}),
        body(ORDER | {"tag": "<script>"}),
        body(ORDER | {"product": "CNC"}),
        body(ORDER | {"tradingsymbol": "a\x1b[2J"}),
        body(ORDER | {"more": 1}),
        body({"do": "kill"}),
        {"order": ORDER},
    ],
    ids=str,
)
async def test_what_is_no_order_is_refused_before_the_daemon_hears_of_it(
    wrong: dict[str, Any], page: Page
) -> None:
    who = await page.login()
    async with daemon(page) as heard:
        answer = await page.post("/api/ticket", wrong, **who)
    assert answer.status == 400
    assert heard == []


async def test_an_order_needs_a_session_and_its_word(page: Page) -> None:
    who = await page.login()
    assert (await page.post("/api/ticket", body(ORDER))).status == 401
    assert (await page.post("/api/ticket", body(ORDER), cookie=who["cookie"])).status == 403


def test_contracts_are_offered_with_their_lots_and_steps_and_an_index_is_not() -> None:
    index = Instrument(
        instrument_token=1, tradingsymbol="NIFTY 50", exchange="NSE", segment="INDICES",
        instrument_type="INDEX",
    )  # fmt: skip
    future = Instrument(
        instrument_token=2, tradingsymbol="NIFTY26NOVFUT", exchange="NFO", lot_size=65,
        tick_paise=10,
    )  # fmt: skip
    assert contract_rows(Universe([index, future])) == [
        {"symbol": "NIFTY26NOVFUT", "exchange": "NFO", "lot_size": 65, "tick_paise": 10}
    ]


async def test_contracts_are_for_who_has_signed_in(page: Page) -> None:
    assert (await page.ask("/api/contracts")).status == 401
    assert isinstance(await page.get("/api/contracts", await page.login()), list)
