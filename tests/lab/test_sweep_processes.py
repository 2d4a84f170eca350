"""Workers are processes: what ends one, a strategy, a person or the sweep itself, loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import UsageError
from daemon.lab.sweep import processes as processes_module
from daemon.lab.sweep.frames import Frames
from daemon.lab.sweep.processes import Processes
from tests.kit.cli import PROGRAM, finished, invoke, spawn, wait_for
from tests.lab.sweep_kit import Desk

KILLS = """
  list:
    - {strategies.a.b.params.every: 3}
    - {strategies.a.b.params.kills: true}
    - {execution.slippage_bps: 0}
"""
MANY = "  grid: {execution.slippage_bps: [0, 1, 2, 3, 4, 5, 6, 7]}\n  batch: 1\n"


def test_a_worker_that_a_strategy_kills_costs_its_variant_and_no_other(tmp_path: Path) -> None:
    desk = Desk(tmp_path, KILLS)
    desk.edit("first.py", "self.seen += 1", "self.seen += 1; print('noise' * 99)")
    with closing(Processes(1)) as executor:
        desk.sweep(executor)
        assert executor.pids  # the one that took over
    assert executor.pids == []
    good, killed, other = desk.rows()
    assert (good["status"], other["status"]) == ("done", "done")
    assert killed["status"] == "failed"
    assert killed["cause"] == ("its worker was ended by SIGKILL; it may have run out of memory")


def test_workers_that_do_not_start_end_the_sweep_with_their_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes_module, "WORKER", "daemon.lab.no_such_worker")
    desk = Desk(tmp_path, KILLS)
    with closing(Processes(2)) as executor, pytest.raises(UsageError, match="no_such_worker"):
        desk.sweep(executor)


def test_a_worker_ends_with_its_input() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "daemon.lab.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(processes_module.__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(Path(processes_module.__file__).parents[3])},
    )
    out, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert list(Frames().take(out)) in ([b"ready"], [])


def test_messages_are_put_together_from_any_pieces() -> None:
    stream = b"".join(len(body).to_bytes(8, "big") + body for body in (b"one", b"", b"three"))
    for size in range(1, len(stream) + 1):
        frames = Frames()
        pieces = (stream[at : at + size] for at in range(0, len(stream), size))
        assert [body for piece in pieces for body in frames.take(piece)] == [b"one", b"", b"three"]


def done_files(desk: Desk) -> Iterator[Path]:
    return (path for path in (desk.directory / "done").rglob("*") if path.is_file())


@pytest.mark.ci
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_s5_a_sweep_that_is_ended_by_a_signal_continues_to_the_same_bytes(
    tmp_path: Path, number: signal.Signals
) -> None:
    desk = Desk(tmp_path, MANY, minutes=40)
    out = tmp_path / "out"
    process = spawn("sweep", desk.file, "--out", out, "--workers", 2, code=PROGRAM)
    wait_for(lambda: any(done_files(desk)), within_s=60)
    process.send_signal(number)
    ended = finished(process)
    kept = {path.name: path.read_bytes() for path in done_files(desk)}
    if number is signal.SIGKILL:
        assert ended.code == -signal.SIGKILL
        assert not (desk.directory / "runs.parquet").exists()
    elif ended.code != 0:  # it was not over before the signal came
        assert ended.code == 130
        assert "Traceback" not in ended.err
        assert "stopping: running batches get 10 s" in ended.err
    again = invoke("sweep", desk.file, "--out", out, "--workers", 2)
    assert again.code == 0
    assert "8 done" in again.out
    assert {name: path.read_bytes() for path in done_files(desk) for name in [path.name]
            if name in kept} == kept  # fmt: skip
    before = desk.bytes()[:3]
    for path in list(done_files(desk)):
        path.unlink()
    assert invoke("sweep", desk.file, "--out", out, "--workers", 1).code == 0
    assert desk.bytes()[:3] == before


@pytest.mark.ci
def test_the_sample_sweep_tells_its_best_and_where_its_tables_are(tmp_path: Path) -> None:
    done = invoke("sweep", "configs/sweep.yaml", "--out", tmp_path)
    assert done.code == 0
    assert "execution.slippage_bps=0" in done.out.splitlines()[2]
    assert done.out.splitlines()[-1].endswith("sweep=sample: 5 done")
    assert "5 of 5 done" in done.err


def test_a_sweep_of_which_nothing_can_run_ends_with_the_first_cause(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "  list: [{strategies.a.b.params.every: many}]")
    done = invoke("sweep", desk.file, "--out", tmp_path / "out", "--workers", 1)
    assert done.code == 78
    assert done.complaint.startswith("no variant could be run: strategy 'a.b': params.every")
    assert "failed, 1x: strategy 'a.b'" in done.out
