"""A run that fills in parts has the same totals everywhere, to the paisa."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.booked_fills import BookedFills
from daemon.domain.events import ExchangeOrderMoved, TradingEvent
from daemon.domain.instrument import Instrument
from daemon.domain.ledger import Ledger
from daemon.domain.order import Side
from daemon.export.columns import Row
from daemon.export.tables import COLUMNS, table
from daemon.journal.explain import explain
from daemon.journal.history import History
from daemon.journal.store import JournalMeta, JournalStore
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.equity import EquityFold
from daemon.metrics.fill_quality import FillProfile, whole_paise
from daemon.report.fold import RunFold
from daemon.report.model import RunFacts
from daemon.report.summary import summarize, summary_dict
from daemon.settings.config import ExecutionConfig
from daemon.web.fold.book import Book
from tests.kit.depth_runs import BOOK, depth_run
from tests.kit.market import CALL, DATE
from tests.kit.tiers import at_most

pytestmark = pytest.mark.random

PROFILE = FillProfile.of(ExecutionConfig(fill_mode="depth"))
FACTS = RunFacts(run_id="r", profile=PROFILE)
SEEDS = st.integers(0, 100_000)
PLAYED = settings(deadline=None, max_examples=at_most(40))


def exported(name: str, events: Sequence[TradingEvent]) -> list[dict[str, object]]:
    names = [column.name for column in COLUMNS[name]]
    made: list[Row] = list(table(name, History(Ledger(), iter(events), True)).rows)
    return [dict(zip(names, row, strict=True)) for row in made]


def total(rows: Sequence[dict[str, object]], name: str) -> int:
    return sum(value for row in rows if isinstance(value := row[name], int))


def has_parts(events: Sequence[TradingEvent]) -> bool:
    return any(isinstance(event, ExchangeOrderMoved) and event.fill for event in events)


def is_flat(ledger: Ledger) -> bool:
    return not ledger.positions


@PLAYED
@given(SEEDS)
def test_report_metrics_and_page_have_the_totals_of_the_ledger(seed: int) -> None:
    events, ledger = depth_run(seed)
    gross, charges = ledger.realized_paise, whole_paise(ledger.charges)
    summary = summarize(events, FACTS, marks={})
    shown = summary_dict(summary)
    assert (shown["gross_pnl"], shown["charges"]) == (gross / 100, charges / 100)
    assert sum(row.gross_paise for row in summary.exits) == gross
    left = sum((row.open_charges or Decimal(0) for row in summary.open_rows), Decimal(0))
    assert sum((row.charges for row in summary.exits), Decimal(0)) + left == ledger.charges
    assert shown["fills"]["total"] == ledger.fill_tally.fills
    for groups in (summary.by_strategy, summary.by_symbol, summary.by_reason):
        assert sum(group.gross_paise for group in groups) == gross
        assert sum((group.charges for group in groups), Decimal(0)) == ledger.charges

    collector = MetricsCollector(PROFILE)
    collector.on_committed(events, seq=ledger.seq)
    metrics = collector.snapshot(now_ts=0)
    assert (metrics["gross_pnl"], metrics["net_pnl"]) == (gross / 100, (gross - charges) / 100)
    assert sum(metrics["exchange"]["fills"].values()) <= metrics["fills"]["total"]

    book = Book(RunFold())
    for event in events:
        book.take(event)
    ours, known = (
        msgspec.structs.replace(each, orders={}, closed={}) for each in (book.ledger, ledger)
    )
    assert ours == known  # but for what it forgets of orders that have ended
    assert {o.order_id: o.state for o in book.ledger.orders.values()} == {
        o.order_id: o.state for o in ledger.orders.values()
    }
    days = [each.row() for each in book.days.values()]
    assert total(days, "gross_paise") == gross
    assert total(days, "charges_paise") == charges
    closed = [msgspec.json.decode(row) for row in book.closed_rows(0, len(book.closed))]
    assert total(closed, "gross_paise") == gross

    curve = EquityFold()
    for event in events:
        curve.book(event)
    net = curve.points_at(1, lambda symbol: 10_000)[-1][1]
    open_paise = sum(each.unrealized_paise(10_000) for each in ledger.positions.values())
    assert net == gross - charges + open_paise


@PLAYED
@given(SEEDS)
def test_exported_tables_have_the_totals_of_the_ledger(seed: int) -> None:
    events, ledger = depth_run(seed)
    gross, charges = ledger.realized_paise, whole_paise(ledger.charges)
    fills, daily = exported("fills", events), exported("daily", events)
    for rows in (fills, daily):
        assert (total(rows, "gross"), total(rows, "charges")) == (gross, charges)
    assert len(fills) == total(daily, "fills") == ledger.fill_tally.fills
    trades = exported("trades", events)
    assert total(trades, "gross") == gross
    if is_flat(ledger):
        assert total(trades, "charges") == charges
    orders = exported("exchange_orders", events)
    there = [row for row in fills if row["exchange_id"]]
    assert total(orders, "gross") == total(there, "gross")
    assert total(orders, "fills") == len(there)
    assert total(orders, "filled_quantity") == total(there, "quantity")
    if len(there) == len(fills):
        assert total(orders, "charges") == charges
    by_order: dict[object, int] = {}
    for row in there:
        by_order[row["exchange_id"]] = by_order.get(row["exchange_id"], 0) + total(
            [row], "quantity"
        )
    assert by_order == {r["exchange_id"]: r["filled_quantity"] for r in orders if r["fills"]}
    ids = [row["exchange_id"] for row in orders]
    assert len(set(ids)) == len(ids)


@PLAYED
@given(SEEDS)
def test_f53_the_parts_of_an_exchange_order_are_charged_like_one_fill(seed: int) -> None:
    """Brokerage is min(20, ...) once for each exchange order, and no line depends on its parts."""
    events, _ = depth_run(seed)
    values: dict[str, int] = {}
    paid: dict[str, Decimal] = {}
    sides: dict[str, Side] = {}
    booked = BookedFills()
    for event in events:
        found = booked.take(event)
        if found is not None and found.evidence is not None:
            name, fill = found.evidence.exchange_id, found.fill
            values[name] = values.get(name, 0) + fill.quantity * fill.price_paise
            paid[name] = paid.get(name, Decimal(0)) + Decimal(fill.charges.total)
            sides[name] = fill.transaction_type
    option = Instrument(instrument_token=1, tradingsymbol=CALL, lot_size=65)
    for name, value in values.items():
        whole = BOOK.charges(
            DATE, option, transaction_type=sides[name], quantity=1, price_paise=value
        )
        assert paid[name] == Decimal(whole.total)


@pytest.mark.parametrize("seed", [3, 11, 29])
def test_the_views_and_the_stories_have_the_totals_of_the_ledger(seed: int, tmp_path: Path) -> None:
    events, ledger = depth_run(seed)
    assert has_parts(events)
    with JournalStore.create(tmp_path, JournalMeta(run_id="r", account="a")) as store:
        store.append(events, input_no=events[-1].input_no)
        (sums,) = store.query(
            "SELECT count(*) AS fills, sum(gross) AS gross, sum(charges) AS charges FROM fills"
        )
        assert sums["fills"] == ledger.fill_tally.fills
        assert round(sums["gross"] * 100) == ledger.realized_paise
        assert round(sums["charges"], 4) == pytest.approx(float(ledger.charges), abs=1e-3)
        held = {row["order_id"]: abs(row["quantity"]) for row in store.query(
            "SELECT order_id, quantity FROM positions"
        )}  # fmt: skip
        assert held == {each.order_id: each.quantity for each in ledger.open_positions()}
        told = store.query("SELECT reason, count(*) AS parts FROM fills GROUP BY 1")
        shown = exported("fills", events)
        reasons = [row["reason"] for row in shown]
        assert {row["reason"]: row["parts"] for row in told} == Counter(reasons)
        rows = store.query("SELECT * FROM exchange_orders")
        orders = exported("exchange_orders", events)
        key = "exchange_id"
        assert {row[key]: (row["filled_quantity"], row["status"]) for row in rows} == {
            row[key]: (row["filled_quantity"], row["state"]) for row in orders
        }
        for order_id in {event.order_id for event in events}:
            assert (
                "RESULT" in explain(store, order_id).upper()
                or "SO FAR" in explain(store, order_id).upper()
            )
