"""W14: orders of programs have no trade; what they hold counts everywhere and is closed first."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.dates import MINUTE_NS
from daemon.domain.inputs import Command
from daemon.domain.order_requests import ConvertPosition, OrderRequest, PlaceOrder
from daemon.domain.order_results import OrderResult, RefusalKind
from daemon.settings.config import MaxLotsConfig, RiskConfig
from tests.broker.api_market import RequestMarket, opened
from tests.kit.market import CALL, CLOSE, Market
from tests.margin.test_gate import CALL as OPTION
from tests.margin.test_gate import market as margin_market
from tests.margin.test_gate import status

LOSING: dict[str, Any] = {"bids": ((83.95, 650),), "asks": ((84.05, 650),)}


def closes(market: RequestMarket) -> list[tuple[str, str, int, str]]:
    """Return (kind of order, side, quantity, tag) of every close that was sent."""
    return [
        (e.order_type, e.side, e.quantity, e.tag)
        for e in market.untraded()
        if e.is_exit and e.kind == "accepted"
    ]


def test_w14_an_order_of_a_program_makes_no_trade() -> None:
    market = opened()
    market.placed("BUY", 65, tag="mine")
    ledger = market.engine.ledger
    assert not ledger.orders
    assert not ledger.positions
    assert ledger.total_orders == 0
    assert market.held() == {f"{CALL}/NRML": 65}


def test_w14_fills_of_one_symbol_and_product_are_one_net() -> None:
    market = opened()
    market.placed("BUY", 195)
    market.placed("SELL", 65)
    market.placed("SELL", 65, product="MIS")
    assert market.held() == {f"{CALL}/NRML": 130, f"{CALL}/MIS": -65}


def test_w14_the_net_counts_in_open_positions_and_working_orders_do_too() -> None:
    market = opened(risk=RiskConfig(max_open_positions=2))
    market.placed("BUY", 65)
    market.limit(99, product="MIS")
    result = market.order("BUY", 65, product="MIS")
    assert result.refusal is not None
    assert result.refusal.reason == "max_open_positions"
    market.signal("BUY", 65)
    assert market.moves()[-1] == ("REJECTED", "max_open_positions")


def test_w14_lots_of_programs_and_trades_share_a_limit() -> None:
    market = opened(risk=RiskConfig(max_lots=MaxLotsConfig(underlying=2)))
    market.signal("BUY", 65, product="NRML")
    market.placed("BUY", 65)
    result = market.order("BUY", 65)
    assert result.refusal is not None
    assert result.refusal.reason == "max_lots"


@pytest.mark.parametrize("counts", ["realized", "net_open"])
def test_w14_the_days_loss_counts_what_programs_lost(counts: Any) -> None:
    market = opened(risk=RiskConfig(daily_loss_rupees=1_000, daily_loss_counts=counts))
    market.placed("BUY", 65)
    market.book(84, **LOSING)
    if counts == "realized":
        assert market.order("BUY", 65).refusal is None
        market.placed("SELL", 130)
    result = market.order("BUY", 65)
    assert result.refusal is not None
    assert result.refusal.reason == "daily_loss"


def in_margin(capital: float) -> Market:
    return margin_market(capital, fill_mode="bid_ask")


def asked(story: Market, request: OrderRequest) -> OrderResult:
    story._keep(story.engine.handle(Command(ts=story.now, command="order", order=request)))
    return story.engine.engine.account.api.result


def short(quantity: int = 65, product: Any = "NRML") -> PlaceOrder:
    return PlaceOrder(
        tradingsymbol=OPTION, side="SELL", quantity=quantity, product=product,
        order_type="MARKET", market_protection=-1,
    )  # fmt: skip


def test_w14_the_net_blocks_margin_and_a_program_is_refused_for_want_of_it() -> None:
    story = in_margin(200_000)
    assert asked(story, short()).refusal is None
    story.clock(60)
    assert status(story).used_rupees > 100_000
    result = asked(story, short())
    assert result.refusal is not None
    assert (result.refusal.kind, result.refusal.reason) == (
        RefusalKind.MARGIN, "insufficient_margin",
    )  # fmt: skip
    assert int(result.refusal.numbers["required_paise"]) > 0
    asked(story, short(product="MIS"))
    assert list(story.engine.ledger.untraded.positions) == [f"{OPTION}/NRML"]


def test_w14_a_conversion_asks_the_margin_gate_and_blocks_no_more() -> None:
    story = in_margin(300_000)
    asked(story, short(product="MIS"))
    story.clock(60)
    used = status(story).used_rupees
    wanted = ConvertPosition(
        tradingsymbol=OPTION, side="SELL", quantity=65, old_product="MIS", new_product="NRML"
    )
    assert asked(story, wanted).refusal is None
    story.clock(60)
    assert status(story).used_rupees == used
    story.tick(6_000, symbol=OPTION)
    back = ConvertPosition(
        tradingsymbol=OPTION, side="SELL", quantity=65, old_product="NRML", new_product="MIS"
    )
    result = asked(story, back)
    assert result.refusal is not None
    assert result.refusal.kind is RefusalKind.MARGIN


def stop(market: RequestMarket, how: str) -> None:
    """End the day early for one of the reasons."""
    if how == "kill_switch":
        market.command("kill_switch")
    elif how == "square_off":
        market.now = CLOSE - 5 * MINUTE_NS
        market.book()
    else:
        market.book(84, **LOSING, after_s=60)
        market.clock(60)
        market.book(84, **LOSING)


@pytest.mark.parametrize("how", ["kill_switch", "square_off", "daily_loss"])
def test_w14_orders_are_cancelled_first_then_each_net_leaves_by_one_protected_market(
    how: str,
) -> None:
    risk = RiskConfig(
        daily_loss_rupees=1_000, daily_loss_counts="net_open", on_daily_loss="flatten"
    )
    market = opened(risk=risk)
    market.placed("BUY", 195, product="MIS")
    market.placed("SELL", 65, product="MIS")
    resting = [market.limit(79, product="MIS"), market.limit(78, product="MIS")]
    stop(market, how)
    ends = [(e.kind, e.exchange_id in resting) for e in market.untraded()]
    cancels = [at for at, (kind, own) in enumerate(ends) if kind == "cancelled" and own]
    first_close = min(at for at, e in enumerate(market.untraded()) if e.is_exit)
    assert len(cancels) == 2
    assert max(cancels) < first_close
    assert closes(market) == [("MARKET", "SELL", 130, how)]
    (sent,) = [e for e in market.untraded() if e.is_exit and e.kind == "open"]
    assert sent.limit_paise > 0
    assert market.held() == {}


def test_w14_square_off_leaves_what_is_carried() -> None:
    market = opened()
    market.placed("BUY", 65)
    resting = market.limit(90)
    stop(market, "square_off")
    assert market.held() == {f"{CALL}/NRML": 65}
    assert market.told_of(resting)[-1][0] != "cancelled"


def test_w14_the_kill_switch_closes_every_net_of_every_product() -> None:
    market = opened()
    market.placed("BUY", 65)
    market.placed("SELL", 130, product="MIS")
    market.command("kill_switch")
    assert closes(market) == [
        ("MARKET", "BUY", 130, "kill_switch"), ("MARKET", "SELL", 65, "kill_switch"),
    ]  # fmt: skip
    assert market.held() == {}


def test_w14_the_exit_of_a_row_does_the_same_for_it_alone() -> None:
    market = opened()
    market.placed("BUY", 65)
    market.placed("BUY", 65, product="MIS")
    market.leave("MIS")
    assert closes(market) == [("MARKET", "SELL", 65, "manual_exit")]
    assert market.held() == {f"{CALL}/NRML": 65}


def test_w14_a_trade_of_the_same_contract_keeps_its_position() -> None:
    market = opened()
    market.signal("BUY", 65, product="NRML")
    market.placed("BUY", 65)
    market.leave()
    assert market.held() == {}
    assert market.position.quantity == 65
