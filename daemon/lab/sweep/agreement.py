"""Whether two runs of one job decided alike, and what is said where they did not (S4)."""

from __future__ import annotations

from daemon.errors import DaemonError, ExitCode
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.variants import params_text


class NotDeterministic(DaemonError):
    """One job, run twice, came to two ends: nothing of the sweep can be believed."""

    exit_code = ExitCode.DIFFERS


def check_agreement(job: Job, first: JobDone, second: JobDone) -> None:
    """Refuse two runs of a job that decided otherwise. Raises NotDeterministic.

    Runs that both failed agree; where one failed alone, its cause is in the error.
    """
    if (first.status, first.events_hash) == (second.status, second.events_hash):
        return
    raise NotDeterministic(
        f"not_deterministic: {job.variant} ({params_text(job.params)}): {_told(first)}, "
        f"but {_told(second)}"
    )


def _told(done: JobDone) -> str:
    said = f"events_hash {done.events_hash}" if done.status == "done" else f"failed: {done.cause}"
    return f"{said} on {done.machine}"
