"""A sweep from its jobs to its outcomes: what is done stays done, the rest is run."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from daemon.errors import ConfigError
from daemon.lab.sweep.batches import batches
from daemon.lab.sweep.executor import Executor
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.progress import Batch, Progress
from daemon.lab.sweep.store import SweepStore
from daemon.lab.sweep.tasks import Job, JobDone, Task, TaskDone, TaskLost

GRACE_S: Final = 10.0
"""How long running batches may take to end after an interrupt."""
NOT_RUN: Final = "not run: the sweep was stopped; start it again"


class Terms(NamedTuple):
    """How jobs are run."""

    batch: int
    data_dir: str | None
    stopping: Callable[[], bool]
    """Whether a person asked for the end."""
    say: Callable[[str], object]


class Runner:
    """Runs jobs that are not done on an executor, and keeps each outcome as it comes."""

    def __init__(
        self, maker: JobMaker, store: SweepStore, executor: Executor, terms: Terms
    ) -> None:
        self._maker, self._store = maker, store
        self._executor, self._terms = executor, terms
        self._numbers = itertools.count()
        self._tasks: dict[int, tuple[Job, ...]] = {}
        self._outcomes: dict[str, JobDone] = {}
        self._progress = Progress(executor.workers, terms.say)
        self.was_stopped = False

    def outcomes(self, jobs: Sequence[Job]) -> list[JobDone]:
        """Return what each job came to, without its trades, which are in the store.

        A job that is done is not run again; one that failed is. Raises ConfigError if a strategy
        was edited meanwhile, JournalIOError if an outcome cannot be kept.
        """
        self.kept(jobs)
        missing = [job for job in jobs if not self._is_done(job)]
        self._progress.expect(len(jobs), [self._maker.rows(job) for job in missing])
        if missing and not self.was_stopped:
            self._run(missing)
        return self._known(jobs)

    def kept(self, jobs: Sequence[Job]) -> list[JobDone]:
        """Return what is known of each job without running any: what is done, or `not_run`."""
        for job in jobs:
            if not self._is_done(job) and (done := self._store.done(job.run_key)) is not None:
                self._outcomes[job.run_key] = _light(done)
        return self._known(jobs)

    def _known(self, jobs: Sequence[Job]) -> list[JobDone]:
        return [self._outcomes.get(job.run_key) or _not_run(job) for job in jobs]

    def _is_done(self, job: Job) -> bool:
        known = self._outcomes.get(job.run_key)
        return known is not None and known.status == "done"

    def _run(self, jobs: Sequence[Job]) -> None:
        unique = list({job.run_key: job for job in jobs}.values())
        batch, workers = self._terms.batch, self._executor.workers
        for each in batches(unique, most=batch, workers=workers):
            self._submit(each)
        deadline = float("inf")
        for outcome in self._executor.as_completed():
            if outcome is not None:
                self._take(outcome)
            if self._terms.stopping() and not self.was_stopped:
                self.was_stopped = True
                self._executor.drop_waiting()
                deadline = time.monotonic() + GRACE_S
                self._terms.say(f"stopping: running batches get {GRACE_S:g} s to end")
            if time.monotonic() > deadline:
                return

    def _submit(self, jobs: tuple[Job, ...]) -> None:
        number = next(self._numbers)
        self._tasks[number] = jobs
        self._executor.submit(Task(number=number, jobs=jobs, data_dir=self._terms.data_dir))

    def _take(self, outcome: TaskDone | TaskLost) -> None:
        jobs = self._tasks.pop(outcome.number)
        if isinstance(outcome, TaskLost):
            self._lost(jobs, outcome.cause)
            return
        if changed := self._maker.sources_changed():
            raise ConfigError(
                f"strategy {', '.join(changed)} was edited while the sweep ran; nothing of that "
                "batch is kept: start the sweep again"
            )
        for done in outcome.jobs:
            if done.status == "done":
                self._store.put(done)
            self._outcomes[done.run_key] = _light(done)
        rows = sum(map(self._maker.rows, jobs)) // len(jobs)
        self._progress.finished(Batch(outcome.seconds, rows, len(jobs)))

    def _lost(self, jobs: tuple[Job, ...], cause: str) -> None:
        """Run the jobs of a lost batch one by one, so that the one that ends workers is found."""
        if len(jobs) > 1 and not self.was_stopped:
            self._terms.say(f"a batch of {len(jobs)} is lost ({cause}); they are run one by one")
            for job in jobs:
                self._submit((job,))
            return
        for job in jobs:
            done = JobDone(run_key=job.run_key, status="failed", cause=cause)
            self._outcomes[job.run_key] = done
            self._progress.skipped(self._maker.rows(job))


def _light(done: JobDone) -> JobDone:
    return replace(done, trades=b"")


def _not_run(job: Job) -> JobDone:
    return JobDone(run_key=job.run_key, status="not_run", cause=NOT_RUN)
