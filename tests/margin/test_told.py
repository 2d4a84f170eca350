"""Where margins are told: log, tape, page, report, metrics and summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from loguru import logger
from msgspec import structs

from daemon.domain.events import MarginMoved, RiskMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.statistics import MarginStatus
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.process.facts import FactLog
from daemon.process.logs import start_logging
from daemon.report.fold import RunFold
from daemon.report.html import ReportData, render_page
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary, summarize, summary_dict
from daemon.report.terminal import summary_text
from daemon.settings.config import LogConfig
from daemon.web.fold.book import Book
from daemon.web.sources.margins import Margins
from daemon.web.sources.watched import Watched
from daemon.web.stream.follower import Follower
from daemon.web.stream.messages import snapshot_data
from tests.broker.test_carry import Week
from tests.kit.web import write_journal

PROFILE = FillProfile(mode="depth", slippage_bps=0, latency_ms=0)
STATUS = MarginStatus(
    used_rupees=200_000, peak_rupees=250_000, hedge_benefit_rupees=12_000, free_paise=-345_600
)
UP = MarginMoved(
    seq=1, ts=1_795_000_000_000_000_000, input_no=1, level=90, blocked_rupees=95, cash_paise=10_000
)
SHORT = MarginMoved(
    seq=2, ts=UP.ts + 1, input_no=2, from_level=90, level=100, blocked_rupees=105,
    cash_paise=10_000,
)  # fmt: skip
DOWN = MarginMoved(
    seq=3, ts=UP.ts + 2, input_no=3, from_level=100, blocked_rupees=50, cash_paise=10_000
)
SENTENCES = [
    "margin: more than 90 % of the cash is used, Rs 95.00 of Rs 100.00",
    "margin: more than the cash is used, Rs 105.00 of Rs 100.00: short of Rs 5.00",
    "margin: no more than 100 % of the cash is used, Rs 50.00 of Rs 100.00",
]


@pytest.fixture(scope="module")
def week() -> Week:
    return Week(restarts=False).run()


def test_an_alert_is_a_warning_of_the_log_and_a_fall_is_no_alert(tmp_path: Path) -> None:
    path = tmp_path / "log"
    start_logging(LogConfig(file=str(path)), quiet=True)
    try:
        FactLog(Ledger()).log([UP, SHORT, DOWN])
    finally:
        logger.remove()
        logger.configure(extra={}, patcher=None)
    lines = path.read_text().splitlines()
    assert [line.split(" at=")[0].split(" ", 2)[2] for line in lines] == [
        f"{level:<7} {sentence}"
        for level, sentence in zip(("WARNING", "WARNING", "INFO"), SENTENCES, strict=True)
    ]


def test_an_alert_is_logged_between_what_came_before_and_after_it(tmp_path: Path) -> None:
    states = [
        RiskMoved(seq=seq, ts=UP.ts, input_no=1, state="REDUCING", reason="command")
        for seq in (1, 3)
    ]
    path = tmp_path / "log"
    start_logging(LogConfig(file=str(path)), quiet=True)
    try:
        FactLog(Ledger()).log([states[0], structs.replace(UP, seq=2), states[1]])
    finally:
        logger.remove()
        logger.configure(extra={}, patcher=None)
    lines = path.read_text().splitlines()
    assert [line.rsplit("seq=", 1)[1].split()[0] for line in lines] == ["1", "2", "3"]


def test_the_tape_has_a_line_of_each_and_no_trade() -> None:
    book = Book(RunFold())
    for event in (UP, SHORT, DOWN):
        book.take(event)
    rows = book.tape.newest()
    assert [row["words"] for row in rows] == SENTENCES[::-1]
    assert {(row["kind"], row["trade"], row["symbol"]) for row in rows} == {("margin", None, None)}


def panels(directory: Path) -> dict[str, Any]:
    follower = Follower(Watched(directory=directory, out=directory.parent.parent))
    try:
        step = follower.step(UP.ts)
        assert not step.fault
        found: dict[str, Any] = msgspec.json.decode(snapshot_data(step))
        panels: dict[str, Any] = found.get("panels", found)
        return panels
    finally:
        follower.close()


def test_the_page_has_the_accounts_figures_and_a_note_while_a_level_is_passed(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "accounts" / "dev"
    directory.mkdir(parents=True)
    write_journal(directory, [UP]).close()
    (directory / "metrics.json").write_text(json.dumps({"margin": STATUS.in_rupees()}))
    shown = panels(directory)
    assert shown["header"]["notes"][-1] == (
        "Margin: more than 90 % of the cash is used (approximate)"
    )
    pnl = shown["pnl"]
    assert (pnl["margin_used_paise"], pnl["margin_free_paise"]) == (20_000_000, -345_600)
    assert (pnl["margin_peak_paise"], pnl["hedge_benefit_paise"]) == (25_000_000, 1_200_000)
    assert pnl["m2m_open_paise"] is None


def test_without_a_file_that_can_be_read_the_page_has_no_margin(tmp_path: Path) -> None:
    directory = tmp_path / "accounts" / "dev"
    directory.mkdir(parents=True)
    margins = Margins(Watched(directory=directory, out=tmp_path))
    assert margins.look() is None
    path = directory / "metrics.json"
    for text in ("{", "[]", '{"margin": null}', '{"margin": {"used": []}}'):
        path.write_text(text)
        assert margins.look() is None
    path.write_text(json.dumps({"margin": STATUS.in_rupees()}))
    assert margins.look() == margins.look() == STATUS
    path.unlink()
    assert margins.look() is None


def summary_of(events: list[TradingEvent], margin: MarginStatus | None) -> RunSummary:
    facts = RunFacts(run_id="week", profile=PROFILE, margin=margin)
    return summarize(events, facts, marks={})


def test_summary_and_report_have_every_figure(week: Week) -> None:
    summary = summary_of(week.events, STATUS)
    assert summary_dict(summary)["m2m"] == {"paid": 23_750.0, "open": 0.0}
    text, page = summary_text(summary), render_page(ReportData(summary=summary))
    for name, figure in (
        ("peak margin (approximate)", "2,50,000"),
        ("margin used at the end", "2,00,000"),
        ("hedge benefit at the end", "12,000"),
        ("free at the end", "-3,456.00"),
        ("return on peak margin", "+10.68%"),
        ("daily marks of futures, so far", "+23,750.00"),
        ("of these, positions still open", "0.00"),
    ):
        assert any(
            line.split("  ")[1] == name and line.endswith(f" {figure}")
            for line in text.splitlines()
            if line.startswith("  ") and name in line
        ), name
        shown = figure.replace("-", "\u2212")
        assert f"<dt>{name.capitalize()}</dt><dd>{shown}</dd>" in page


def test_a_run_without_margins_and_marks_has_no_card() -> None:
    summary = summary_of([], None)
    page = render_page(ReportData(summary=summary))
    assert 'id="margin"' not in page
    assert "daily marks" not in summary_text(summary)


def test_marks_of_what_is_open_are_apart_in_the_metrics(week: Week) -> None:
    collector = MetricsCollector(PROFILE)
    seen = []
    for event in week.events:
        collector.on_committed([event], seq=event.seq)
        seen.append(collector.snapshot(now_ts=event.ts)["m2m"])
    assert seen[-1] == {"paid": 23_750.0, "open": 0.0}
    assert {"paid": 11_500.0, "open": 11_500.0} in seen
