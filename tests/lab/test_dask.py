"""A sweep on a real cluster of dask on loopback: the same bytes, whatever is killed (S6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.errors import ExitCode
from tests.kit.cli import finished, invoke, spawn, wait_for
from tests.kit.dask_cluster import dask_cluster
from tests.kit.sweeps import SLIPPAGE, InProcess, run_file, sweep_file
from tests.lab.cluster_demo import SWEPT_S, demo, has_child, start_on, tables, wait_for_done

pytestmark = pytest.mark.ci
SLEEPER = '''"""Sleeps at its first candle."""

import time
from pathlib import Path


class Sleeper:
    def on_candle(self, candle, view):
        Path(PLACE, "asleep").touch()
        while True:
            time.sleep(1)
'''
"""A strategy of which a task never ends by itself."""


def test_s6_a_node_that_is_killed_in_the_middle_changes_no_byte(tmp_path: Path) -> None:
    shown = demo(tmp_path, lambda _: None)
    assert list(shown.here) == ["daily.parquet", "runs.parquet", "trades.parquet"]
    assert shown.on_cluster == shown.here


def test_s6_a_cluster_that_is_gone_is_told_in_a_line_and_the_rest_is_run_later(
    tmp_path: Path,
) -> None:
    keys = {"grid": {SLIPPAGE: [0, 5, 10, 15]}, "batch": 1}
    path = sweep_file(tmp_path, until="2026-11-18T09:50:00", **keys)
    with dask_cluster(tmp_path, workers=1) as cluster:
        swept = start_on(cluster, path, tmp_path / "out")
        wait_for_done(swept, tmp_path / "out", count=1)
        cluster.scheduler.kill()
        ended = finished(swept, SWEPT_S)
    assert ended.code == ExitCode.FEED_LOST
    assert ended.complaint == (
        f"--cluster {cluster.address}: the scheduler is gone; what is done is kept: "
        "start the sweep again"
    )
    done = len(list((tmp_path / "out").glob("sweeps/*/done/*/*")))
    rest = InProcess()
    run_file(path, tmp_path / "out", rest)
    assert rest.ran == 4 - done < 4
    run_file(path, tmp_path / "whole", InProcess())
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")


def test_s6_a_sweep_that_is_killed_leaves_no_task_on_its_nodes(tmp_path: Path) -> None:
    path = sweep_file(tmp_path, grid={SLIPPAGE: [0]})
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8")
    item = "{id: sleeper, module: sleeper, class: Sleeper, symbols: [NIFTY26NOVFUT]}"
    start = text.index("strategies:")
    config.write_text(f"{text[:start]}strategies: {{list: [{item}]}}\n", encoding="utf-8")
    (tmp_path / "sleeper.py").write_text(f"PLACE = {str(tmp_path)!r}\n{SLEEPER}", encoding="utf-8")
    with dask_cluster(tmp_path, workers=1) as cluster:
        node = cluster.workers[0].pid
        swept = start_on(cluster, path, tmp_path / "out")
        wait_for(lambda: (tmp_path / "asleep").exists() or swept.poll() is not None, SWEPT_S)
        assert swept.poll() is None, finished(swept)
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
