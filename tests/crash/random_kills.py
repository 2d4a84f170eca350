"""A1: the process is killed at random instants, started again on its account, and watched.

What it publishes is written down at the instant of publishing and outlives it. After every kill
all of that must be on disk already, before anything recovers it.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.crash.cases import Stage, Whole, first_difference, missing_now, whole_of
from tests.crash.figures import Figure
from tests.crash.rig import Job, read_seen
from tests.crash.zygote import RUN, Zygote, is_alive
from tests.kit.account_market import DAYS
from tests.kit.cli import ROOT, metrics_of, wait_for
from tests.kit.shown import shown_wrong

ROWS: Final = 900
"""Ticks of a day: some half a second of work, hundreds of events."""
FRESH_EVERY: Final = 4
"""Every so many runs is a new interpreter, and not a fork of a warm one."""
LIVES_S: Final = ((0.0, 0.15), (0.1, 0.4), (0.1, 0.6))
"""From the first instruction of the program to the kill, in seconds: one of these spans."""
KILLED: Final = -9


def undisturbed(base: Path, zygote: Zygote) -> list[Stage]:
    """The days of an account, each run once without a kill, for comparison."""
    stages: list[Stage] = []
    for day in range(len(DAYS)):
        stage = Stage(f"whole day {day}", "live", base, day=day, rows=ROWS)
        if stages:
            stage.seed = base / stages[-1].name
        stage.prepare(zygote)
        stages.append(stage)
    return stages


def kill_often(days: list[Stage], zygote: Zygote, figure: Figure, kills: int, seed: int) -> None:
    """Accounts one after another, each killed until its days are over; `kills` kills in all."""
    figure.seeds.append(seed)
    number = 0
    while figure.cases < kills:
        with tempfile.TemporaryDirectory(prefix="crash-") as name:
            account = _Account(Path(name), zygote, figure, random.Random(f"{seed} {number}"))
            account.name = f"seed {seed} account {number}"
            days[0].fill(account.place)
            for day in days:
                account.live_through(day, kills)
        number += 1


class _Account:
    """One account and everything that was seen of it from outside."""

    def __init__(self, place: Path, zygote: Zygote, figure: Figure, draw: random.Random) -> None:
        self.place = place
        self.name = ""
        self._zygote = zygote
        self._figure = figure
        self._draw = draw
        self._readings: dict[int, dict[str, Any]] = {}

    def live_through(self, day: Stage, kills: int) -> None:
        """Start and kill until the day's last event is there; then everything must agree."""
        job = msgspec.structs.replace(day.job(self.place), threads=True)
        while True:
            is_last = self._figure.cases >= kills
            code, phase = self._run(job, math.inf if is_last else self._instant())
            shown = metrics_of(job.out)
            if shown:
                self._readings[shown["seq"]] = shown
            if code == 0:
                break
            wrong = missing_now(job, read_seen(self.place / job.observer), shown.get("seq", 0))
            if code != KILLED:
                wrong.append(f"ended with {code}: {(self.place / 'stderr').read_text()[-800:]}")
            self._figure.case(self.name, wrong, f"killed in {phase}")
            if code != KILLED:
                return
        self._figure.fault(self.name, self._compare(job, day.whole))

    def _instant(self) -> float:
        return self._draw.uniform(*self._draw.choice(LIVES_S))

    def _run(self, job: Job, until_s: float) -> tuple[int, str]:
        """Start, kill after so many seconds; how it ended, and what it was doing then."""
        said = self.place / job.stderr
        said.unlink(missing_ok=True)
        is_again = job.account.exists()
        alive, kill, ended = self._start(job)
        wait_for(lambda: said.exists() or not alive())
        deadline = time.monotonic() + until_s
        wait_for(lambda: time.monotonic() >= deadline or not alive())
        kill()
        code = ended()
        is_trading = "run started" in said.read_text()
        return code, "trading" if is_trading else "recovery" if is_again else "a first start"

    def _start(self, job: Job) -> tuple[Callable[[], bool], Callable[[], None], Callable[[], int]]:
        if self._draw.randrange(FRESH_EVERY):
            pid = self._zygote.start(job)

            def kill() -> None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

            return lambda: is_alive(pid), kill, self._zygote.wait
        process = subprocess.Popen(
            [*RUN, msgspec.json.encode(job)],
            cwd=ROOT,
        )
        return lambda: process.poll() is None, process.kill, process.wait

    def _compare(self, job: Job, whole: Whole) -> list[str]:
        """Doubled, lost, other than without kills; and the metrics that were read."""
        counts = Counter(each.seq for each in read_seen(self.place / job.observer))
        wrong = [f"event {seq} was published {n} times" for seq, n in counts.items() if n > 1]
        export = whole_of(job.account).export
        if export != whole.export:
            wrong.append(f"never killed it is another: {first_difference(export, whole.export)}")
        config = self.place / "live.yaml"
        return wrong + shown_wrong(self._readings.values(), job.account, config)
