"""What orders without a trade hold and made is told, apart from trades, and in the account's sums.

One session has both: a trade that is closed, a position without one that is closed in part, and a
second product of the same contract.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain import account_totals
from daemon.domain.ledger import Ledger
from daemon.export.tables import table
from daemon.journal.history import History
from daemon.journal.store import JournalMeta, JournalStore
from daemon.metrics.collector import MetricsCollector, changes_position
from daemon.metrics.fill_quality import FillProfile, whole_paise
from daemon.metrics.untraded import UntradedResult
from daemon.report.html import ReportData, render_page
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary, summarize, summary_dict
from daemon.report.tables import money_text
from daemon.report.terminal import summary_text
from daemon.rules import load_rulebook
from daemon.settings.config import ExecutionConfig
from tests.broker.test_untraded_risk import ApiMarket
from tests.kit.market import CALL

PROFILE = FillProfile(mode="depth", slippage_bps=0, latency_ms=0)
FACTS = RunFacts(run_id="run-1", profile=PROFILE)
MARKS = {CALL: 101_00}


@pytest.fixture(scope="module")
def session() -> ApiMarket:
    market = ApiMarket()
    config = ExecutionConfig(fill_mode="depth", enable_partial_exit=False, enable_time_stop=False)
    universe = market.engine.universe
    market.engine = PaperEngine(config, universe=universe, rules=load_rulebook())
    market.book()
    market.signal("BUY", 65)
    market.send("BUY", 195)
    market.send("SELL", 65, product="MIS")
    market.depth_tick(110, bids=((109.95, 650),), asks=((110.05, 650),))
    market.send("SELL", 130)
    market.signal("EXIT")
    market.depth_tick(110, bids=((109.95, 650),), asks=((110.05, 650),))
    assert market.held() == {f"{CALL}/NRML": 65, f"{CALL}/MIS": -65}
    assert not market.engine.ledger.positions
    assert market.engine.ledger.untraded.charges > 0
    return market


@pytest.fixture(scope="module")
def summary(session: ApiMarket) -> RunSummary:
    return summarize(session.events, FACTS, marks=MARKS)


def test_the_rows_are_those_of_the_ledger_at_the_last_prices(session: ApiMarket) -> None:
    found = UntradedResult.of(session.engine.ledger.untraded, MARKS)
    assert [(row.key, row.quantity, row.average_paise, row.ltp_paise) for row in found.rows] == [
        (f"{CALL}/MIS", -65, 99_95, 101_00),
        (f"{CALL}/NRML", 65, 100_05, 101_00),
    ]
    assert [row.unrealized_paise for row in found.rows] == [-65 * 1_05, 65 * 95]
    assert found.realized_paise == 130 * (109_95 - 100_05)
    assert found.net_paise == found.realized_paise - whole_paise(found.charges)
    assert found.unrealized_paise == -65 * 10


def test_without_a_price_a_result_is_not_known(session: ApiMarket) -> None:
    found = UntradedResult.of(session.engine.ledger.untraded, {})
    assert found.unrealized_paise is None
    assert found.in_rupees()["unrealized_pnl"] is None
    assert UntradedResult().is_empty
    assert not found.is_empty


def test_figures_of_trades_stay_theirs_and_the_accounts_have_both(
    session: ApiMarket, summary: RunSummary
) -> None:
    ledger, told = session.engine.ledger, summary_dict(summary)
    assert told["gross_pnl"] == ledger.realized_paise / 100
    assert told["trades"] == 1
    assert told["unrealized_pnl"] == 0
    assert told["untraded"]["realized_pnl"] == ledger.untraded.realized_paise / 100
    assert [row["quantity"] for row in told["untraded"]["positions"]] == [-65, 65]
    net = account_totals.realized_paise(ledger) - whole_paise(account_totals.charges(ledger))
    assert summary.account_net_paise == net
    assert told["account_net_pnl"] == net / 100
    assert told["account_net_pnl_with_open"] == (net - 65 * 10) / 100


def test_metrics_and_summary_say_the_same(session: ApiMarket, summary: RunSummary) -> None:
    collector = MetricsCollector(PROFILE)
    collector.on_committed(session.events, seq=session.events[-1].seq, marks=MARKS)
    shown = collector.snapshot(now_ts=session.now)["untraded"]
    assert shown == summary_dict(summary)["untraded"]


def test_a_fill_without_a_trade_is_shown_at_once(session: ApiMarket) -> None:
    fills = [e for e in session.events if not e.order_id and getattr(e, "fill", None)]
    assert fills
    assert all(changes_position(event) for event in fills)


def test_contract_notes_have_the_charges_of_all_orders(
    session: ApiMarket, summary: RunSummary
) -> None:
    exact = account_totals.charges(session.engine.ledger)
    assert abs(summary.contract_notes_total - exact) < Decimal(1)


def test_the_text_says_them_apart(summary: RunSummary) -> None:
    text = summary_text(summary)
    assert "OPEN POSITIONS WITHOUT A TRADE" in text
    assert "net without a trade" in text
    assert "net of the account with open" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_report_has_a_card_of_them(summary: RunSummary) -> None:
    page = render_page(ReportData(summary=summary))
    assert '<section class="card" id="untraded"><h2>Without a trade</h2>' in page
    assert f"{money_text(summary.account_net_paise)} with what is of no trade" in page
    without = summarize([], FACTS, marks={})
    assert 'id="untraded"' not in render_page(ReportData(summary=without))
    assert "WITHOUT A TRADE" not in summary_text(without)


def exported(name: str, market: ApiMarket) -> list[dict[str, object]]:
    found = table(name, History(ledger=Ledger(), events=iter(market.events), is_whole=True))
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def test_exported_fills_have_those_without_a_trade(session: ApiMarket) -> None:
    rows = exported("fills", session)
    others = [row for row in rows if row["order_id"] is None]
    assert [(row["side"], row["quantity"], row["gross"], row["reason"]) for row in others] == [
        ("BUY", 195, 0, "api"),
        ("SELL", 65, 0, "api"),
        ("SELL", 130, 130 * (109_95 - 100_05), "api"),
    ]
    assert {(row["strategy"], row["is_entry"], row["symbol"]) for row in others} == {
        ("api", None, CALL)
    }
    assert all(row["exchange_id"] and row["rule"] for row in others)
    ledger = session.engine.ledger
    assert _sum(rows, "gross") == account_totals.realized_paise(ledger)
    assert _sum(rows, "charges") == whole_paise(account_totals.charges(ledger))


def test_exported_tables_agree_on_the_account(session: ApiMarket, summary: RunSummary) -> None:
    orders, daily = exported("exchange_orders", session), exported("daily", session)
    ledger = session.engine.ledger
    for rows in (orders, daily):
        assert _sum(rows, "gross") == account_totals.realized_paise(ledger)
        assert _sum(rows, "charges") == whole_paise(account_totals.charges(ledger))
    assert daily[-1]["net_so_far"] == summary.account_net_paise
    assert exported("equity", session)[-1]["closed_net"] == summary.account_net_paise
    others = [row for row in orders if row["order_id"] is None]
    assert [(row["state"], row["filled_quantity"], row["fills"]) for row in others] == [
        ("COMPLETE", 195, 1),
        ("COMPLETE", 65, 1),
        ("COMPLETE", 130, 1),
    ]
    assert {(row["symbol"], row["strategy"]) for row in others} == {(CALL, "api")}


def test_the_views_of_a_journal_have_orders_without_a_trade(
    session: ApiMarket, tmp_path: Path
) -> None:
    with JournalStore.create(tmp_path, JournalMeta(run_id="run-1", account="dev")) as store:
        store.append(session.events, input_no=session.events[-1].input_no)
        fills = store.query("SELECT * FROM fills WHERE order_id IS NULL")
        orders = store.query("SELECT * FROM exchange_orders WHERE order_id IS NULL")
        trades, positions = (
            store.query("SELECT * FROM trades"),
            store.query("SELECT * FROM positions"),
        )
    assert [(row["transaction_type"], row["quantity"], row["reason"]) for row in fills] == [
        ("BUY", 195, "api"), ("SELL", 65, "api"), ("SELL", 130, "api"),
    ]  # fmt: skip
    assert {(row["tradingsymbol"], row["kind"], row["gross"]) for row in fills} == {
        (CALL, None, None)
    }
    assert [(row["tradingsymbol"], row["status"]) for row in orders] == [(CALL, "COMPLETE")] * 3
    assert (len(trades), len(positions)) == (1, 0)


def _sum(rows: list[dict[str, object]], name: str) -> int:
    return sum(value for row in rows if isinstance(value := row[name], int))
