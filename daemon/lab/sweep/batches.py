"""Jobs in batches: what shares a pass over the data, and in how many pieces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

from daemon.lab.sweep.tasks import Job
from daemon.settings.config import Config


def batches(jobs: Sequence[Job], *, most: int, workers: int) -> Iterator[tuple[Job, ...]]:
    """Yield jobs that can share one pass, at most `most` in one, and some for each worker.

    Fewer and larger batches read the data less often.
    """
    groups: dict[bytes, list[Job]] = {}
    for job in jobs:
        groups.setdefault(_shared(job.config), []).append(job)
    parts = math.ceil(workers / max(len(groups), 1))
    for group in groups.values():
        size = min(most, math.ceil(len(group) / parts))
        yield from (tuple(group[at : at + size]) for at in range(0, len(group), size))


def _shared(config: Config) -> bytes:
    """Return what variants of one pass have in common."""
    execution = config.execution
    reads_depth = execution.fill_mode == "depth"
    shared = (config.feed, config.universe, config.rules, execution.candle_grace_ms, reads_depth)
    return msgspec.json.encode(shared)
