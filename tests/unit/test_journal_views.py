"""The SQL views say what the ledger says, at every point of a session."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.domain.dates import iso_ist
from daemon.domain.ledger import Ledger
from daemon.domain.money import rupees
from daemon.journal.store import JournalMeta, JournalStore
from tests.kit.sample_events import by_input, sample_events

META = JournalMeta(run_id="run-1", account="dev")


def time_of(ts: int) -> str:
    return iso_ist(ts)[:19].replace("T", " ")


def optional(paise: int | None) -> float | None:
    return None if paise is None else rupees(paise)


def test_the_views_equal_the_ledger_after_every_input(tmp_path: Path) -> None:
    ledger = Ledger()
    with JournalStore.create(tmp_path, META) as store:
        for input_no, group in by_input(sample_events(archive=False)):
            store.append(group, input_no=input_no)
            for event in group:
                ledger.apply(event)
            check_orders(store, ledger)
            check_positions(store, ledger)
            check_trades(store, ledger)
            check_fills(store, ledger)


def check_orders(store: JournalStore, ledger: Ledger) -> None:
    rows = store.query("SELECT * FROM orders")
    assert [row["order_id"] for row in rows] == list(ledger.orders)
    for row, order in zip(rows, ledger.orders.values(), strict=True):
        assert row["tradingsymbol"] == order.tradingsymbol
        assert row["transaction_type"] == order.transaction_type
        assert (row["quantity"], row["filled_quantity"]) == (order.quantity, order.filled_quantity)
        assert row["average_price"] == (rupees(order.average_price_paise) or None)
        assert (row["status"], row["status_message"]) == (order.state, order.status_message)
        assert row["order_timestamp"] == time_of(order.created_ts)
        assert row["status_timestamp"] == time_of(order.history[-1].ts)
        assert (row["stop_loss"], row["target"]) == (
            optional(order.sl_paise),
            optional(order.tp_paise),
        )
        assert (row["product"], row["strategy_id"]) == (order.product, order.strategy_id)
        assert row["archived"] == 0


def check_positions(store: JournalStore, ledger: Ledger) -> None:
    rows = store.query("SELECT * FROM positions")
    positions = ledger.open_positions()
    assert [row["order_id"] for row in rows] == [each.order_id for each in positions]
    for row, position in zip(rows, positions, strict=True):
        assert row["quantity"] == position.sign * position.quantity
        assert row["average_price"] == rupees(position.entry_paise)
        assert (row["stop_loss"], row["target"]) == (
            optional(position.stop_paise),
            optional(position.target_paise),
        )
        assert row["realised"] == rupees(position.realized_paise)
        assert Decimal(str(row["charges"])) == position.charges
        assert row["entry_timestamp"] == time_of(position.entry_ts)
        assert row["status"] == ledger.orders[position.order_id].state


def check_trades(store: JournalStore, ledger: Ledger) -> None:
    rows = {row["order_id"]: row for row in store.query("SELECT * FROM trades")}
    assert rows.keys() == ledger.closed.keys()
    for order_id, position in ledger.closed.items():
        row = rows[order_id]
        assert row["quantity"] == position.opened_quantity
        assert row["entry_price"] == rupees(position.entry_paise)
        assert row["exit_timestamp"] == time_of(position.closed_ts)
        assert (row["exit_reason"], row["exit_fills"]) == (
            position.exit_reason,
            position.exit_fills,
        )
        gross = position.sign * (row["exit_price"] - row["entry_price"]) * row["quantity"]
        assert row["gross"] == rupees(position.realized_paise) == pytest.approx(gross)
        assert Decimal(str(row["charges"])) == position.charges
        assert row["net"] == pytest.approx(row["gross"] - row["charges"])


def check_fills(store: JournalStore, ledger: Ledger) -> None:
    rows = store.query("SELECT * FROM fills")
    assert len(rows) == ledger.fill_tally.fills
    for name in ("stale", "walked", "after_gap"):
        assert sum(row[name] for row in rows) == getattr(ledger.fill_tally, name)
    assert sum(row["quote_age_ms"] > 1000 for row in rows) == ledger.fill_tally.quote_older_than_1s
    signed = (row["quantity"] * (1 if row["transaction_type"] == "BUY" else -1) for row in rows)
    held = sum(each.sign * each.quantity for each in ledger.open_positions())
    assert sum(signed) == held


def test_an_archived_order_keeps_its_result(tmp_path: Path) -> None:
    events = sample_events()
    with JournalStore.create(tmp_path, META) as store:
        store.append(events, input_no=events[-1].input_no)
        rows = store.query("SELECT status, status_message, archived FROM orders")
        assert [tuple(row.values()) for row in rows] == [
            ("CLOSED", "take_profit", 1),
            ("REJECTED", "lot_size", 1),
            ("CLOSED", "time_stop", 1),
            ("REJECTED", "no_price", 1),
            ("CANCELLED", "square_off", 1),
            ("ACTIVE", "active", 0),
        ]


def test_the_evidence_of_a_fill_is_in_rupees(tmp_path: Path) -> None:
    events = sample_events()
    with JournalStore.create(tmp_path, META) as store:
        store.append(events, input_no=events[-1].input_no)
        row = store.query("SELECT * FROM fills WHERE stale = 1")[0]
    expected = {
        "tradingsymbol": "BANKNIFTY26NOVFUT",
        "kind": "exit",
        "average_price": 50002.0,
        "slippage": 0.495,
        "bid": 50001.95,
        "ask": 50002.05,
        "quote_age_ms": 7000.0,
        "bid_ask_price": 50002.05,
        "gross": -40.0,
        "charges": 23.6,
        "rule": "mid",
    }
    assert {key: row[key] for key in expected} == expected


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="needs the sqlite3 shell")
def test_the_sqlite3_shell_can_read_the_views(tmp_path: Path) -> None:
    events = sample_events()
    with JournalStore.create(tmp_path, META) as store:
        store.append(events, input_no=events[-1].input_no)
        command = ["sqlite3", "-readonly", str(tmp_path / "journal.db")]
        query = "SELECT order_id, gross, net FROM trades"
        done = subprocess.run([*command, query], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "V3-20261118-000001|235.0|164.2",
        "V3-20261118-000003|-40.0|-87.2",
    ]
