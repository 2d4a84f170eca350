"""Decisions of a run find the real orders that followed them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.domain.events import OrderMoved
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState, Side
from daemon.journal.history import History
from daemon.lab import simulate
from daemon.lab.calibrate.decisions import Decision, decisions_of, match
from daemon.lab.calibrate.limits import decided
from daemon.lab.calibrate.real_order import RealOrder
from tests.kit.cli import ROOT
from tests.lab.calibrate.made_up_books import SECOND

T = 1_800_000_000 * SECOND


def decision(at_s: float, side: Side = "BUY", quantity: int = 65) -> Decision:
    return Decision(
        order_id=f"D{at_s}", symbol="X", side=side, quantity=quantity,
        sent_ts=T + round(at_s * SECOND), kind="MARKET",
    )  # fmt: skip


def real(at_s: int, side: Side = "BUY", quantity: int = 65) -> RealOrder:
    return RealOrder(
        where=f"tb.csv:{at_s}", order_id=str(at_s), symbol="X", side=side, quantity=quantity,
        price_paise=10_000, filled_ts=T + at_s * SECOND,
    )  # fmt: skip


def test_an_order_gets_the_time_and_kind_of_its_decision() -> None:
    found = match([real(100)], [decision(100.4)])
    (order,) = found.orders
    assert (order.sent_ts, order.sent_is_exact, order.kind) == (
        T + 100_400_000_000, True, "MARKET",
    )  # fmt: skip
    assert not found.unanswered
    assert not found.omissions


def test_side_and_quantity_must_be_the_same() -> None:
    decisions = [decision(100, "SELL"), decision(100, quantity=130)]
    found = match([real(100)], decisions)
    assert not found.orders
    assert found.unanswered == decisions
    assert [entry.why for entry in found.omissions] == ["no decision of the run fits"]


def test_equal_orders_are_matched_in_their_order() -> None:
    found = match([real(100), real(105)], [decision(99.5), decision(104.5)])
    assert [order.sent_ts for order in found.orders] == [T + 99_500_000_000, T + 104_500_000_000]


@pytest.mark.parametrize(("filled_s", "fits"), [(89, False), (90, True), (130, True), (131, False)])
def test_a_fill_may_be_10_s_early_and_30_s_late(filled_s: int, fits: bool) -> None:
    assert bool(match([real(filled_s)], [decision(100)]).orders) is fits


def test_a_decision_that_nothing_followed_does_not_take_a_later_order() -> None:
    found = match([real(200)], [decision(100), decision(199)])
    assert [order.sent_ts for order in found.orders] == [T + 199 * SECOND]
    assert [each.sent_ts for each in found.unanswered] == [T + 100 * SECOND]


def test_limits_of_a_run_count_by_what_followed() -> None:
    both, only_real, only_paper = (
        replace(decision(at), kind="LIMIT", paper_filled=filled)
        for at, filled in ((1, True), (2, False), (3, True))
    )
    found = decided([both, only_real, decision(4)], [only_paper, decision(5)])
    assert (found.both, found.only_real, found.only_paper, found.neither) == (1, 1, 1, 0)


def test_a_decision_at_a_bars_end_has_not_seen_the_tick_of_that_moment() -> None:
    class BuyAtEachMinute:
        def on_candle(self, candle: Any, view: Any) -> list[OrderIntent]:
            return [OrderIntent(symbol="NIFTY26NOVFUT", signal=Signal.BUY, qty=65)]

    given = {"class": BuyAtEachMinute, "symbols": ["NIFTY26NOVFUT"]}
    short: dict[str, Any] = {"feed.replay.end": "2026-11-18T09:30:00"}
    result = simulate(ROOT / "configs/sample.yaml", [given], **short)
    entries = [
        (event, decision)
        for decision in decisions_of(History(Ledger(), iter(result.events), is_whole=True))
        for event in result.events
        if isinstance(event, OrderMoved)
        and event.order_id == decision.order_id
        and event.to_state is OrderState.FILLED
        and decision.side == "BUY"
    ]
    assert len(entries) > 5
    for event, decision in entries:
        assert event.fill is not None
        assert event.fill.quote_ts <= decision.sent_ts < event.ts
