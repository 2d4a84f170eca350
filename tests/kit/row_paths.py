"""Make the engine take rows in one of its ways, whatever blocks it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from daemon.clockwork import rows as row_path
from daemon.market import unwatched

NEVER = 10**9


@contextmanager
def taking_rows(fast_rows: int, *, passes_over: bool = False) -> Iterator[None]:
    """Take stretches of `fast_rows` by columns, and pass over rows of unwatched books or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_path, "FAST_ROWS", fast_rows)
        patch.setattr(row_path, "FAST_ROWS_EACH", 0)
        patch.setattr(unwatched, "ROWS_EACH", 0 if passes_over else NEVER)
        patch.setattr(unwatched, "SHARE_MIN", 0)
        yield
