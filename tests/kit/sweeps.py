"""Small sweeps of the first half hour of the sample, run in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import yaml

from daemon.lab.sweep.all_rounds import rounds_of
from daemon.lab.sweep.executor import Executor
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.run import Swept, run_sweep
from daemon.lab.sweep.runner import Terms
from daemon.lab.sweep.store import SweepStore
from daemon.lab.sweep.tasks import Task, TaskDone
from daemon.lab.worker import run_task
from tests.kit.cli import ROOT

SLIPPAGE: Final = "execution.slippage_bps"


class InProcess:
    """An executor that runs each task when its outcome is asked for."""

    workers: Final = 1

    def __init__(self) -> None:
        self._waiting: list[Task] = []
        self.ran = 0

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def as_completed(self) -> Iterator[TaskDone]:
        while self._waiting:
            self.ran += 1
            yield run_task(self._waiting.pop(0))

    def close(self) -> None:
        self._waiting.clear()


def sweep_file(place: Path, until: str = "2026-11-18T09:45:00", **keys: Any) -> Path:
    """A sweep file with these keys, next to a configuration that is cut off at `until`."""
    config = yaml.safe_load((ROOT / "configs/sample.yaml").read_text(encoding="utf-8"))
    replay = config["feed"]["replay"]
    replay["files"] = [{"path": str(ROOT / "configs/sample_session.parquet")}]
    replay["end"] = until
    (place / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    path = place / "sweep.yaml"
    about = {"version": 1, "config": "config.yaml", "sweep": {"name": "small", **keys}}
    path.write_text(yaml.safe_dump(about, sort_keys=False), encoding="utf-8")
    return path


def run_file(path: Path, out: Path, executor: Executor) -> Swept:
    """Run a sweep file."""
    loaded = load_sweep(path)
    terms = Terms(loaded.sweep.batch, None, lambda: False, lambda _: None)
    with closing(SweepStore(out, loaded.sweep.name)) as store:
        return run_sweep(loaded, rounds_of(loaded), JobMaker(loaded), store, executor, terms)
