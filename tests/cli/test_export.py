"""`run_fno_paper export`: the tables of a run agree with its summary, to the paisa."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from daemon.domain.dates import DAY_NS, iso_ist
from daemon.domain.events import Charges, OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.errors import ExitCode
from daemon.export.tables import COLUMNS, table
from daemon.journal.history import History
from daemon.journal.store import JournalMeta, JournalStore
from daemon.metrics.fill_quality import whole_paise
from tests.kit import golden
from tests.kit.cli import SAMPLE, invoke, only_run, summary_of
from tests.kit.report_events import EventScript, at
from tests.kit.sample_events import sample_events

NAMES = ("sample", *golden.RECORDINGS)
Dicts = list[dict[str, Any]]


def of_events(name: str, events: Sequence[TradingEvent]) -> Dicts:
    """The rows of a table of events, by column."""
    made = table(name, History(Ledger(), iter(events), True))
    names = [column.in_paise for column in made.columns]
    return [dict(zip(names, row, strict=True)) for row in made.rows]


def total(rows: Dicts, name: str) -> int:
    return sum(row[name] for row in rows)


@pytest.fixture(scope="module", params=NAMES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export")
    if request.param == "sample":
        return golden.replay(golden.SAMPLE, out).directory
    if reason := golden.missing(request.param):
        pytest.skip(reason)
    return golden.replay(golden.example(request.param), out).directory


def exported_rows(run: Path, name: str, ending: str, to: Path) -> Dicts:
    path = to / f"{name}.{ending}"
    done = invoke("export", run, "--to", path, "--table", name)
    assert done.code == 0, done
    if ending == "parquet":
        rows: Dicts = pq.read_table(path).to_pylist()
    else:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    assert done.out.startswith(f"{path}: ")
    assert done.out.endswith(f" rows of {name}\n")
    return rows


def test_the_totals_are_the_summarys_to_the_paisa(run: Path, tmp_path: Path) -> None:
    summary = summary_of(run)
    trades = exported_rows(run, "trades", "parquet", tmp_path)
    assert len(trades) == len(summary["exits"]) > 0
    assert sum(row["closes"] for row in trades) == summary["trades"]
    days = exported_rows(run, "daily", "parquet", tmp_path)
    for name in ("gross", "charges", "net"):
        wanted = round(Decimal(str(summary[f"{name}_pnl" if name != "charges" else name])) * 100)
        for rows in (trades, days):
            assert total(rows, f"{name}_paise") == wanted, name
    assert days[-1]["net_so_far_paise"] == total(days, "net_paise")
    for name in ("trades", "wins", "losses"):
        assert total(days, name) == summary[name]
    assert total(days, "orders") == summary["total_orders"]
    assert total(days, "fills") == summary["fills"]["total"]
    fills = exported_rows(run, "fills", "parquet", tmp_path)
    assert total(fills, "charges_paise") == total(days, "charges_paise")
    assert total(fills, "gross_paise") == total(days, "gross_paise")
    equity = exported_rows(run, "equity", "parquet", tmp_path)
    assert equity[-1]["closed_net_paise"] == total(days, "net_paise")
    assert [row["time"] for row in equity] == sorted(row["time"] for row in equity)
    assert sum(row["net_with_open_paise"] is None for row in equity) == len(fills)


def test_every_order_is_in_the_table_with_its_refusal(run: Path, tmp_path: Path) -> None:
    summary = summary_of(run)
    orders = exported_rows(run, "orders", "parquet", tmp_path)
    assert len({row["order_id"] for row in orders}) == len(orders) == summary["total_orders"]
    refused = {row["order_id"] for row in orders if row["refusal"]}
    assert refused == {row["order_id"] for row in summary["refused_orders"]}
    for row in orders:
        assert row["states"].startswith("CREATED ")
        assert f"{row['state']} " in row["states"]


@pytest.mark.parametrize("name", COLUMNS)
def test_csv_and_parquet_say_the_same(name: str, run: Path, tmp_path: Path) -> None:
    texts = exported_rows(run, name, "csv", tmp_path)
    exact = exported_rows(run, name, "parquet", tmp_path)
    assert len(texts) == len(exact)
    money = [each.name for each in COLUMNS[name] if each.in_paise != each.name]
    for column in money:
        found = [row[f"{column}_rupees"] for row in texts]
        paise = [None if not text else round(Decimal(text) * 100) for text in found]
        assert paise == [row[f"{column}_paise"] for row in exact]


def test_without_a_table_the_trades_are_written_and_an_old_file_is_replaced(
    tmp_path: Path,
) -> None:
    assert invoke("--config", SAMPLE, "--out", tmp_path).code == 0
    run, path = only_run(tmp_path), tmp_path / "t.xlsx"
    path.write_text("old")
    done = invoke("export", run.name, "--to", path, "--out", tmp_path)
    assert (done.code, done.err) == (0, ""), done
    assert path.read_bytes()[:2] == b"PK"
    assert done.out == f"{path}: {len(summary_of(run)['exits'])} rows of trades\n"


def test_what_cannot_be_exported_is_a_line(tmp_path: Path) -> None:
    assert invoke("--config", SAMPLE, "--out", tmp_path).code == 0
    run = only_run(tmp_path)
    for arguments, says in (
        ((run, "--to", tmp_path / "t.xls"), "expected a name that ends in"),
        ((run, "--to", tmp_path / "t.csv", "--table", "rows"), "expected one of trades, orders"),
        ((run, "--to", tmp_path / "no/t.csv"), "cannot be written (No such file or directory)"),
        (("gone", "--to", tmp_path / "t.csv", "--out", tmp_path), "run 'gone' not found"),
    ):
        done = invoke("export", *arguments)
        assert (done.code, done.out) == (ExitCode.USAGE, ""), done
        assert says in done.complaint
    assert not list(tmp_path.glob("t.*"))


def test_entries_that_are_still_open_are_charged_in_fills_and_days() -> None:
    script = EventScript()
    first = script.enter(at("10:00:00"), "A", "BUY", 75, 10_000, charges=Charges(total="10.333"))
    script.leave(at("10:05:00"), first, 10_100, "take_profit", charges=Charges(total="11.333"))
    script.enter(at("10:10:00"), "B", "SELL", 75, 10_000, charges=Charges(total="5.339"))
    fills, days = of_events("fills", script.events), of_events("daily", script.events)
    trades = of_events("trades", script.events)
    assert total(fills, "charges_paise") == whole_paise(script.ledger.charges) == 2701
    assert total(days, "net_paise") == 7500 - 2701
    assert total(trades, "charges_paise") == 2167
    assert total(trades, "gross_paise") == script.ledger.realized_paise == 7500


def test_an_order_is_listed_once_whether_it_was_archived_or_not() -> None:
    events = sample_events()
    rows = of_events("orders", events)
    created = {event.order_id for event in events}
    assert sorted(row["order_id"] for row in rows) == sorted(created)
    refusals = {
        event.order_id: event.reason
        for event in events
        if isinstance(event, OrderMoved) and event.to_state in ("REJECTED", "CANCELLED")
    }
    assert refusals
    for row in rows:
        reason = refusals.get(row["order_id"])
        assert (row["refusal"] or "").split(" ")[0] == (reason or "")


def test_archived_events_are_exported_from_their_archives(tmp_path: Path) -> None:
    whole = of_events("trades", events := sample_events())
    assert whole
    with JournalStore.create(tmp_path / "a", JournalMeta(run_id="a", account="a")) as store:
        store.append(events, input_no=events[-1].input_no)
    later = iso_ist(events[-1].ts + DAY_NS)[:10]
    assert invoke("journal", "archive", tmp_path / "a", "--before", later).code == 0
    rows = exported_rows(tmp_path / "a", "trades", "parquet", tmp_path)
    assert [row["order_id"] for row in rows] == [row["order_id"] for row in whole]
    for archive in (tmp_path / "a/archive").iterdir():
        archive.unlink()
    done = invoke("export", tmp_path / "a", "--to", tmp_path / "t.csv")
    assert done.code == 0
    assert "are in archives that are not here" in done.err
