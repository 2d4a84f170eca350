"""Keep freed memory for the next block."""

from __future__ import annotations

from typing import Final

import numpy as np

_LARGEST: Final = 31 << 20
"""glibc's limit for what it learns is 32 MiB; a column of a block is 0.5 MiB."""


def keep_freed_memory() -> None:
    """Make the allocator keep freed columns instead of returning each to the system.

    By default glibc maps every large array afresh, and the first touch of each page then takes
    longer than the work on it: a tenth of a replay. Freeing one large array raises the limit for
    that (mallopt(3), M_MMAP_THRESHOLD) to its size. The array is never touched, so this costs
    nothing, and has no effect with another allocator.
    """
    np.empty(_LARGEST, dtype=np.uint8)
