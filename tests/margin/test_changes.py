"""Entries that rest, and what a modification of one is asked for (docs/MARGIN.md, "The gate")."""

from __future__ import annotations

from typing import Any

from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.intent import EntryChange, OrderIntent, Signal
from daemon.settings.config import LatencyConfig, MaxLotsConfig, RiskConfig
from tests.kit.market import Market
from tests.margin.test_gate import HEDGE, market


def resting(capital: float) -> Market:
    """Return a market in which a bid of 150 for a call at 200 rests."""
    made = market(capital)
    made.engine.engine.process_signal(
        OrderIntent(
            signal=Signal.BUY, symbol=HEDGE, qty=65, tag="t", order_type="LIMIT", price=150.0
        )
    )
    return made


def refusals(made: Market) -> list[str]:
    return [
        event.reason
        for event in made.clock(0.5)
        if isinstance(event, ExchangeOrderMoved) and event.kind == "modify_refused"
    ]


def test_a_resting_bid_keeps_its_premium_at_its_limit() -> None:
    made = resting(20_000)
    status = made.engine.engine.account.margin_status
    assert status is not None
    assert status.free_paise == 20_000_00 - 65 * 150_00


def test_units_that_are_added_are_asked_for() -> None:
    made = resting(20_000)
    change = made.engine.engine.change_entry
    assert change(EntryChange(tag="t", qty=195)) == "insufficient_margin"
    assert change(EntryChange(tag="t", qty=130)) == ""
    assert refusals(made) == ["insufficient_margin"]


def test_an_entry_does_not_grow_while_the_account_reduces() -> None:
    made = resting(100_000)
    made.command("risk_reducing")
    assert made.engine.engine.change_entry(EntryChange(tag="t", qty=130)) == "reducing"
    assert made.engine.engine.change_entry(EntryChange(tag="t", price=149.0)) == ""


def slow(capital: float, **risk: Any) -> Market:
    """Return the same with modifications that take a second to arrive."""
    made = market(capital, latency=LatencyConfig(modify_ms=1_000))
    made.engine.engine.admission.change_risk(RiskConfig(**risk))
    made.engine.engine.process_signal(
        OrderIntent(
            signal=Signal.BUY, symbol=HEDGE, qty=65, tag="t", order_type="LIMIT", price=150.0
        )
    )
    return made


def other(made: Market) -> str:
    """Return the reason that another entry of the same is refused for, empty if it is not."""
    made.signal("BUY", 65, symbol=HEDGE, order_type="LIMIT", price=150.0)
    state, reason = made.moves()[-1]
    return reason if state == "REJECTED" else ""


def test_units_on_their_way_keep_their_premium_and_give_it_back_when_refused() -> None:
    made = slow(29_000)
    change = made.engine.engine.change_entry
    assert change(EntryChange(tag="t", qty=130)) == ""
    assert change(EntryChange(tag="t", qty=260)) == "insufficient_margin"
    assert other(made) == "insufficient_margin"
    assert change(EntryChange(tag="t", qty=65)) == ""
    made.clock(2)
    made.tick(200, symbol=HEDGE)
    assert other(made) == ""


def test_a_higher_limit_asks_for_its_premium_and_a_lower_one_for_nothing() -> None:
    made = slow(10_500)
    change = made.engine.engine.change_entry
    assert change(EntryChange(tag="t", price=170.0)) == "insufficient_margin"
    assert change(EntryChange(tag="t", price=155.0)) == ""
    assert change(EntryChange(tag="t", price=100.0)) == ""
    made.clock(2)
    made.tick(200, symbol=HEDGE)
    made.engine.engine.account.minute_passed(None)
    status = made.engine.engine.account.margin_status
    assert status is not None
    assert status.free_paise == 10_500_00 - 65 * 100_00


def test_units_on_their_way_count_for_the_limits() -> None:
    made = slow(1_000_000, max_lots=MaxLotsConfig(underlying=3))
    change = made.engine.engine.change_entry
    assert change(EntryChange(tag="t", qty=195)) == ""
    assert other(made) == "max_lots"
    assert change(EntryChange(tag="t", qty=260)) == "max_lots"
    made.clock(2)
    made.tick(200, symbol=HEDGE)
    assert made.engine.ledger.orders["V3-20261118-000001"].quantity == 195
    assert other(made) == "max_lots"
