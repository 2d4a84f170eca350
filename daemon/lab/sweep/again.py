"""A variant of a sweep that was run, found and run again: does it come to the same?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow.parquet as pq

from daemon.errors import UsageError
from daemon.lab.sweep.agreement import check_agreement
from daemon.lab.sweep.executor import Executor
from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.store import DONE, RUNS, SWEEPS, read_done, read_tries
from daemon.lab.sweep.tasks import Job, JobDone, Task, TaskLost
from daemon.lab.sweep.variants import Variant, variant_of, variants_of

Row = Mapping[str, Any]


class Kept(NamedTuple):
    """A variant as its sweep keeps it."""

    directory: Path
    variant: str
    rows: list[Row]
    """Of `runs.parquet`, those under its own fill mode: one, or one for each day."""


class Again(NamedTuple):
    """A job that was run again, and what it had come to before; None where nothing is kept."""

    job: Job
    before: JobDone | None
    now: JobDone
    is_same_job: bool
    """False where settings, data, strategies or the program are not what they were."""


def find_variant(out: Path, key: str, name: str = "") -> Kept:
    """Return the variant whose key begins with `key`, of the sweep `name` or of any.

    Raises UsageError for a key of no variant, or of more than one.
    """
    directories = sorted((out / SWEEPS).glob(f"sweep={name or '*'}"))
    found = [kept for place in directories for kept in _kept(place, key)]
    if not found:
        where = f"sweep {name}" if name else f"a sweep under {out}"
        raise UsageError(f"{key}: is no variant of {where}; `variant` in {RUNS} has the keys")
    if len(found) > 1:
        named = ", ".join(f"{each.variant} of {each.directory.name}" for each in found[:4])
        raise UsageError(f"{key}: is more than one variant ({named}); give more digits or --sweep")
    return found[0]


def run_again(
    kept: Kept, loaded: LoadedSweep, maker: JobMaker, executor: Executor, data_dir: str | None
) -> Iterator[Again]:
    """Run a variant again, job by job as they end.

    Raises NotDeterministic where one comes to other events than it had, UsageError for a variant
    that its sweep file does not have any more, ConfigError or FeedError.
    """
    number = kept.rows[0]["number"]
    jobs = maker.jobs([(number, _variant(kept, loaded))])
    for place, job in enumerate(jobs):
        executor.submit(Task(number=place, jobs=(job,), data_dir=data_dir))
    known = {row["run_key"] for row in kept.rows}
    for outcome in executor.as_completed():
        if outcome is None:
            continue
        job = jobs[outcome.number]
        before = read_done(kept.directory / DONE / job.run_key[:2] / job.run_key, job.run_key)
        now = _lost(job, outcome) if isinstance(outcome, TaskLost) else outcome.jobs[0]
        if before is not None:
            check_agreement(job, before, now)
        yield Again(job, before, now, job.run_key in known)


def _kept(directory: Path, key: str) -> list[Kept]:
    path = directory / RUNS
    if not path.exists():
        return []
    table = pq.read_table(path)
    rows: dict[str, list[Row]] = {}
    for row in table.to_pylist():
        if row["variant"].startswith(key) and not row["profile"]:
            rows.setdefault(row["variant"], []).append(row)
    return [Kept(directory, variant, found) for variant, found in rows.items()]


def _variant(kept: Kept, loaded: LoadedSweep) -> Variant:
    """Return the variant with its configuration, out of the tries or the sweep file."""
    for each in read_tries(kept.directory):
        if each.variant == kept.variant:
            params = msgspec.json.decode(each.params)
            return variant_of(loaded, params, ())
    found = next((each for each in variants_of(loaded) if each.key == kept.variant), None)
    if found is None:
        raise UsageError(f"{kept.variant}: {loaded.path} has no such variant any more")
    return found


def _lost(job: Job, outcome: TaskLost) -> JobDone:
    return JobDone(run_key=job.run_key, status="failed", cause=outcome.cause)
