"""A whole run of 20 lots on a measured market: its files agree to the paisa."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from daemon.journal.store import JournalStore
from tests.kit.cli import invoke, metrics_of, only_run, summary_of
from tests.kit.source import ROOT

SYNTHETIC = "{kind: synthetic, synthetic: {seed: 3, book: measured, ticks_per_second: 1}}"
RECORDED = (
    f"{{kind: replay, replay: {{files: [{{path: {ROOT / 'configs/sample_depth.parquet'}}}]}}}}"
)
CONFIG = """version: 1
account: depth
feed: {feed}
execution: {{fill_mode: depth, latency_ms: 300}}
strategies:
  list:
    - {{id: orb, module: strategies.opening_range, class: OpeningRangeBreakout,
       symbols: [NIFTY26NOVFUT], params: {{minutes: 15, quantity: 1300, target_r: 2.0}}}}
    - {{id: straddle, module: strategies.short_straddle, class: ShortStraddle, symbols: [],
       params: {{underlying: NIFTY, at: "09:20", quantity: 1300, stop_pct: 30}}}}
"""


def exported(run: Path, name: str, place: Path) -> list[dict[str, Any]]:
    to = place / f"{name}.parquet"
    assert invoke("export", run, "--to", to, "--table", name).code == 0
    rows: list[dict[str, Any]] = pq.read_table(to).to_pylist()
    return rows


@pytest.mark.parametrize(
    "feed",
    [
        pytest.param(SYNTHETIC, id="synthetic", marks=pytest.mark.ci),
        pytest.param(RECORDED, id="recorded"),
    ],
)
def test_summary_export_journal_and_metrics_of_a_depth_run_agree(feed: str, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(feed=feed))
    assert invoke("--config", config, "--out", tmp_path / "out").code == 0
    run = only_run(tmp_path / "out")
    summary = summary_of(run)
    gross, charges = round(summary["gross_pnl"] * 100), round(summary["charges"] * 100)
    assert summary["execution"]["by_rule"]["take"]["beyond_units"] > 0
    assert not summary["open_positions"]
    for name in ("trades", "fills", "daily", "exchange_orders"):
        rows = exported(run, name, tmp_path)
        assert sum(row["gross_paise"] for row in rows) == gross
        assert sum(row["charges_paise"] for row in rows) == charges
    fills = exported(run, "fills", tmp_path)
    assert len(fills) == summary["fills"]["total"] > 2 * summary["trades"]
    assert all(row["exchange_id"] and row["displayed"] for row in fills if row["rule"] == "depth")
    assert sum(exit_["gross_pnl"] for exit_ in summary["exits"]) == pytest.approx(gross / 100)
    metrics = metrics_of(tmp_path / "out")
    assert (metrics["gross_pnl"], metrics["charges"]) == (gross / 100, charges / 100)
    assert metrics["exchange"]["working"] == 0
    assert sum(metrics["exchange"]["fills"].values()) == len(fills)
    with JournalStore.open(run) as store:
        (sums,) = store.query("SELECT sum(gross) AS gross, sum(charges) AS charges FROM trades")
        assert round(sums["gross"] * 100) == gross
        assert sums["charges"] == pytest.approx(charges / 100, abs=0.01)
    assert invoke("report", run).code == 0
    assert "How it was filled" in (run / "report.html").read_text(encoding="utf-8")


def test_the_story_in_the_guide_is_what_explain_says(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(feed=RECORDED))
    assert invoke("--config", config, "--out", tmp_path / "out").code == 0
    run = only_run(tmp_path / "out")
    story = invoke("journal", "explain", "V3-20261118-000004", "--run", run).out
    guide = (ROOT / "docs" / "EXECUTION_ENGINE_V3_GUIDE.md").read_text(encoding="utf-8")
    told = guide.split("<!-- a story in depth -->")[1].split("```")[1].removeprefix("text\n")
    assert told in story
