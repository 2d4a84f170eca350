"""Every refusal is Kite's JSON with an error type, whatever went wrong (W12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from daemon.control.request_messages import Answer, Outcome
from daemon.domain.order_results import OrderResult, refused
from daemon.errors import JournalCorrupt
from daemon.settings.config import RiskConfig
from daemon.web.kite.call import BODY_MAX
from daemon.web.kite.errors import KiteError
from daemon.web.kite_server import result_of
from tests.kite_api.desk import FORM, Desk, desk_in, error_of, order_form


@pytest.mark.parametrize("path", ["/", "/kite", "/nothing", "/orders/", "/orders/regular/1/2/3"])
async def test_w12_an_unknown_address_is_404(path: str, desk: Desk) -> None:
    assert error_of(await desk.raw("GET", path)) == (404, "GeneralException", "Route not found")


async def test_w12_another_method_is_405(desk: Desk) -> None:
    for method, path in (("PATCH", "/orders"), ("DELETE", "/trades"), ("POST", "/holdings/x")):
        status, kind, _ = error_of(await desk.raw(method, path))
        assert (status, kind) == (404 if "holdings" in path else 405, "GeneralException")


async def test_w12_a_body_that_is_too_long_is_413_and_another_kind_415(desk: Desk) -> None:
    long = await desk.raw("POST", "/orders/regular", b"x=" + b"y" * BODY_MAX, content_type=FORM)
    assert error_of(long)[:2] == (413, "InputException")
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        answer = await desk.raw("POST", "/orders/regular", b"a=1", content_type=kind)
        assert error_of(answer)[:2] == (415, "InputException")
    answer = await desk.raw("POST", "/margins/orders", b"a=1", content_type=FORM)
    assert error_of(answer)[:2] == (415, "InputException")


async def test_w12_a_fault_of_the_program_is_500_in_json(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.api.account, "marks", broken)
    keys = desk.keys
    transport = httpx.ASGITransport(desk.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://paper") as client:
        client.headers["authorization"] = f"token {keys.api_key}:{keys.access_token}"
        answer = await client.get("/portfolio/positions")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "status": "error", "message": "a fault of this program; its log has it",
        "data": None, "error_type": "GeneralException",
    }  # fmt: skip


async def test_w12_a_daemon_that_is_away_is_503_and_reading_goes_on(desk: Desk) -> None:
    order_id = await desk.place()
    desk.is_away = True
    for answer in (
        await desk.send("POST", "/orders/regular", **order_form()),
        await desk.send("PUT", f"/orders/regular/{order_id}", price=99),
        await desk.send("DELETE", f"/orders/regular/{order_id}"),
    ):
        assert error_of(answer) == (503, "NetworkException", "the daemon is away")
    assert [row["order_id"] for row in await desk.get("/orders")] == [order_id]


async def test_w12_a_journal_that_cannot_be_read_is_503(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: Any) -> None:
        raise JournalCorrupt("journal.db: is damaged")

    monkeypatch.setattr(desk.api.account, "read", damaged)
    assert error_of(await desk.raw("GET", "/orders")) == (
        503, "NetworkException", "journal.db: is damaged"
    )  # fmt: skip


async def test_w12_too_many_requests_at_one_time_are_503_in_json(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.web.kite.app.REQUESTS_MAX", 1)
    go_on, statuses = anyio.Event(), []

    async def waits(_: Any) -> Any:
        await go_on.wait()
        return OrderResult(order_ids=("X-20261118-000001",))

    monkeypatch.setattr(desk.api, "ask", waits)
    async with anyio.create_task_group() as tasks:

        async def place() -> None:
            statuses.append((await desk.send("POST", "/orders/regular", **order_form())).status)

        tasks.start_soon(place)
        await anyio.wait_all_tasks_blocked()
        assert error_of(await desk.raw("GET", "/user/profile"))[:2] == (503, "NetworkException")
        go_on.set()
    assert statuses == [200]
    assert (await desk.get("/user/profile"))["user_id"] == "desk"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.BUSY, (429, "NetworkException")),
        (Outcome.WITHDRAWN, (503, "NetworkException")),
        (Outcome.UNKNOWN, (503, "NetworkException")),
        (Outcome.REFUSED, (400, "InputException")),
    ],
)
def test_w12_a_request_that_was_not_taken_is_said(
    outcome: Outcome, expected: tuple[int, str]
) -> None:
    with pytest.raises(KiteError) as error:
        result_of(Answer(id=1, outcome=outcome, text="look at the orders"))
    assert (error.value.status, error.value.error_type) == expected
    assert error.value.message == "look at the orders"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"quantity": 66}, "InputException"),
        ({"price": 99.52}, "InputException"),
        ({"tradingsymbol": "NIFTY26NOV99999CE"}, "InputException"),
        ({"exchange": "BFO"}, "InputException"),
        ({"order_type": "MARKET"}, "InputException"),
        ({"quantity": 650}, "OrderException"),
    ],
)
async def test_w12_what_is_refused_at_sending_is_400_and_no_order(
    fields: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    with desk_in(tmp_path, risk=RiskConfig(max_order_quantity=130)) as desk:
        answer = await desk.send("POST", "/orders/regular", **order_form(**fields))
        assert error_of(answer)[:2] == (400, expected)
        assert await desk.get("/orders") == []
        [journaled] = desk.market.untraded()
    assert journaled.kind == "rejected"
    assert journaled.numbers is not None or journaled.reason == "no_protection"


async def test_w12_a_margin_that_is_short_is_a_margin_exception(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: dict[str, int | str] = {"required_paise": 1_234_500, "available_paise": 100}
    monkeypatch.setattr(desk.market, "request", lambda _: refused("insufficient_margin", numbers))
    assert error_of(await desk.send("POST", "/orders/regular", **order_form())) == (
        400, "MarginException",
        "Insufficient funds. Required margin is 12,345.00 but available margin is 1.00.",
    )  # fmt: skip


async def test_w12_too_many_orders_are_429(desk: Desk) -> None:
    for _ in range(10):
        await desk.place()
    answer = await desk.send("POST", "/orders/regular", **order_form())
    assert error_of(answer)[:2] == (429, "NetworkException")
    desk.book()
    desk.book()
    await desk.place()


async def test_w12_what_is_refused_on_arrival_has_an_id_and_is_rejected(desk: Desk) -> None:
    order_id = await desk.place(order_type="SL", trigger_price=99, price=101)
    [order] = await desk.get("/orders")
    assert (order["order_id"], order["status"]) == (order_id, "REJECTED")
    assert order["status_message_raw"] == "trigger_already_met"
    assert "trigger" in order["status_message"]
    assert (order["exchange_order_id"], order["exchange_timestamp"]) == (None, None)


@pytest.mark.parametrize("order_id", ["1", "261118000000009", "x" * 40, "261118990000001"])
async def test_w12_an_order_that_is_not_known_is_an_order_exception(
    order_id: str, desk: Desk
) -> None:
    for answer in (
        await desk.raw("GET", f"/orders/{order_id}"),
        await desk.raw("GET", f"/orders/{order_id}/trades"),
        await desk.send("PUT", f"/orders/regular/{order_id}", quantity=65),
        await desk.send("DELETE", f"/orders/regular/{order_id}"),
    ):
        assert error_of(answer)[:2] == (400, "OrderException")


async def test_w12_an_order_that_is_over_cannot_be_changed(desk: Desk) -> None:
    done = await desk.place(order_type="MARKET", market_protection=-1)
    gone = await desk.place()
    await desk.send("DELETE", f"/orders/regular/{gone}")
    for order_id, reason in ((done, "already_filled"), (gone, "not_open")):
        for method in ("PUT", "DELETE"):
            answer = await desk.send(method, f"/orders/regular/{order_id}", price=99)
            status, kind, text = error_of(answer)
            assert (status, kind) == (400, "OrderException")
            assert text.startswith(reason)


async def test_w12_the_26th_modification_is_an_order_exception(desk: Desk) -> None:
    order_id = await desk.place()
    for count in range(25):
        changed = await desk.send("PUT", f"/orders/regular/{order_id}", price=99 - count % 2)
        assert changed.status == 200
        desk.book()
    answer = await desk.send("PUT", f"/orders/regular/{order_id}", price=98)
    assert error_of(answer)[:2] == (400, "OrderException")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders/amo"), ("POST", "/orders/co"), ("POST", "/orders/auction"),
        ("DELETE", "/orders/co/261118000000001"), ("PUT", "/orders/amo/261118000000001"),
        ("GET", "/mf/orders"), ("POST", "/mf/sips"), ("GET", "/mf/instruments"),
        ("GET", "/alerts"), ("POST", "/alerts"), ("DELETE", "/alerts/1"),
        ("GET", "/instruments/trigger_range/buy"), ("POST", "/session/refresh_token"),
        ("GET", "/portfolio/holdings/auctions"), ("GET", "/kite/mf/holdings"),
    ],
)  # fmt: skip
async def test_w12_what_there_is_not_on_paper_is_refused_in_words(
    method: str, path: str, desk: Desk
) -> None:
    status, kind, text = error_of(await desk.send(method, path, **order_form()))
    assert (status, kind) == (403, "PermissionException")
    assert text.startswith("the paper API has no")
