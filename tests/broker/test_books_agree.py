"""Positions, trades and cash agree with the ledger to the paisa after every event."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from msgspec import structs

from daemon.domain.events import ExchangeOrderMoved, TradingEvent
from daemon.domain.instrument import Universe
from tests.broker.audited import Audit
from tests.exchange.depth_market import DepthMarket
from tests.kit.drive import run_engine
from tests.kit.market import CALL, PUT
from tests.kit.scenario import random_scenario
from tests.kit.tiers import seeds

pytestmark = pytest.mark.random
OF_LOT = 65


def audited(universe: Universe, events: list[TradingEvent]) -> Audit:
    audit = Audit(universe)
    for event in events:
        audit.take(event)
    return audit


@pytest.mark.parametrize("mode", ["mid", "bid_ask", "depth"])
@pytest.mark.parametrize("seed", seeds(30))
def test_books_agree_with_the_ledger_after_every_event(seed: int, mode: str) -> None:
    scenario = random_scenario(seed)
    execution = structs.replace(scenario.execution, fill_mode=mode)
    events, ledger = run_engine(dataclasses.replace(scenario, execution=execution))
    assert audited(Universe(scenario.instruments), events).ledger == ledger


def random_side(rng: random.Random, ltp: int, step: int) -> tuple[tuple[float, int], ...]:
    """Return up to five levels away from the last price, some of them thin."""
    prices = [ltp + step * 5 * (n + rng.choice((0, 1))) for n in range(rng.choice((1, 3, 5, 5)))]
    return tuple(
        (p / 100, OF_LOT * rng.randint(1, 12)) for p in sorted(set(prices), reverse=step < 0)
    )


def random_session(seed: int) -> DepthMarket:
    """Return a market in which trades were opened and closed against thin books."""
    rng = random.Random(seed)
    market = DepthMarket(
        market_rest=rng.choice(("rest", "cancel")),
        latency_ms=rng.choice((0, 0, 700)),
        partial_exit_pct=rng.choice((0.3, 0.5)),
        escalate_after_ms=rng.choice((0, 3000)),
    )
    ltp = {CALL: 10_000, PUT: 8_000}
    for _ in range(rng.randint(40, 150)):
        symbol = rng.choice((CALL, PUT))
        ltp[symbol] = max(100, ltp[symbol] + 5 * rng.randint(-25, 25))
        market.depth_tick(
            ltp[symbol] / 100,
            bids=random_side(rng, ltp[symbol] - 5, -1),
            asks=random_side(rng, ltp[symbol] + 5, 1),
            growth=OF_LOT * rng.randint(0, 20),
            symbol=symbol,
            after_s=rng.choice((0.3, 1, 1, 4)),
        )
        if rng.random() < 0.25:
            act(rng, market, symbol, ltp[symbol])
    return market


def act(rng: random.Random, market: DepthMarket, symbol: str, ltp: int) -> None:
    """Send an intent, or close what a strategy has."""
    side = rng.choice(("BUY", "SELL", "EXIT"))
    levels: dict[str, Any] = {}
    if side != "EXIT":
        sign = 1 if side == "BUY" else -1
        levels = {"sl": (ltp - sign * 200) / 100, "tp": (ltp + sign * 300) / 100}
    quantity = 0 if side == "EXIT" else OF_LOT * rng.randint(1, 30)
    market.signal(side, quantity, symbol=symbol, product=rng.choice(("MIS", "NRML")), **levels)


@pytest.mark.parametrize("seed", seeds(40))
def test_books_agree_where_orders_fill_in_parts(seed: int) -> None:
    market = random_session(seed)
    audit = audited(market.engine.universe, market.events)
    assert audit.ledger == market.engine.ledger
    assert audit.executions == len(market.fills())
    assert {order.exchange_id for order in audit.books.orders.all() if not order.is_derived} == {
        event.exchange_id
        for event in market.events
        if isinstance(event, ExchangeOrderMoved) and event.kind == "accepted"
    }


def test_random_sessions_fill_in_parts_and_cancel_rests() -> None:
    kinds = {kind for seed in range(20) for kind, _ in random_session(seed).exchange_kinds()}
    assert {"filled", "cancelled", "open", "accepted"} <= kinds
