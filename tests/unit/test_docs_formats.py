"""The tables of formats, states and reasons are those of the program."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from daemon.control.pace import PaceStatus
from daemon.domain.events import ExchangeOrderMoved, QueuePlace, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.order import NEXT_STATES
from daemon.domain.untraded import SETTLED
from daemon.exchange.reports import FillRule, ReportKind
from daemon.export.tables import COLUMNS
from daemon.journal.archive_file import ArchiveHeader
from daemon.journal.base import BASE_TABLES
from daemon.journal.operations import KINDS
from daemon.journal.schema import JournalMeta
from daemon.journal.snapshots import Header
from daemon.journal.store import JournalStore
from daemon.journal.words import EXITS, REFUSALS
from daemon.market.intake import REFUSALS as TICK_REFUSALS
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.quotes.layout import FIELDS
from daemon.report.model import RunFacts
from daemon.report.summary import summarize, summary_dict
from daemon.risk.gates import AFTER_LEVELS, BEFORE_LEVELS, insufficient_margin
from daemon.settings.config import ExecutionConfig
from feeds.files.native_columns import TYPES
from feeds.files.table import _ALIASES, TICK_COLUMNS
from tests.kit.sample_events import sample_events

DOCS = Path(__file__).parents[2] / "docs"
FORMATS = (DOCS / "DATA_FORMATS.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "EXECUTION_ENGINE_V3_GUIDE.md").read_text(encoding="utf-8")
SEMANTICS = (DOCS / "SEMANTICS.md").read_text(encoding="utf-8")
ARCHITECTURE = (DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")
PROFILE = FillProfile.of(ExecutionConfig())


def rows(text: str, marker: str) -> list[list[str]]:
    """The cells of the table after a marker, without its head."""
    after = text.split(marker)[1].lstrip("\n").split("\n\n")[0]
    lines = [line for line in after.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


def keyed(text: str, marker: str) -> dict[str, list[str]]:
    return {names(first)[0]: names(second) for first, second, *_ in rows(text, marker)}


@pytest.mark.parametrize(
    ("marker", "kind"), [("<!-- tables -->", "table"), ("<!-- views -->", "view")]
)
def test_the_journals_columns_are_documented(marker: str, kind: str, tmp_path: Path) -> None:
    meta = JournalMeta(run_id="r", account="a")
    with JournalStore.create(tmp_path, meta) as store:
        named = store.query("SELECT name FROM sqlite_schema WHERE type = ?", (kind,))
        found = {
            row["name"]: [
                column["name"]
                for column in store.query("SELECT name FROM pragma_table_info(?)", (row["name"],))
            ]
            for row in named
        }
    assert keyed(FORMATS, marker) == found


def test_the_tables_of_an_archived_journal_are_documented() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in BASE_TABLES:
            database.execute(statement)
        found = {
            name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
            for name in ("base", "kept")
        }
    assert keyed(FORMATS, "<!-- base tables -->") == found


@pytest.mark.parametrize(
    ("marker", "kind"),
    [("<!-- snapshot header -->", Header), ("<!-- archive header -->", ArchiveHeader)],
)
def test_the_headers_of_the_journals_files_are_documented(marker: str, kind: Any) -> None:
    shown = [name for cells in rows(FORMATS, marker) for name in names(cells[0])]
    assert shown == [field.name for field in msgspec.structs.fields(kind)]


def test_every_kind_of_operation_is_documented() -> None:
    shown = [names(cells[0])[0] for cells in rows(FORMATS, "<!-- operations -->")]
    assert sorted(shown) == sorted(KINDS)


def test_the_exported_events_are_documented() -> None:
    kinds: dict[str, Any] = {
        str(kind.__struct_config__.tag): kind for kind in get_args(TradingEvent)
    }
    found = {
        name: ["event", *(field.name for field in msgspec.structs.fields(kind))]
        for name, kind in kinds.items()
    }
    assert keyed(FORMATS, "<!-- event kinds -->") == found


def test_every_field_of_an_exchange_event_is_documented() -> None:
    shown = [name for cells in rows(FORMATS, "<!-- exchange event -->") for name in names(cells[0])]
    common = ["seq", "ts", "input_no", "due_ts"]
    assert sorted([*shown, *common]) == sorted(ExchangeOrderMoved.__struct_fields__)
    (kinds,) = (c[1] for c in rows(FORMATS, "<!-- exchange event -->") if c[0] == "`kind`")
    assert [name for name in names(kinds) if name != "reason"] == [*get_args(ReportKind), SETTLED]
    (rules,) = (c[1] for c in rows(FORMATS, "<!-- exchange event -->") if c[0] == "`rule`")
    assert names(rules) == [rule for rule in get_args(FillRule) if rule]
    (place,) = (c[1] for c in rows(FORMATS, "<!-- exchange event -->") if c[0] == "`queue`")
    assert set(QueuePlace.__struct_fields__) <= set(names(place))


def test_the_native_columns_are_documented() -> None:
    shown = [names(cells[0])[0] for cells in rows(FORMATS, "<!-- native columns -->")]
    assert sorted(shown) == sorted(TYPES)


def test_the_columns_of_exported_tables_are_documented() -> None:
    table = rows(FORMATS, "<!-- exported tables -->")
    shown = {names(cells[0])[0]: names(cells[2]) for cells in table}
    assert shown == {
        name: [column.in_paise for column in columns] for name, columns in COLUMNS.items()
    }


def test_the_pace_is_documented() -> None:
    section = FORMATS.split("\n## Pace\n")[1].split("\n## ")[0]
    assert {field.name for field in msgspec.structs.fields(PaceStatus)} <= set(names(section))


def test_the_fields_of_a_quote_are_documented() -> None:
    table = rows(FORMATS, "<!-- quote fields -->")
    assert [names(cells[0])[0] for cells in table] == list(FIELDS)


def test_the_recognised_column_names_are_documented() -> None:
    found = {name: list(_ALIASES.get(name, (name,))) for name in TICK_COLUMNS}
    assert keyed(FORMATS, "<!-- tick aliases -->") == found


def test_the_summary_is_documented() -> None:
    summary = summarize((), RunFacts(run_id="r", profile=PROFILE), marks={})
    shown = [name for cells in rows(FORMATS, "<!-- summary -->") for name in names(cells[0])]
    assert sorted(shown) == sorted(summary_dict(summary))


def test_every_field_of_the_metrics_is_documented() -> None:
    snapshot = MetricsCollector(PROFILE).snapshot(now_ts=0)
    table = rows(GUIDE, "<!-- metrics -->")
    run = ["timings", "run_id", "account"]  # the program adds them when it writes the file
    assert [names(cells[0])[0] for cells in table] == [*snapshot, *run]
    meaning = {names(cells[0])[0]: names(cells[1]) for cells in table}
    for name in ("fill_profile", "fills"):
        assert meaning[name] == list(snapshot[name])


def test_the_gates_are_in_the_order_of_the_program() -> None:
    after = SEMANTICS.split("\n## 7. ")[1].split("\n\n| reason |", 1)[1]
    shown = re.findall(r"^\| `(\w+)` \|", after.split("\n\n")[0], re.MULTILINE)
    terms = ["bad_level", "price_step", "bad_validity", "no_protection"]
    terms = ["bad_level", "price_step", "bad_validity", "no_protection"]
    between = ["bad_timeframe", "stop_basis", "no_candles", *terms, "exits_not_managed"]
    gates = [[gate.__name__ for gate in part] for part in (BEFORE_LEVELS, AFTER_LEVELS)]
    assert shown == [*gates[0], *between, *gates[1], insufficient_margin.__name__]


def test_every_field_of_a_position_row_is_documented() -> None:
    collector, ledger = MetricsCollector(PROFILE), Ledger()
    for event in sample_events():
        ledger.apply(event)
        collector.on_committed([event], seq=event.seq, marks={})
        positions = collector.snapshot(now_ts=0)["positions"]
        if positions:
            break
    [cells] = [each for each in rows(GUIDE, "<!-- metrics -->") if each[0] == "`positions`"]
    assert names(cells[1]) == list(positions[0])


def test_the_states_are_those_of_the_table() -> None:
    shown = {(cells[0], cells[1]) for cells in rows(ARCHITECTURE, "<!-- states -->")}
    assert shown == {(str(state), str(to)) for state, all_ in NEXT_STATES.items() for to in all_}


def test_the_exit_reasons_are_those_of_the_program() -> None:
    shown = [names(cells[0])[0] for cells in rows(GUIDE, "<!-- exit reasons -->")]
    assert shown == list(EXITS)


def test_every_refusal_is_in_the_semantics() -> None:
    written = set(re.findall(r"`(\w+)`", SEMANTICS))
    assert set(REFUSALS) <= written
    assert set(TICK_REFUSALS) <= written
