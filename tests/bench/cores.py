"""Which processors a measured process may use."""

from __future__ import annotations

import os
from collections.abc import Callable


def on_cores(count: int) -> Callable[[], None]:
    """Keeps a child process on so many of the processors that this one may use."""
    chosen = sorted(os.sched_getaffinity(0))[:count]
    return lambda: os.sched_setaffinity(0, chosen)
