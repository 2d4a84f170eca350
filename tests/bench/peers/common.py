"""What the scripts of the peers share; it imports nothing of this project."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

T0 = time.perf_counter()
"""Taken before anything large is imported."""
QTY = 50
HOLD_BARS = 20
EVERY_BARS = 5
MINUTE_NS = 60_000_000_000


def columns(path: str, names: list[str]) -> dict[str, Any]:
    """The file's columns as numpy arrays."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=names)
    return {name: table.column(name).to_numpy() for name in names}


def levels(close_steps: int, side: int) -> tuple[int, int]:
    """Stop and target in steps of 0.05, rounded half up (W1, rule 2b)."""
    if side > 0:
        return (close_steps * 9985 + 5000) // 10000, (close_steps * 10030 + 5000) // 10000
    return (close_steps * 10015 + 5000) // 10000, (close_steps * 9970 + 5000) // 10000


def report(ticks: int, engine_s: float, **more: Any) -> None:
    """Print the figures as one line of JSON."""
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next((int(each.split()[1]) / 1024 for each in status if "VmHWM" in each), 0.0)
    figures = {
        "ticks": ticks,
        "engine_s": engine_s,
        "whole_s": time.perf_counter() - T0,
        "peak_mb": round(peak, 1),
        **more,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
