"""W1 as a process of its own: what the launcher does to the collector is part of it."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from run_fno_paper import START_OBJECTS


def w1_whole(path: str) -> dict[str, Any]:
    """W1 through the whole program, its imports and its end counted as a user's start has them."""
    gc.set_threshold(START_OBJECTS)
    from tests.bench.w1_cases import w1_app

    found = w1_app(Path(path))
    gc.freeze()
    return found
