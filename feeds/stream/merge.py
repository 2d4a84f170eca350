"""Merge several recordings into one, in the order a single receiver would have seen them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from daemon.domain.ticks import Int64s, Ticks
from feeds.stream.blocks import RunningTime, join

Keyed = tuple[Ticks, Int64s]
"""A block and the keys that order its rows, which never go back within one stream."""


class _Stream:
    """One file's rows that were read but not yet given out, with the keys that order them."""

    def __init__(self, blocks: Iterator[Keyed]) -> None:
        self._blocks = blocks
        self.block: Ticks | None = None
        self.keys: Int64s = np.empty(0, dtype=np.int64)
        self.fill()

    def fill(self) -> None:
        """Read on if no rows are left; `block` is None at the end of the file."""
        while self.block is None or not len(self.block):
            found = next(self._blocks, None)
            if found is None:
                self.block = None
                return
            self.block, self.keys = found

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
    yield from merge_keyed([_by_time(file) for file in files])


def merge_keyed(files: Sequence[Iterator[Keyed]]) -> Iterator[Ticks]:
    """Yield all rows by their keys, then file order, then row. Holds one block of each file."""
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


def _by_time(blocks: Iterator[Ticks]) -> Iterator[Keyed]:
    """Yield the blocks with the latest time so far at each row."""
    time = RunningTime()
    for block in blocks:
        yield block, time.keys(block.ts)


def _interleave(parts: list[tuple[Ticks, Int64s]]) -> Ticks:
    if len(parts) == 1:
        return parts[0][0]
    order = np.argsort(np.concatenate([keys for _, keys in parts]), kind="stable")
    return join([block for block, _ in parts]).take(order)
