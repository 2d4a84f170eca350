"""Trades and orders without a trade in one account: the books hold both, the ledger one."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.broker.executions import Execution
from daemon.broker.positions import Mark
from daemon.domain.events import TradingEvent, decode_event, encode_event
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.ledger import Ledger
from daemon.domain.order import Side
from tests.broker.test_books_agree import OF_LOT, act, random_side
from tests.broker.test_gtt import GttMarket
from tests.kit.market import CALL, PUT
from tests.kit.tiers import seeds

pytestmark = pytest.mark.random
CAPITAL = 50_000_000_00


def random_gtt(rng: random.Random, symbol: str, ltp: int) -> GttTerms:
    sides: tuple[Side, ...] = ("BUY", "SELL")
    below, above = (max(5, ltp + 5 * n * rng.randint(1, 30)) for n in (-1, 1))
    legs = tuple(
        GttLeg(
            side=rng.choice(sides),
            quantity=OF_LOT * rng.randint(1, 5),
            price_paise=max(5, level + 5 * rng.randint(-30, 30)),
            product="NRML",
        )
        for level in (below, above)
    )
    if rng.random() < 0.5:
        return GttTerms(tradingsymbol=symbol, triggers=(below,), legs=legs[:1], last_paise=ltp)
    return GttTerms(tradingsymbol=symbol, triggers=(below, above), legs=legs, last_paise=ltp)


def session(seed: int) -> GttMarket:
    rng = random.Random(seed)
    market = GttMarket(latency_ms=rng.choice((0, 700)))
    ltp = {CALL: 10_000, PUT: 8_000}
    for _ in range(rng.randint(60, 120)):
        symbol = rng.choice((CALL, PUT))
        ltp[symbol] = max(100, ltp[symbol] + 5 * rng.randint(-40, 40))
        market.depth_tick(
            ltp[symbol] / 100,
            bids=random_side(rng, ltp[symbol] - 5, -1),
            asks=random_side(rng, ltp[symbol] + 5, 1),
            growth=OF_LOT * rng.randint(0, 20),
            symbol=symbol,
        )
        if rng.random() < 0.2:
            act(rng, market, symbol, ltp[symbol])
        if rng.random() < 0.2:
            market.place(random_gtt(rng, symbol, ltp[symbol]))
    return market


class Agreement:
    """Books and ledger folded side by side; what must agree after every event."""

    def __init__(self, market: GttMarket) -> None:
        self.books = AccountBooks(market.engine.universe, CAPITAL)
        self.ledger = Ledger()
        self.flow = 0
        self.executed: list[Execution] = []
        self.marks = {CALL: Mark(last_paise=9_990), PUT: Mark(last_paise=8_015)}

    def take(self, event: TradingEvent) -> None:
        """Fold an event and compare positions, trades and cash."""
        execution = self.books.apply(event)
        self.ledger.apply(event)
        if execution is not None:
            self.executed.append(execution)
            self.flow -= execution.sign * execution.value_paise
        self._compare_money()
        self._compare_quantities()

    def _compare_money(self) -> None:
        ledger, untraded, books = self.ledger, self.ledger.untraded, self.books
        assert self.flow == ledger.cash_paise + untraded.cash_paise
        assert books.cash.charges == ledger.charges + untraded.charges
        result = ledger.realized_paise + untraded.realized_paise
        result += sum(
            each.unrealized_paise(self.marks[each.tradingsymbol].last_paise)
            for each in ledger.positions.values()
        )
        result += sum(
            each.cost.result_paise(self.marks[each.tradingsymbol].last_paise)
            for each in untraded.positions.values()
        )
        assert sum(row.pnl_paise for row in books.positions.net(self.marks)) == result
        funds = books.funds(self.marks)
        assert books.cash.cash_paise + int(funds.m2m_unrealised * 100) == CAPITAL + result
        assert funds.net == books.cash.cash

    def _compare_quantities(self) -> None:
        held = defaultdict[tuple[str, str], int](int)
        for trade in self.ledger.positions.values():
            held[trade.tradingsymbol, trade.product] += trade.sign * trade.quantity
        for each in self.ledger.untraded.positions.values():
            assert each.quantity
            held[each.tradingsymbol, each.product] += each.quantity
        for row in self.books.positions.net(self.marks):
            key = (row.tradingsymbol, row.product)
            assert row.quantity == held.pop(key, 0), key
        assert not any(held.values())


def agreed(market: GttMarket) -> Agreement:
    agreement = Agreement(market)
    for event in market.events:
        agreement.take(decode_event(encode_event(event)))
    assert agreement.ledger == market.engine.ledger
    return agreement


@pytest.mark.parametrize("seed", seeds(25))
def test_positions_trades_and_cash_agree_with_the_ledger_at_every_event(seed: int) -> None:
    agreement = agreed(session(seed))
    assert len(agreement.books.trades) == len(agreement.executed)


@pytest.mark.parametrize("command", ["kill_switch", "risk_halted"])
@pytest.mark.parametrize("seed", seeds(10))
def test_a_command_leaves_what_it_says_and_the_books_agree(seed: int, command: str) -> None:
    market = session(seed)
    market.command(command)
    for step in range(40):
        for symbol, ltp in ((CALL, 10_000), (PUT, 8_000)):
            at = ltp + 5 * (step % 2)
            market.depth_tick(
                at / 100, bids=(((at - 5) / 100, 5_000),), asks=(((at + 5) / 100, 5_000),),
                symbol=symbol, after_s=2,
            )  # fmt: skip
    ledger = agreed(market).ledger
    assert not list(market.engine.engine.admission.untraded.working())
    if command != "risk_halted":
        assert ledger.untraded.positions == {}


def test_the_sessions_fire_gtts_whose_orders_fill() -> None:
    fired = [event for seed in range(10) for event in session(seed).told()]
    assert sum(kind == "triggered" for kind, _, _ in fired) > 20
