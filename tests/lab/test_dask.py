"""A sweep on a real cluster of dask on loopback: the same bytes, whatever is killed (S6)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from daemon.errors import ExitCode
from tests.kit.cli import finished, invoke, spawn, wait_for
from tests.kit.dask_cluster import dask_cluster
from tests.kit.sweeps import SLIPPAGE, InProcess, run_file, sweep_file
from tests.lab.cluster_demo import SWEPT_S, demo, has_child, start_on, tables, wait_for_done

pytestmark = pytest.mark.ci
HOLDER = '''"""Waits at its first candle for as long as a file is there."""

import time
from pathlib import Path


class Holder:
    def __init__(self, holds: bool) -> None:
        self.holds = holds

    def on_candle(self, candle, view):
        if self.holds and Path(PLACE, "hold").exists():
            Path(PLACE, "holding").touch()
            while Path(PLACE, "hold").exists():
                time.sleep(0.05)
'''
"""A strategy of which a task ends when the test says so."""


def holding_sweep(place: Path, holds: list[bool]) -> Path:
    """A sweep over whether its strategy waits."""
    path = sweep_file(
        place, until="2026-11-18T09:20:00", batch=1, grid={"strategies.holder.params.holds": holds}
    )
    config = place / "config.yaml"
    text = config.read_text(encoding="utf-8")
    item = (
        "{id: holder, module: holder, class: Holder, symbols: [NIFTY26NOVFUT],"
        " params: {holds: false}}"
    )
    start = text.index("strategies:")
    config.write_text(f"{text[:start]}strategies: {{list: [{item}]}}\n", encoding="utf-8")
    (place / "holder.py").write_text(f"PLACE = {str(place)!r}\n{HOLDER}", encoding="utf-8")
    (place / "hold").touch()
    return path


def wait_until_it_holds(swept: subprocess.Popen[str], place: Path) -> None:
    """Wait until a task has come to the candle at which it waits."""
    wait_for(lambda: (place / "holding").exists() or swept.poll() is not None, SWEPT_S)
    assert swept.poll() is None, finished(swept)


def test_s6_a_node_that_is_killed_in_the_middle_changes_no_byte(tmp_path: Path) -> None:
    shown = demo(tmp_path, lambda _: None)
    assert list(shown.here) == ["daily.parquet", "runs.parquet", "trades.parquet"]
    assert shown.on_cluster == shown.here


def test_s6_a_cluster_that_is_gone_is_told_in_a_line_and_the_rest_is_run_later(
    tmp_path: Path,
) -> None:
    path = holding_sweep(tmp_path, [False, True])
    with dask_cluster(tmp_path, workers=1) as cluster:
        swept = start_on(cluster, path, tmp_path / "out")
        wait_for_done(swept, tmp_path / "out", count=1)
        wait_until_it_holds(swept, tmp_path)
        cluster.scheduler.kill()
        ended = finished(swept, SWEPT_S)
    assert ended.code == ExitCode.FEED_LOST
    assert ended.complaint == (
        f"--cluster {cluster.address}: the scheduler is gone; what is done is kept: "
        "start the sweep again"
    )
    (tmp_path / "hold").unlink()
    rest = InProcess()
    run_file(path, tmp_path / "out", rest)
    assert rest.ran == 1
    run_file(path, tmp_path / "whole", InProcess())
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")


def test_s6_a_sweep_that_is_killed_leaves_no_task_on_its_nodes(tmp_path: Path) -> None:
    path = holding_sweep(tmp_path, [True])
    with dask_cluster(tmp_path, workers=1) as cluster:
        node = cluster.workers[0].pid
        swept = start_on(cluster, path, tmp_path / "out")
        wait_until_it_holds(swept, tmp_path)
        assert has_child(node)
        swept.kill()
        finished(swept)
        wait_for(lambda: not has_child(node), SWEPT_S)
        assert cluster.workers[0].poll() is None


def test_s6_where_nothing_listens_a_line_says_so(tmp_path: Path) -> None:
    path = sweep_file(tmp_path, grid={SLIPPAGE: [0]})
    ended = finished(spawn("sweep", path, "--out", tmp_path, "--cluster", "127.0.0.1:1"), SWEPT_S)
    assert ended.code == ExitCode.FEED_LOST
    assert ended.complaint.startswith("--cluster 127.0.0.1:1: no scheduler answers (")


def test_workers_of_this_machine_are_none_of_a_cluster(tmp_path: Path) -> None:
    path = sweep_file(tmp_path, grid={SLIPPAGE: [0]})
    ended = invoke("sweep", path, "--out", tmp_path, "--cluster", "127.0.0.1:1", "--workers", "2")
    assert ended.code == ExitCode.USAGE
    assert ended.complaint.startswith("--workers: is for this machine")
