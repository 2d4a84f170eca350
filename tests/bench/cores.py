"""Which processors a measured process may use, and how long it used them."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable


def on_cores(count: int) -> Callable[[], None]:
    """Keeps a child process on so many of the processors that this one may use."""
    chosen = sorted(os.sched_getaffinity(0))[:count]
    return lambda: os.sched_setaffinity(0, chosen)


def children_s() -> float:
    """Processor seconds of all children that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
