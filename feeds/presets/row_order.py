"""Bring a vendor's rows in order of time: newest first, or instruments one after another."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.ticks import Int64s
from feeds.files.recorded_files import file_error

SHARE: Final = 100
"""A file of which more than one row in this many would drop for its order is refused."""


def in_order(
    path: Path, ts: Int64s, codes: Int64s, *, repeats_count: bool
) -> tuple[npt.NDArray[np.intp], dict[str, int]]:
    """Return the rows in order of time, and how many were turned and dropped.

    Rows of one time keep the file's order. A row before its instrument's latest is dropped (with
    `repeats_count` also one at it). Raises FeedError where these are more than 1 % of the rows.
    """
    rows = np.arange(len(ts), dtype=np.intp)
    back, ahead = _steps(ts, codes)
    turned = back > 0 and ahead == 0
    if turned:
        rows = rows[::-1]
    late = _late(ts[rows], codes[rows], repeats_count=repeats_count)
    dropped = int(late.sum())
    if dropped * SHARE > len(ts):
        first = int(rows[int(np.argmax(late))])
        raise file_error(
            path,
            f"{dropped} of {len(ts)} rows do not follow those of their instrument in time",
            "sort the file by time, or take out what is there twice",
            row=first + 1,
        )
    kept = rows[~late]
    order = kept[np.argsort(ts[kept], kind="stable")]
    return order, {"turned_rows": len(ts) if turned else 0, "out_of_order_rows": dropped}


def _by_instrument(codes: Int64s) -> npt.NDArray[np.intp]:
    """Return the rows, instrument by instrument, in the file's order within each."""
    return np.argsort(codes, kind="stable")


def _steps(ts: Int64s, codes: Int64s) -> tuple[int, int]:
    """Return how many rows go back and how many ahead in their instrument's time."""
    order = _by_instrument(codes)
    steps, same = np.diff(ts[order]), np.diff(codes[order]) == 0
    return int((steps[same] < 0).sum()), int((steps[same] > 0).sum())


def _late(ts: Int64s, codes: Int64s, *, repeats_count: bool) -> npt.NDArray[np.bool_]:
    """Return which rows are before, or not after, the latest of their instrument."""
    order = _by_instrument(codes)
    late = np.zeros(len(ts), dtype=np.bool_)
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1)).tolist()
    for start, stop in zip(starts, [*starts[1:], len(ts)], strict=True):
        own = ts[order[start:stop]]
        latest = np.maximum.accumulate(own)
        late[order[start + 1 : stop]] = (
            own[1:] <= latest[:-1] if repeats_count else own[1:] < latest[:-1]
        )
    return late
