"""A cluster of dask on loopback: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.kit.cli import ROOT, wait_for

_START_S: Final = 60.0
QUIET: Final = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
}
"""What docs/LAB.md advises: an idle node then takes 0.4 % of a core instead of 1.9 %."""
_LOOPBACK: Final = "127.0.0.1"


class DaskCluster:
    """Processes that are ended with it."""

    def __init__(self, place: Path) -> None:
        """Start the scheduler; `place` is for its files."""
        self._place = place
        self._file = place / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            "scheduler", "--host", _LOOPBACK, "--port", "0", "--no-dashboard", "--scheduler-file",
            str(self._file),
        )  # fmt: skip
        wait_for(self._is_up, _START_S)
        address: str = json.loads(self._file.read_text(encoding="utf-8"))["address"]
        self.address = address.removeprefix("tcp://")

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker with one thread."""
        worker = self._start(
            "worker", self.address, "--host", _LOOPBACK, "--nthreads", "1", "--no-dashboard",
            "--no-nanny", "--memory-limit", "0", "--local-directory", str(self._place),
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def workers_up(self) -> int:
        """How many workers the scheduler knows."""
        log = (self._place / "scheduler-0.log").read_text(encoding="utf-8", errors="replace")
        return log.count("Register worker addr")

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._place / f"{what}-{len(self.workers)}.log").open("wb")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments],
                cwd=self._place, env=os.environ | QUIET | {"PYTHONPATH": str(ROOT)},
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def _is_up(self) -> bool:
        assert self.scheduler.poll() is None, self._said()
        return self._file.exists() and self._file.stat().st_size > 0

    def _said(self) -> str:
        return (self._place / "scheduler-0.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def dask_cluster(place: Path, workers: int) -> Iterator[DaskCluster]:
    """A cluster with that many workers, which come up meanwhile."""
    cluster = DaskCluster(place)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()
