"""Kite's own figure of what is blocked, recorded as an input (docs/MARGIN.md, "Kite's figure")."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from loguru import logger

from daemon.clockwork.paper_engine import PaperEngine
from daemon.control.requests import Admitted, Requested, RequestQueue
from daemon.domain.events import encode_event
from daemon.domain.held_rows import HeldRow, held_rows
from daemon.domain.inputs import BrokerMargin
from daemon.domain.statistics import MarginStatus
from daemon.errors import DaemonError, FeedError
from daemon.execution.margin_desk import MarginTerms
from daemon.runtime.broker_margins import BrokerMargins
from daemon.settings.config import ExecutionConfig
from feeds.kite.http import BasketRow
from feeds.kite.margins import margin_asker
from feeds.recording.format import HEAD_BYTES, decode_other, encode_input
from tests.kit.kite_api import LOGIN, Reply, kite_api
from tests.kit.market import Market
from tests.margin.portfolios import RULES
from tests.margin.test_gate import CALL, FUTURE, HEDGE, SPOT, UNIVERSE, market, refused, status

ANSWER: dict[str, Any] = {
    "status": "success",
    "data": {
        "initial": {"span": 150_000.5, "exposure": 31_000.25, "total": 181_000.75},
        "final": {"span": 40_000.5, "exposure": 31_000.25, "option_premium": -100.0},
        "orders": [],
    },
}  # fmt: skip


def asking(capital: float = 10_000_000) -> Market:
    """A market of an account whose broker is asked."""
    story = market(capital)
    story.engine = PaperEngine(
        ExecutionConfig(fill_mode="ltp", slippage_bps=0, enable_time_stop=False, charges=False),
        universe=UNIVERSE, rules=RULES,
        margin=MarginTerms(round(capital * 100), RULES.margin_rates, asks_broker=True),
    )  # fmt: skip
    for symbol, price in ((SPOT, 24_000), (FUTURE, 24_100), (CALL, 300), (HEDGE, 200)):
        story.tick(price, symbol=symbol)
    return story


def answer(story: Market, blocked: int) -> None:
    held = held_rows(story.engine.ledger)
    item = BrokerMargin(ts=story.now, held=held, blocked_rupees=blocked)
    kept = decode_other(encode_input(item)[HEAD_BYTES:])
    assert kept == item, "a replay sees the same"
    assert isinstance(kept, BrokerMargin)
    story.events += story.engine.handle(kept)


def test_the_brokers_figure_is_used_while_it_is_of_what_is_held() -> None:
    story = asking()
    story.signal("SELL", 65, symbol=CALL)
    modelled = status(story)
    assert modelled.source == "model"
    answer(story, 123_456)
    assert (status(story).used_rupees, status(story).source) == (123_456, "broker")
    story.signal("SELL", 65, symbol=FUTURE, strategy_id="other")
    assert status(story).source == "model"
    story.signal("EXIT", symbol=FUTURE, strategy_id="other")
    assert status(story).source == "broker"


def test_an_answer_about_other_positions_is_not_used() -> None:
    story = asking()
    story.signal("SELL", 65, symbol=CALL)
    used = status(story).used_rupees
    item = BrokerMargin(ts=story.now, held=((FUTURE, "MIS", 65),), blocked_rupees=1)
    story.engine.handle(item)
    assert (status(story).used_rupees, status(story).source) == (used, "model")


def test_the_gate_adds_an_order_to_the_brokers_figure_and_says_whose_it_is() -> None:
    story = asking(500_000)
    story.signal("SELL", 65, symbol=CALL)
    answer(story, 400_000)
    story.signal("SELL", 65, symbol=FUTURE, strategy_id="other")
    numbers = refused(story)
    assert numbers["margin_of"] == "broker"
    assert numbers["blocked_before_paise"] == 400_000_00
    plain = asking(100_000)
    plain.signal("SELL", 650, symbol=FUTURE)
    assert refused(plain)["margin_of"] == "model"


def test_an_account_that_asks_no_broker_takes_no_figure() -> None:
    story = market(10_000_000)
    story.signal("SELL", 65, symbol=CALL)
    before = status(story)
    answer(story, 1)
    assert status(story) == before
    assert before.source == ""


def test_same_answers_give_the_same_events() -> None:
    def told() -> list[bytes]:
        story = asking(500_000)
        story.signal("SELL", 65, symbol=CALL)
        answer(story, 480_000)
        answer(story, 100_000)
        return [encode_event(event) for event in story.events]

    assert told() == told()
    assert any(b'"margin"' in line for line in told())


def test_the_source_outlives_a_file() -> None:
    kept = MarginStatus(used_rupees=5, peak_rupees=9, free_paise=100, source="broker")
    assert MarginStatus.from_rupees(json.loads(json.dumps(kept.in_rupees()))) == kept
    assert "source" not in MarginStatus().in_rupees()


# Kite


def test_kite_is_asked_for_the_basket_and_places_no_order() -> None:
    reply = Reply(body=json.dumps(ANSWER).encode())
    with kite_api(reply) as api:
        ask = margin_asker(api.url, lambda: LOGIN, UNIVERSE)
        assert ask([(CALL, "NRML", -65), (HEDGE, "MIS", 130)]) == 71_001
    (request,) = api.requests
    assert (request.method, request.path) == ("POST", "/margins/basket")
    assert request.query["consider_positions"] == ["false"]
    rows = json.loads(request.body)
    assert [(r["tradingsymbol"], r["transaction_type"], r["quantity"]) for r in rows] == [
        (CALL, "SELL", 65), (HEDGE, "BUY", 130),
    ]  # fmt: skip
    assert {row["exchange"] for row in rows} == {"NFO"}


@pytest.mark.parametrize(
    "body", [b"{}", b'{"status":"success","data":{"final":{"span":-1,"exposure":0}}}', b"[]"]
)
def test_an_answer_that_is_not_understood_is_a_fault_in_a_line(body: bytes) -> None:
    reply = Reply(body=body)
    row = BasketRow(
        exchange="NFO", tradingsymbol=CALL, transaction_type="SELL", product="NRML", quantity=65
    )
    with kite_api(reply) as api, api.client() as http, pytest.raises(DaemonError) as caught:
        http.basket_margin([row])
    assert "\n" not in str(caught.value)


# the task


async def asked_once(ask: Any, story: Market) -> list[Requested]:
    """Look once, and let the feed's task admit what waits."""
    requests, taken = RequestQueue(wake=lambda: None), list[Requested]()
    margins = BrokerMargins(ask, requests, story.engine.ledger)

    async def publish(item: Requested) -> Admitted:
        taken.append(item)
        return Admitted(1, 0)

    async def feed() -> None:
        while not requests.is_waiting:
            await anyio.lowlevel.checkpoint()
        await requests.admit(story.now, publish)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed)
            await margins.look()
            await margins.look()
            tasks.cancel_scope.cancel()
    return taken


def test_an_answer_becomes_an_input_once_until_what_is_held_changes() -> None:
    story = asking()
    calls: list[tuple[HeldRow, ...]] = []

    def ask(held: tuple[HeldRow, ...]) -> int:
        calls.append(held)
        return 777

    assert anyio.run(asked_once, ask, story) == []
    assert calls == []
    story.signal("SELL", 65, symbol=CALL)
    held = ((CALL, "MIS", -65),)
    assert anyio.run(asked_once, ask, story) == [
        BrokerMargin(ts=story.now, held=held, blocked_rupees=777)
    ]
    assert calls == [held]


def test_a_failure_is_said_once_and_gives_no_input() -> None:
    story = asking()
    story.signal("SELL", 65, symbol=CALL)
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), format="{message}")

    def ask(_: tuple[HeldRow, ...]) -> int:
        raise FeedError("POST x: no answer")

    try:
        assert anyio.run(asked_once, ask, story) == []
    finally:
        logger.remove(sink)
    assert lines == [
        "the broker's margin is not known, the scenario model counts alone: POST x: no answer\n"
    ]
