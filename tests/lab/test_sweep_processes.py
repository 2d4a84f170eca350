"""Workers are processes: what ends one, a strategy, a person or the sweep itself, loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import UsageError
from daemon.lab.sweep import processes as processes_module
from daemon.lab.sweep.frames import Frames
from daemon.lab.sweep.processes import Processes
from tests.kit.cli import finished, invoke, spawn, wait_for
from tests.lab.sweep_kit import Desk

KILLS = """
  list:
    - {strategies.a.b.params.every: 3}
    - {strategies.a.b.params.kills: true}
    - {execution.slippage_bps: 0}
"""


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


@pytest.mark.ci
def test_workers_that_do_not_start_end_the_sweep_with_their_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes_module, "WORKER", "daemon.lab.no_such_worker")
    desk = Desk(tmp_path, KILLS)
    with closing(Processes(2)) as executor, pytest.raises(UsageError, match="no_such_worker"):
        desk.sweep(executor)


@pytest.mark.ci
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


def done_files(desk: Desk) -> dict[str, bytes]:
    """The outcomes that are kept; one that was being written when its process ended is none."""
    found = (path for path in (desk.directory / "done").rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in found if not path.suffix}


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.ci
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_s5_a_sweep_that_is_ended_by_a_signal_continues_to_the_same_bytes(
    tmp_path: Path, number: signal.Signals
) -> None:
    gate, out = tmp_path / "gate", tmp_path / "out"
    at_once = "".join(f"    - {{execution.slippage_bps: {each}}}\n" for each in range(3))
    waiting = "".join(
        f"    - {{execution.slippage_bps: {each}, strategies.a.b.params.waits: {gate}}}\n"
        for each in range(5)
    )
    desk = Desk(tmp_path, f"  batch: 1\n  list:\n{at_once}{waiting}")
    process = spawn("sweep", desk.file, "--out", out, "--workers", 2)
    wait_for(lambda: len(done_files(desk)) == 3 and len(list(tmp_path.glob("gate.*"))) == 2, 60)
    second = invoke("sweep", desk.file, "--out", out)
    assert second.code == 75
    assert "in use by another process" in second.complaint
    workers = [int(path.suffix[1:]) for path in tmp_path.glob("gate.*")]
    process.send_signal(number)
    if number is not signal.SIGKILL:
        gate.touch()  # what runs may end, and nothing new begins
    ended = finished(process)
    wait_for(lambda: all(map(is_gone, workers)), 60)
    kept = done_files(desk)
    if number is signal.SIGKILL:
        assert (ended.code, len(kept)) == (-signal.SIGKILL, 3)
        assert [row["status"] for row in desk.rows()] == ["not_run"] * 8
        gate.touch()
    else:
        assert (ended.code, len(kept)) == (130, 5)
        assert "Traceback" not in ended.err
        assert "stopping: running batches get 10 s" in ended.err
        assert ended.out.splitlines()[-1].endswith("sweep=s: 5 done, 3 not run")
    again = invoke("sweep", desk.file, "--out", out, "--workers", 2)
    assert (again.code, again.out.splitlines()[-1][-6:]) == (0, "8 done")
    assert kept.items() <= done_files(desk).items()
    before = desk.bytes()[:3]
    for name in done_files(desk):
        (desk.directory / "done" / name[:2] / name).unlink()
    assert invoke("sweep", desk.file, "--out", out, "--workers", 1).code == 0
    assert desk.bytes()[:3] == before


SMALL_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, resource.RLIM_INFINITY))
from daemon.main import main
main()
"""


@pytest.mark.ci
def test_a_disk_that_takes_no_more_ends_a_sweep_in_a_line_and_it_continues(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    out = tmp_path / "out"
    ended = finished(spawn("sweep", desk.file, "--out", out, "--workers", 1, code=SMALL_FILES))
    assert ended.code == 74
    assert "File too large; what is done is kept: start the sweep again" in ended.complaint
    again = invoke("sweep", desk.file, "--out", out, "--workers", 1)
    assert (again.code, again.out.splitlines()[-1][-6:]) == (0, "4 done")


@pytest.mark.ci
def test_the_sample_sweep_tells_its_best_and_where_its_tables_are(tmp_path: Path) -> None:
    done = invoke("sweep", "configs/sweep.yaml", "--out", tmp_path)
    assert done.code == 0
    assert done.out.splitlines()[2].endswith("  slippage_bps=0")
    assert done.out.splitlines()[-1].endswith("sweep=sample: 5 done")
    assert "5 of 5 done" in done.err


@pytest.mark.ci
def test_a_sweep_of_which_nothing_can_run_ends_with_the_first_cause(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "  list: [{strategies.a.b.params.every: many}]")
    done = invoke("sweep", desk.file, "--out", tmp_path / "out", "--workers", 1)
    assert done.code == 78
    assert done.complaint.startswith("no variant could be run: strategy 'a.b': params.every")
    assert "failed, 1x: strategy 'a.b'" in done.out
