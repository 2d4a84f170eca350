"""Whether two runs of one job decided alike, and what is said where they did not (S4)."""

from __future__ import annotations

from typing import NamedTuple

from daemon.errors import DaemonError, ExitCode
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.variants import params_text


class NotDeterministic(DaemonError):
    """One job, run twice, came to two ends: nothing of the sweep can be believed."""

    exit_code = ExitCode.DIFFERS


class Twice(NamedTuple):
    """A run of a job: what it came to, on which machine with which versions."""

    done: JobDone
    machine: str


def check_agreement(job: Job, first: Twice, second: Twice) -> None:
    """Refuse two runs of a job that decided otherwise. Raises NotDeterministic.

    Runs that both failed agree. One that failed alone is told with its cause.
    """
    if (first.done.status, first.done.events_hash) == (second.done.status, second.done.events_hash):
        return
    raise NotDeterministic(
        f"not_deterministic: {job.variant} ({params_text(job.params)}): {_told(first)}, "
        f"but {_told(second)}"
    )


def _told(run: Twice) -> str:
    done = run.done
    said = f"events_hash {done.events_hash}" if done.status == "done" else f"failed: {done.cause}"
    return f"{said} on {run.machine}"
