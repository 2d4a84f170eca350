"""Merge several recordings into one, in the order a single receiver would have seen them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from daemon.domain.ticks import Int64s, Ticks
from feeds.stream.blocks import RunningTime, join


class _Stream:
    """One file's rows that were read but not yet given out, with the times that order them."""

    def __init__(self, blocks: Iterator[Ticks]) -> None:
        self._blocks = blocks
        self._time = RunningTime()
        self.block: Ticks | None = None
        self.keys: Int64s = np.empty(0, dtype=np.int64)
        self.fill()

    def fill(self) -> None:
        """Read on if no rows are left; `block` is None at the end of the file."""
        while self.block is None or not len(self.block):
            self.block = next(self._blocks, None)
            if self.block is None:
                return
            self.keys = self._time.keys(self.block.ts)

    def take(self, limit: int, *, with_limit: bool) -> tuple[Ticks, Int64s] | None:
        """Remove and return the rows before `limit`, or up to and including it."""
        if self.block is None:
            return None
        stop = int(np.searchsorted(self.keys, limit, side="right" if with_limit else "left"))
        if stop == 0:
            return None
        given = self.block.rows(0, stop), self.keys[:stop]
        self.block, self.keys = self.block.rows(stop, len(self.block)), self.keys[stop:]
        return given


def merge(files: Sequence[Iterator[Ticks]]) -> Iterator[Ticks]:
    """Yield all rows by time, then file order, then row; a file's own row order never changes.

    A row whose time goes back is ordered by the latest time before it in its file. Holds one block
    of each file.
    """
    if len(files) == 1:
        yield from files[0]
        return
    streams = [_Stream(file) for file in files]
    while True:
        live = [(int(s.keys[-1]), at) for at, s in enumerate(streams) if s.block is not None]
        if not live:
            return
        limit, file = min(live)
        parts = [s.take(limit, with_limit=at <= file) for at, s in enumerate(streams)]
        yield _interleave([part for part in parts if part is not None])
        for stream in streams:
            stream.fill()


def _interleave(parts: list[tuple[Ticks, Int64s]]) -> Ticks:
    if len(parts) == 1:
        return parts[0][0]
    order = np.argsort(np.concatenate([keys for _, keys in parts]), kind="stable")
    return join([block for block, _ in parts]).take(order)
