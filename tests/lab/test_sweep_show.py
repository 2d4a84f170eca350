"""`sweep show`: a variant's numbers, and whether it comes to the same again (S4, S7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from daemon.cli.sweep_show import shown_again
from daemon.errors import ExitCode, UsageError
from daemon.lab.sweep.agreement import NotDeterministic
from daemon.lab.sweep.processes import Processes
from daemon.lab.sweep.run import Swept
from daemon.lab.sweep.store import DONE, SweepStore, read_done
from daemon.lab.sweep.tasks import Job, JobDone
from tests.kit.sweeps import SLIPPAGE, InProcess, run_file, sweep_file


class Place(NamedTuple):
    """A sweep that was run."""

    file: Path
    out: Path
    swept: Swept

    def job(self, number: int) -> Job:
        return self.swept.outcomes[number][0]

    def kept(self, job: Job) -> JobDone:
        done = read_done(self.swept.directory / DONE / job.run_key[:2] / job.run_key, job.run_key)
        assert done is not None
        return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    here = tmp_path_factory.mktemp("sweep")
    path = sweep_file(here, until="2026-11-18T09:22:00", grid={SLIPPAGE: [0, 20]})
    return Place(path, here / "out", run_file(path, here / "out", InProcess()))


@contextmanager
def kept_otherwise(place: Place, job: Job, done: JobDone) -> Iterator[None]:
    """The outcome of a job as another one, for a while."""
    before = place.kept(job)
    with closing(SweepStore(place.out, "small")) as store:
        store.put(done)
        yield
        store.put(before)


def shown(place: Place, key: str, name: str = "") -> list[str]:
    return list(shown_again(key, place.out, name, InProcess, None))


def test_s7_its_numbers_and_its_command_line_are_shown(place: Place) -> None:
    job = place.job(1)
    lines = shown(place, job.variant)
    net = place.kept(job).numbers["net_rupees"]
    assert f"{net:,}" in next(line for line in lines if "net_rupees" in line)
    assert f"  reproduce: {job.reproduce}" in lines
    assert f"{SLIPPAGE}=20" in job.reproduce


def test_s4_a_variant_that_comes_to_the_same_says_so_with_both_machines(place: Place) -> None:
    job = place.job(0)
    done = place.kept(job)
    said = shown(place, job.variant[:8])[-1]
    assert f"run again: the same events ({done.events_hash})" in said
    assert said.count(done.machine) == 2
    assert "numpy" in done.machine


def test_s4_a_job_that_comes_to_other_events_is_not_deterministic(place: Place) -> None:
    job = place.job(0)
    other = replace(place.kept(job), events_hash="00ff", machine="elsewhere/7 (numpy 1.0)")
    with kept_otherwise(place, job, other), pytest.raises(NotDeterministic) as told:
        shown(place, job.variant)
    text = str(told.value)
    assert text.startswith(f"not_deterministic: {job.variant} ({SLIPPAGE}=0): events_hash 00ff")
    assert "elsewhere/7 (numpy 1.0)" in text
    assert "\n" not in text
    assert told.value.exit_code == ExitCode.DIFFERS


def test_s4_what_was_changed_since_is_not_held_against_it(place: Place) -> None:
    config = place.file.with_name("config.yaml")
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("quantity: 65", "quantity: 130"), encoding="utf-8")
    said = shown(place, place.job(0).variant)[-1]
    config.write_text(text, encoding="utf-8")
    assert "nothing to compare with: settings, data, strategies or program were changed" in said


def test_a_key_of_nothing_or_of_several_is_refused(place: Place) -> None:
    with pytest.raises(UsageError, match="is no variant of"):
        shown(place, "zzzz")
    with pytest.raises(UsageError, match="more than one variant"):
        shown(place, "")
    with pytest.raises(UsageError, match="is no variant of sweep other"):
        shown(place, place.job(0).variant, name="other")


def test_a_trial_of_optuna_is_found_again(tmp_path: Path) -> None:
    space = {SLIPPAGE: {"low": 0, "high": 50}}
    path = sweep_file(
        tmp_path, until="2026-11-18T09:21:00", optuna={"trials": 2, "seed": 1, "space": space}
    )
    swept = run_file(path, tmp_path / "out", InProcess())
    place = Place(path, tmp_path / "out", swept)
    assert "run again: the same events" in shown(place, place.job(1).variant)[-1]


@pytest.mark.ci
def test_a_sweep_of_optuna_that_is_started_again_runs_nothing_and_writes_the_same(
    tmp_path: Path,
) -> None:
    space = {SLIPPAGE: {"low": 0, "high": 50}}
    path = sweep_file(
        tmp_path, until="2026-11-18T09:21:00", optuna={"trials": 20, "seed": 1, "space": space}
    )
    run_file(path, tmp_path / "out", InProcess())
    tables = {each: each.read_bytes() for each in (tmp_path / "out").rglob("*.parquet")}
    again = InProcess()
    swept = run_file(path, tmp_path / "out", again)
    assert again.ran == 0
    assert len(swept.outcomes) > 16
    assert {each: each.read_bytes() for each in (tmp_path / "out").rglob("*.parquet")} == tables


@pytest.mark.ci
def test_optuna_proposes_the_same_to_one_worker_and_to_two(tmp_path: Path) -> None:
    space = {SLIPPAGE: {"low": 0, "high": 50}}
    trials = {"trials": 24, "seed": 1, "space": space}
    path = sweep_file(tmp_path, until="2026-11-18T09:40:00", optuna=trials, batch=3)
    tables = []
    for workers in (1, 2):
        with closing(Processes(workers)) as executor:
            swept = run_file(path, tmp_path / f"{workers}", executor)
        assert all(done.status == "done" for _, done in swept.outcomes)
        tables.append([each.read_bytes() for each in sorted(swept.directory.glob("*.parquet"))])
    assert tables[0] == tables[1]
    assert len(swept.outcomes) > 16
