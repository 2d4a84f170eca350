"""Entries that rest, and what a modification of one is asked for (docs/MARGIN.md, "The gate")."""

from __future__ import annotations

from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.intent import EntryChange, OrderIntent, Signal
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
