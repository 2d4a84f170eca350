"""A person pauses, resumes and hurries a paced run; what it trades is the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.control.pace import PACE_FILE, PaceStatus, read_pace
from daemon.errors import ExitCode, UsageError
from daemon.runtime.run_files import SUMMARY_FILE
from tests.kit.cli import (
    ROOT,
    SAMPLE,
    exported,
    finished,
    invoke,
    only_run,
    runs_of,
    spawn,
    wait_for,
)
from tests.kit.tiers import with_more_in_ci


@pytest.fixture(params=with_more_in_ci("sample", more=["synthetic"]))
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    if request.param == "sample":
        return ["--config", SAMPLE]
    dev = (ROOT / "configs/dev.yaml").read_text()
    assert dev.count("ticks_per_second: 2.0") == 1
    few = tmp_path / "few.yaml"
    few.write_text(dev.replace("ticks_per_second: 2.0", "ticks_per_second: 0.2"))
    return ["--config", str(few)]


@pytest.fixture
def paced(tmp_path: Path, arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = spawn(*arguments, "--out", tmp_path, "--speed", "500")
    try:
        wait_for(lambda: runs_of(tmp_path) and (only_run(tmp_path) / PACE_FILE).exists())
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_paused_run_trades_what_an_unpaused_one_does(
    paced: subprocess.Popen[str], arguments: list[str], tmp_path: Path
) -> None:
    run = only_run(tmp_path)
    wait_for(lambda: (run / "control.sock").exists())
    said = invoke("pause", run.name, "--out", tmp_path)
    assert said.code == 0, said
    assert said.out.startswith("paused at ")
    assert said.out.endswith("speed 500\n")
    assert read_pace(run) == PaceStatus(speed="500", is_paused=True)
    again = invoke("pause", run, "--out", tmp_path)
    assert again.out == said.out, "no time passes in a pause"
    assert "expected max or a factor" in invoke("speed", run, "0").complaint
    assert "speed 20" in invoke("speed", run, "20").out
    assert read_pace(run) == PaceStatus(speed="20", is_paused=True)
    assert invoke("speed", run, "max").out.startswith("paused at ")
    assert invoke("resume", run.name, "--out", tmp_path).out.startswith("running at ")
    done = finished(paced)
    assert done.code == 0, done.err
    assert not (run / PACE_FILE).exists()
    assert invoke(*arguments, "--out", tmp_path / "whole").code == 0
    whole = only_run(tmp_path / "whole")
    assert exported(run) == exported(whole)
    assert (run / "series.json").read_bytes() == (whole / "series.json").read_bytes()
    assert (run / SUMMARY_FILE).exists()


@pytest.mark.parametrize("arguments", ["sample"], indirect=True)
def test_a_paused_run_can_be_stopped(paced: subprocess.Popen[str], tmp_path: Path) -> None:
    run = only_run(tmp_path)
    wait_for(lambda: (run / "control.sock").exists())
    assert invoke("pause", run).code == 0
    refused = invoke("command", "x", "kill_switch", "--out", tmp_path)
    assert "no daemon runs this account" in refused.complaint
    paced.terminate()
    done = finished(paced)
    assert done.code == 0, done
    assert not (run / PACE_FILE).exists()
    over = invoke("resume", run)
    assert over.code == ExitCode.USAGE
    assert "no paced run is at work here" in over.complaint


def test_a_run_at_full_speed_takes_no_commands(tmp_path: Path) -> None:
    assert invoke("--config", SAMPLE, "--out", tmp_path).code == 0
    run = only_run(tmp_path)
    assert read_pace(run) is None
    assert "no paced run is at work here" in invoke("pause", run).complaint
    assert "not found" in invoke("speed", "nowhere", "2", "--out", tmp_path).complaint


@pytest.mark.parametrize("text", ["{", '{"version": 2, "speed": "1", "is_paused": true}', "[]"])
def test_a_pace_of_another_version_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / PACE_FILE).write_text(text)
    with pytest.raises(UsageError, match=r"pace\.json: is not what this version writes"):
        read_pace(tmp_path)
