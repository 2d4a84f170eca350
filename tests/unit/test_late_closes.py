"""Closes that were due on an earlier day, and contracts after their expiry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.dates import ist_date, ist_day, ist_ns
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies, Strategies
from daemon.rules import load_rulebook
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.drive import FixedRules
from tests.kit.market import CALL, CLOSE, DATE, OPEN, Market

RULES = load_rulebook()
BEFORE, AFTER = dt.date(2026, 3, 30), dt.date(2026, 4, 1)
"""Two trading days with a holiday between them; the transaction tax rises on the second."""
FUTURE = Instrument(
    instrument_token=1, tradingsymbol="NIFTY26APRFUT", name="NIFTY", segment="NFO-FUT",
    instrument_type="FUT", lot_size=65, tick_paise=10, expiry="2026-04-28",
)  # fmt: skip


class Days:
    """One future under the real rulebook, ticks only: nobody tells the time between them."""

    def __init__(self, strategies: Strategies | None = None, **risk: Any) -> None:
        self.engine = PaperEngine(
            ExecutionConfig(fill_mode="ltp", slippage_bps=0, enable_time_stop=False),
            universe=Universe([FUTURE]),
            rules=RULES,
            risk=RiskConfig(**risk),
            strategies=strategies,
        )
        self.events: list[TradingEvent] = []

    def tick(self, date: dt.date, time: str, ltp: int) -> None:
        block = Ticks(
            ts=np.array([ist_ns(date, dt.time.fromisoformat(time))], dtype=np.int64),
            instrument=np.zeros(1, dtype=np.int32),
            ltp=np.array([ltp * 100], dtype=np.int64),
        )
        self.events += self.engine.handle(block)

    def buy(self) -> OrderMoved:
        """Buy a lot; the last move of it."""
        intent = OrderIntent(
            symbol=FUTURE.tradingsymbol, signal=Signal.BUY, qty=65, strategy_id="story"
        )
        self.events += self.engine.process_signal(intent)
        last = self.events[-1]
        assert isinstance(last, OrderMoved)
        return last

    def closings(self) -> list[OrderMoved]:
        return [e for e in self.events if isinstance(e, OrderMoved) and e.to_state == "CLOSED"]


def over_the_holiday(**risk: Any) -> Days:
    """Bought at 25,000, last seen at 24,900, closed by the first tick of the next trading day."""
    days = Days(**risk)
    days.tick(BEFORE, "15:00:00", 25_000)
    days.buy()
    days.tick(BEFORE, "15:05:00", 24_900)
    days.tick(AFTER, "09:15:01", 24_950)
    return days


def test_a_close_that_was_due_on_a_day_before_is_decided_late_at_the_last_price_of_its_day() -> (
    None
):
    (closed,) = over_the_holiday().closings()
    assert closed.fill is not None
    assert (closed.fill.rule, closed.fill.price_paise) == ("last_quote", 2_490_000)
    assert ist_date(closed.ts) == AFTER
    assert closed.due_ts == ist_ns(BEFORE, dt.time(15, 30))


def test_the_loss_of_a_late_close_is_of_the_day_it_was_due_and_not_of_the_next() -> None:
    days = over_the_holiday(daily_loss_rupees=1000)
    assert days.engine.ledger.realized_paise == -65 * 10_000
    assert days.engine.engine.admission.result_of(ist_day(ist_ns(AFTER, dt.time(9, 15)))) == 0
    assert days.buy().reason == "active"


def test_a_loss_of_the_day_itself_still_stops_it() -> None:
    days = Days(daily_loss_rupees=1000)
    days.tick(BEFORE, "15:00:00", 25_000)
    days.buy()
    days.tick(BEFORE, "15:00:01", 24_900)
    exit_ = OrderIntent(symbol=FUTURE.tradingsymbol, signal=Signal.EXIT, strategy_id="story")
    days.engine.process_signal(exit_)
    assert days.buy().reason == "daily_loss"
    days.tick(AFTER, "09:15:01", 24_900)
    assert days.buy().reason == "active"


def test_a_late_close_is_charged_at_the_rates_of_the_day_it_was_due() -> None:
    (closed,) = over_the_holiday().closings()
    assert closed.fill is not None

    def charged(date: dt.date) -> object:
        return RULES.charges(
            date, FUTURE, transaction_type="SELL", quantity=65, price_paise=2_490_000
        )

    assert closed.fill.charges == charged(BEFORE)
    assert charged(BEFORE) != charged(AFTER)


class BuysEachCandle(NoStrategies):
    """Wants a lot at every closed candle."""

    def __init__(self) -> None:
        super().__init__()
        self.subscriptions = {"1m": frozenset({0})}
        self.seen: list[Candle] = []

    def on_candles(self, candles: Sequence[Candle], desk: object, /) -> list[OrderIntent]:
        self.seen += candles
        return [
            OrderIntent(symbol=each.tradingsymbol, signal=Signal.BUY, qty=65, strategy_id="late")
            for each in candles
        ]


def test_nothing_is_bought_from_the_last_candle_of_a_day_that_is_over() -> None:
    strategies = BuysEachCandle()
    days = Days(strategies)
    days.tick(BEFORE, "15:29:30", 25_000)
    days.tick(AFTER, "09:15:01", 25_100)
    assert [ist_date(each.ts) for each in strategies.seen] == [BEFORE]
    moves = [each for each in days.events if isinstance(each, OrderMoved)]
    assert [(str(each.to_state), each.reason) for each in moves] == [
        ("REJECTED", "market_closed"), ("ARCHIVED", "session_end"),
    ]  # fmt: skip
    days.tick(AFTER, "09:16:00", 25_100)
    assert isinstance(last := days.events[-1], OrderMoved)
    assert last.reason == "active"


# expired contracts


def contract(expiry: str) -> Market:
    market = Market()
    market.engine = PaperEngine(
        market.engine.config,
        universe=Universe([
            Instrument(instrument_token=1, tradingsymbol=CALL, lot_size=25, expiry=expiry)
        ]),
        rules=FixedRules({(DATE, "NFO-OPT"): (OPEN, CLOSE)}),
    )  # fmt: skip
    market.tick(100)
    market.signal("BUY", 25)
    return market


def test_a_contract_is_not_traded_after_its_expiry() -> None:
    last = contract("2026-11-17").events[-1]
    assert isinstance(last, OrderMoved)
    assert (last.to_state, last.reason, last.numbers) == (
        "REJECTED", "expired", {"expiry": "2026-11-17"},
    )  # fmt: skip


@pytest.mark.parametrize("expiry", ["", "2026-11-18", "2026-11-19"])
def test_a_contract_is_traded_up_to_the_day_of_its_expiry(expiry: str) -> None:
    assert contract(expiry).moves()[-1] == ("ACTIVE", "active")
