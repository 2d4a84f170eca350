"""A running process is stopped, killed and watched."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.store import JournalStore
from daemon.metrics.fill_quality import rupees_2dp
from tests.kit.cli import (
    SAMPLE,
    exported,
    finished,
    invoke,
    metrics_of,
    only_run,
    operations_of,
    runs_of,
    spawn,
    summary_of,
    verified,
    wait_for,
)
from tests.kit.tiers import with_more_in_ci

PACE = "3000"
"""The sample's six hours in eight seconds: long enough to be in the middle of it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The export of the sample's full run."""
    out = tmp_path_factory.mktemp("whole")
    assert invoke("--config", SAMPLE, "--out", out).code == 0
    return exported(only_run(out))


@pytest.fixture
def paced(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The sample at a pace, in the middle of it: something was traded and shown."""
    process = spawn("--config", SAMPLE, "--out", tmp_path, "--speed", PACE)
    try:
        wait_for(lambda: metrics_of(tmp_path).get("seq", 0) > 10 or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "number", with_more_in_ci(signal.SIGTERM, more=[signal.SIGINT, signal.SIGHUP])
)
def test_a_signal_ends_a_run_in_order(
    number: signal.Signals, paced: subprocess.Popen[str], tmp_path: Path, whole: bytes
) -> None:
    shown = metrics_of(tmp_path)
    paced.send_signal(number)
    done = finished(paced)
    assert done.code == 0, done
    kept = only_run(tmp_path)
    events = verified(kept)
    assert shown["seq"] <= events
    last = operations_of(kept)[-1]
    assert (last.kind, last.detail["reason"]) == ("stop", number.name)
    assert last.detail["seq"] == events
    assert f"Stopped by {number.name} before the end of the feed." in done.out
    assert "TOTALS" in done.out
    assert "Traceback" not in done.err
    assert metrics_of(tmp_path)["seq"] == summary_of(kept)["seq"] == events
    assert 0 < len(exported(kept)) < len(whole)
    assert whole.startswith(exported(kept))


def test_a_second_signal_changes_nothing(paced: subprocess.Popen[str], tmp_path: Path) -> None:
    paced.send_signal(signal.SIGTERM)
    paced.send_signal(signal.SIGINT)
    assert finished(paced).code == 0
    last = operations_of(only_run(tmp_path))[-1]
    assert (last.kind, last.detail["reason"]) in [("stop", "SIGTERM"), ("stop", "SIGINT")]
    assert (only_run(tmp_path) / "summary.json").exists()


@pytest.mark.ci
def test_a_run_started_with_nohup_survives_the_terminal(tmp_path: Path) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code = ignoring + "from daemon.main import main; main()"
    arguments = ("--config", SAMPLE, "--out", tmp_path, "--speed", "10000")
    process = spawn(*arguments, code=code)
    wait_for(lambda: metrics_of(tmp_path).get("ticks", 0) > 0)
    process.send_signal(signal.SIGHUP)
    assert finished(process).code == 0
    assert operations_of(only_run(tmp_path))[-1].detail["reason"] == "end_of_feed"


def test_a_killed_run_loses_nothing_that_was_shown(
    paced: subprocess.Popen[str], tmp_path: Path, whole: bytes
) -> None:
    paced.send_signal(signal.SIGKILL)
    paced.communicate()
    assert paced.returncode == -signal.SIGKILL
    shown = metrics_of(tmp_path)
    kept = only_run(tmp_path)
    assert shown["seq"] <= verified(kept)
    events = exported(kept)
    assert 0 < len(events) < len(whole)
    assert whole.startswith(events)
    page = invoke("report", "--out", tmp_path)
    assert page.code == 0
    assert "did not end cleanly" in (kept / "report.html").read_text()
    for command in (
        ("show",),
        ("verify",),
        ("explain", json.loads(events.split(b"\n")[0])["order_id"]),
    ):
        assert invoke("journal", *command, "--out", tmp_path).code == 0


def test_a_new_run_after_a_kill_starts_cleanly(
    paced: subprocess.Popen[str], tmp_path: Path, whole: bytes
) -> None:
    paced.send_signal(signal.SIGKILL)
    paced.communicate()
    assert invoke("--config", SAMPLE, "--out", tmp_path).code == 0
    killed, fresh = runs_of(tmp_path)
    assert exported(fresh) == whole
    assert verified(killed) < verified(fresh)
    assert metrics_of(tmp_path)["seq"] == verified(fresh)


FIRST_KEYS = [
    "total_orders", "active_positions", "realized_pnl", "unrealized_pnl", "total_pnl",
]  # fmt: skip


@pytest.mark.ci
def test_every_metrics_file_that_a_reader_sees_is_the_journal_at_its_seq(tmp_path: Path) -> None:
    process = spawn("--config", SAMPLE, "--out", tmp_path, "--speed", "6000")
    path = tmp_path / "analytics/runtime_metrics.json"
    seen: dict[bytes, dict[str, Any]] = {}
    reads = 0
    while process.poll() is None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        reads += 1
        if data not in seen:
            seen[data] = json.loads(data)
    assert finished(process).code == 0
    assert reads > 1000
    snapshots = list(seen.values())
    assert len({each["seq"] for each in snapshots}) > 5
    with JournalStore.open(only_run(tmp_path)) as store:
        expected = list(_at_every_seq(store.events()))
    for each in snapshots:
        assert list(each)[:5] == FIRST_KEYS
        numbers = {name: each[name] for name in expected[0]}
        assert numbers == expected[each["seq"]]
    assert [each["seq"] for each in snapshots] == sorted(each["seq"] for each in snapshots)


def _at_every_seq(events: Iterator[TradingEvent]) -> Iterator[dict[str, Any]]:
    """What the metrics must say after 0, 1, 2, ... events."""
    ledger = Ledger()
    yield _numbers(ledger)
    for event in events:
        ledger.apply(event)
        yield _numbers(ledger)


def _numbers(ledger: Ledger) -> dict[str, Any]:
    return {
        "total_orders": ledger.total_orders,
        "active_positions": len(ledger.positions),
        "realized_pnl": rupees_2dp(ledger.realized_paise),
        "orders_by_state": dict(sorted(ledger.orders_by_state().items())),
        "seq": ledger.seq,
    }
