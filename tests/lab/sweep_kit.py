"""A small desk to sweep: minutes of a recording, two strategies, and an executor right here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.rounds import Written
from daemon.lab.sweep.run import Swept, run_sweep
from daemon.lab.sweep.runner import Terms
from daemon.lab.sweep.store import SweepStore
from daemon.lab.sweep.tasks import Task, TaskDone, TaskLost
from daemon.lab.worker import run_task
from tests.kit.cli import tick_rows, write_ticks

TABLES = ("runs.parquet", "trades.parquet", "daily.parquet")
STRATEGY = """
import os
import pathlib
import time

from daemon.domain.intent import OrderIntent
from {name}_help import QUANTITY


class {cls}:
    def __init__(self, every: int = 2, kills: bool = False, waits: str = ""):
        self.every, self.kills, self.waits, self.seen = every, kills, waits, 0

    def on_candle(self, candle, view):
        self.seen += 1
        if self.kills:
            os.kill(os.getpid(), 9)
        if self.waits:
            pathlib.Path(self.waits + f".{{os.getpid()}}").touch()
        while self.waits and not os.path.exists(self.waits):
            time.sleep(0.005)
        if self.seen % self.every:
            return []
        return [OrderIntent(symbol=candle.tradingsymbol, signal="BUY", qty=QUANTITY)]
"""
CONFIG = """
version: 1
feed:
  kind: replay
  replay: {files: [{path: ticks.csv}]}
universe: {instruments: [{tradingsymbol: NIFTY26NOVFUT}]}
execution: {fill_mode: bid_ask, time_stop_bars: 2}
strategies:
  list:
    - {id: a.b, module: first, class: First, symbols: [NIFTY26NOVFUT], params: {every: 2}}
    - {id: second, module: second, class: Second, symbols: [NIFTY26NOVFUT], enabled: false}
"""
GRID = """
  grid:
    strategies.a.b.params.every: [2, 3]
    execution.slippage_bps: [0, 5]
"""


class Inline:
    """Runs tasks in this process; what is in `lose` ends the worker of its task."""

    def __init__(self, workers: int = 2, lose: Callable[[Task], bool] = lambda task: False) -> None:
        self.workers = workers
        self.given: list[Task] = []
        self._waiting: list[Task] = []
        self._lose = lose

    def submit(self, task: Task) -> None:
        self.given.append(task)
        self._waiting.append(task)

    def as_completed(self) -> Iterator[TaskDone | TaskLost | None]:
        while self._waiting:
            yield None
            if not self._waiting:
                return
            task = self._waiting.pop(0)
            lost = TaskLost(number=task.number, cause="its worker was ended by SIGKILL")
            yield lost if self._lose(task) else run_task(task)

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()

    @property
    def jobs(self) -> int:
        """How many jobs were handed over."""
        return sum(len(task.jobs) for task in self.given)


class Desk:
    """A directory with a sweep in it."""

    def __init__(self, place: Path, varied: str = GRID, minutes: int = 12) -> None:
        self.place = place
        write_ticks(place / "ticks.csv", tick_rows(60 * minutes))
        (place / "paper.yaml").write_text(CONFIG, encoding="utf-8")
        for name in ("first", "second"):
            text = STRATEGY.format(name=name, cls=name.capitalize())
            (place / f"{name}.py").write_text(text, encoding="utf-8")
            (place / f"{name}_help.py").write_text("QUANTITY = 65\n", encoding="utf-8")
        self.vary(varied)

    @property
    def file(self) -> Path:
        return self.place / "sweep.yaml"

    @property
    def directory(self) -> Path:
        return self.place / "out" / "sweeps" / "sweep=s"

    def vary(self, varied: str) -> None:
        text = f"version: 1\nconfig: paper.yaml\nsweep:\n  name: s\n{varied}"
        self.file.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.place / name).read_text(encoding="utf-8")
        assert old in text
        (self.place / name).write_text(text.replace(old, new), encoding="utf-8")

    def sweep(
        self, executor: Any = None, *, stopping: Callable[[], bool] = lambda: False, batch: int = 0
    ) -> Swept:
        """Sweep in this process, or on an executor."""
        loaded = load_sweep(self.file)
        store = SweepStore(self.place / "out", loaded.sweep.name)
        self.said: list[str] = []
        try:
            terms = Terms(batch or loaded.sweep.batch, None, stopping, self.said.append)
            rounds, maker = Written(loaded), JobMaker(loaded)
            return run_sweep(loaded, rounds, maker, store, executor or Inline(), terms)
        finally:
            store.close()

    def rows(self, table: str = "runs.parquet") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.directory / table).to_pylist()
        return rows

    def bytes(self) -> list[bytes]:
        """The tables and the tries, byte for byte."""
        return [(self.directory / name).read_bytes() for name in (*TABLES, "tries.jsonl")]
