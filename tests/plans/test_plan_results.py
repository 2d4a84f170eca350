"""What plans came to: one fold, the same figures in every face."""

from __future__ import annotations

from typing import Any

from daemon.domain.ledger import Ledger
from daemon.export.tables import COLUMNS, table
from daemon.journal.history import History
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.metrics.plan_results import PlanResult, plan_results
from daemon.report.blocks import summary_blocks
from daemon.report.fold import RunFold
from daemon.report.html import ReportData, render_page
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary, summary_dict, summary_of
from daemon.settings.config import ExecutionConfig
from tests.oracle.plan_compare import run_engine
from tests.oracle.plan_kit import Script, leg, plan, straddle

PROFILE = FillProfile.of(ExecutionConfig())


def morning(*plans: dict[str, Any]) -> Script:
    prices = {"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0}
    return Script(*plans).at("09:19:58").rows(prices).at("09:20:00").rows({"NIFTY": 24_000})


def busy() -> list[Any]:
    """Plan p: a straddle whose CE is stopped and sold again; q is skipped."""
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    script = morning(straddle(leg=again), plan(leg("x", "sell", "CE", strike=1), id="q"))
    script.ticks(**{"24000CE": 250.4}).ticks(NIFTY=24_001).ticks(**{"24000CE": 240.0})
    at_the_end = {"24000CE": 245.0, "24000PE": 170.0}
    script.at("15:14:58").rows(at_the_end).at("15:15:00").rows(at_the_end)
    return run_engine(script.at("15:16").clock().scenario)


def running() -> list[Any]:
    again = {"reentry_on_stop": {"as": "asap", "most": 2}}
    script = morning(straddle(leg=again))
    script.ticks(**{"24000CE": 250.4}).ticks(NIFTY=24_001)
    return run_engine(script.ticks(**{"24000CE": 240.0}).at("09:30").clock().scenario)


def summarized(events: list[Any]) -> RunSummary:
    return summary_of(RunFold(events), RunFacts(run_id="r", profile=PROFILE), marks={})


def result(events: list[Any], name: str = "p") -> PlanResult:
    return next(each for each in summarized(events).plans if each.plan == name)


def test_a_round_that_is_over_is_counted_with_its_legs_and_attempts() -> None:
    found = result(busy())
    assert (found.rounds, found.done, found.running, found.skipped) == (1, 1, 0, {})
    assert [(each.leg, each.attempt, each.trades, each.stops) for each in found.legs] == [
        ("ce", 0, 1, 1), ("ce", 1, 1, 0), ("pe", 0, 1, 0),
    ]  # fmt: skip
    first, second, put = (each.money.net_paise for each in found.legs)
    assert (first, put) == (-327_600, 65_000)
    assert found.money.net_paise == found.money.worst_paise == first + second + put
    assert found.won == (found.money.net_paise > 0)


def test_a_skipped_round_has_its_reason_and_no_leg() -> None:
    found = result(busy(), "q")
    assert (found.rounds, found.done, dict(found.skipped)) == (1, 0, {"no_strike": 1})
    assert (found.legs, found.money.net_paise, found.money.worst_paise) == ((), 0, None)


def test_a_running_round_counts_what_it_has_realized_and_is_neither_won_nor_worst() -> None:
    found = result(running())
    assert (found.done, found.running, found.won) == (0, 1, 0)
    assert (found.money.gross_paise, found.money.worst_paise) == (-327_600, None)
    assert [(each.leg, each.attempt, each.trades, each.open) for each in found.legs] == [
        ("ce", 0, 1, 0), ("ce", 1, 0, 1), ("pe", 0, 0, 1),
    ]  # fmt: skip
    assert found.legs[0].money.worst_paise == found.legs[0].money.net_paise == -327_600


def test_metrics_summary_and_exported_tables_have_the_same_figures() -> None:
    for events in (busy(), running()):
        summary = summarized(events)
        collector = MetricsCollector(PROFILE)
        collector.on_committed(events, seq=len(events))
        metrics = collector.snapshot(now_ts=1)["plans"]
        told = {each.pop("plan"): each for each in summary_dict(summary)["plans"]}
        assert told == metrics
        assert metrics["p"]["gross_pnl"] == exported(events, "rounds", "p", "gross") / 100
        for each in summary.plans:
            for leg_ in each.legs:
                rows = _rows(events, "trades", each.plan)
                mine = [
                    row for row in rows if (row["leg"], row["attempt"]) == (leg_.leg, leg_.attempt)
                ]
                assert leg_.money.gross_paise == sum(row["gross"] for row in mine)
                assert leg_.trades == sum(row["closes"] for row in mine)


def test_exits_of_a_plan_name_round_leg_and_attempt_and_others_do_not() -> None:
    exits = summary_dict(summarized(busy()))["exits"]
    named = {(each["round"], each["leg"], each["attempt"]) for each in exits}
    assert named == {("p-20261130-1", *each) for each in (("ce", 0), ("ce", 1), ("pe", 0))}


def test_a_ledger_of_archived_days_keeps_the_figures() -> None:
    events = busy()
    whole = RunFold(events).ledger
    half = RunFold(events[: len(events) // 2]).ledger
    later = RunFold(events[len(events) // 2 :], half)
    assert plan_results(later.ledger) == plan_results(whole)
    assert all(row.attempt is not None for row in later.exits)


def test_the_text_has_a_line_for_each_plan_leg_and_attempt() -> None:
    blocks = {block.title: block for block in summary_blocks(summarized(busy()))}
    plans = [row[0] for row in blocks["BY PLAN"].rows]
    legs = [tuple(row[:3]) for row in blocks["BY LEG AND ATTEMPT"].rows]
    assert plans == ["p", "q"]
    assert blocks["BY PLAN"].note == "skipped: q: no strike 1"
    assert legs == [("p", "ce", "0"), ("p", "ce", "1"), ("p", "pe", "0")]


def test_the_report_shows_plans_and_is_silent_without_them() -> None:
    page = render_page(ReportData(summary=summarized(busy())))
    assert '<section class="card long" id="plans">' in page
    assert "Skipped: q: no strike 1" in page
    assert 'id="plans"' not in render_page(ReportData(summary=summarized([])))


def test_a_plan_s_name_that_looks_like_markup_is_text() -> None:
    summary = summarized(busy())
    plans = [PlanResult(**{**_fields(each), "plan": "<b>"}) for each in summary.plans]
    page = render_page(ReportData(summary=_with(summary, plans)))
    assert "&lt;b&gt;" in page
    assert "<td><b></td>" not in page


def _fields(each: PlanResult) -> dict[str, Any]:
    return {name: getattr(each, name) for name in each.__struct_fields__}


def _with(summary: RunSummary, plans: list[PlanResult]) -> RunSummary:
    fields = {name: getattr(summary, name) for name in summary.__struct_fields__}
    return RunSummary(**{**fields, "plans": plans})


def _rows(events: list[Any], name: str, plan_id: str) -> list[dict[str, Any]]:
    history = History(Ledger(), iter(events), True)
    names = [column.name for column in COLUMNS[name]]
    rows = [dict(zip(names, row, strict=True)) for row in table(name, history).rows]
    return [row for row in rows if row["plan"] == plan_id]


def exported(events: list[Any], name: str, plan_id: str, column: str) -> int:
    return sum(row[column] for row in _rows(events, name, plan_id))
