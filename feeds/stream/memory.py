"""Keeping the memory of one block for the next."""

from __future__ import annotations

from typing import Final

import numpy as np

_LARGEST: Final = 31 << 20
"""glibc's limit for what it learns is 32 MiB; a column of a block is 0.5 MiB."""


def keep_freed_memory() -> None:
    """Let the allocator keep freed columns instead of giving each back to the system.

    glibc maps a large array anew each time, and the first touch of every page then costs more
    than the work on it: a tenth of a replay. It raises its limit (mallopt(3),
    M_MMAP_THRESHOLD) to the size of a large array that was freed; so one is, untouched, which
    costs nothing and does nothing where the allocator is another.
    """
    np.empty(_LARGEST, dtype=np.uint8)
