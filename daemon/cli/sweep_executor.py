"""Who runs the tasks of a sweep: this machine's processes, or a cluster's nodes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.lab.sweep.executor import Executor

_INSTALL: Final = "sweep: --cluster: install it with pip install 'run-fno-paper[cluster]'"


def executor_for(cluster: str, workers: int) -> Executor:
    """Return the executor on a cluster's address, or of processes (0: one for each core).

    Raises ClusterError, UsageError for both at once and where the extra is missing.
    """
    if not cluster:
        from daemon.lab.sweep.processes import Processes

        return Processes(workers or _cores())
    if workers:
        raise UsageError("--workers: is for this machine; a cluster has as many as its nodes")
    try:
        from daemon.lab.sweep.cluster import Cluster
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed"):
            raise
        raise UsageError(_INSTALL) from error
    return Cluster(cluster)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
