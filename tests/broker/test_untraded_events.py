"""Everything that follows a journal passes over what belongs to no trade, and shows the trades."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from daemon.domain.events import ExchangeOrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.metrics.collector import MetricsCollector, changes_position
from daemon.metrics.equity import EquityFold
from daemon.metrics.fill_quality import FillProfile
from daemon.process.facts import FactLog
from daemon.report.fold import RunFold
from daemon.web.fold.book import Book
from tests.broker.test_gtt import GttMarket, terms
from tests.kit.market import CALL


@pytest.fixture
def events() -> Sequence[TradingEvent]:
    """A trade that was opened and closed, and a GTT whose order filled in between."""
    market = GttMarket()
    market.depth_tick(100)
    market.signal("BUY", 65)
    market.place(terms((95, 94.50)))
    market.depth_tick(95, bids=((94.90, 195),), asks=((95.10, 65),))
    market.command("risk_reducing")
    market.signal("EXIT")
    market.depth_tick(96, bids=((95.90, 195),), asks=((96.10, 65),))
    filled = [
        e for e in market.events if isinstance(e, ExchangeOrderMoved) and e.fill and not e.order_id
    ]
    assert len(filled) == 1
    return market.events


def test_a_ledger_counts_the_trades_alone(events: Sequence[TradingEvent]) -> None:
    ledger = Ledger()
    for event in events:
        ledger.apply(event)
    assert ledger.fill_tally.fills == 2
    assert ledger.realized_paise == ledger.cash_paise < 0


def test_the_report_and_the_page_show_the_trade(events: Sequence[TradingEvent]) -> None:
    book = Book(RunFold())
    for event in events:
        book.take(event)
    assert len(book.closed) == 1
    assert book.seq == len(events)


def test_equity_is_that_of_the_account(events: Sequence[TradingEvent]) -> None:
    fold, ledger = EquityFold(), Ledger()
    for event in events:
        fold.book(event)
        ledger.apply(event)
    fold.close_minute(events[-1].ts, lambda symbol: 0)
    assert [net for _, net in fold.points_at(events[-1].ts, lambda symbol: 0)][-1] == (
        ledger.realized_paise + 65 * (94_90 - 95_00)  # sold at the bid, at the last price 95
    )
    assert ledger.untraded.cash_paise == 65 * 94_90


def test_metrics_show_it_apart(events: Sequence[TradingEvent]) -> None:
    collector = MetricsCollector(FillProfile(mode="depth", slippage_bps=0, latency_ms=0))
    collector.on_committed(events, seq=len(events), marks={CALL: 96_00})
    shown = collector.snapshot(now_ts=events[-1].ts)
    unrealized = round(65 * (94.90 - 96), 2)
    assert shown["untraded"] == {
        "positions": [
            {
                "tradingsymbol": CALL, "product": "NRML", "quantity": -65, "average_price": 94.90,
                "last_price": 96.0, "unrealized_pnl": unrealized, "closing": "",
            }
        ],
        "realized_pnl": 0.0, "charges": 0.0, "net_pnl": 0.0, "unrealized_pnl": unrealized,
    }  # fmt: skip


def test_facts_pass_over_it_and_metrics_show_its_fills_at_once(
    events: Sequence[TradingEvent],
) -> None:
    FactLog(Ledger()).log(events)
    others = [event for event in events if changes_position(event) and not event.order_id]
    assert others
    assert all(isinstance(event, ExchangeOrderMoved) and event.fill for event in others)
