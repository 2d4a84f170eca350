"""Read the first and last rows of a recorded file, to check it before a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import FeedError
from daemon.settings.config import ReplayFile
from feeds.files.parquet_ticks import ParquetTable
from feeds.stream.blocks import join
from feeds.stream.feed import Source


class Edges(NamedTuple):
    """Blocks of a file's first and last rows, in file order; no row is in both."""

    file: ReplayFile
    source: Source
    head: Ticks | None
    tail: Ticks | None
    error: str
    """Why reading stopped, empty if the file was read to its end."""

    def blocks(self) -> list[Ticks]:
        """Return the blocks that have rows."""
        return [block for block in (self.head, self.tail) if block is not None]


def read_edges(file: ReplayFile, source: Source, universe: Universe, rows: int) -> Edges:
    """Read the ends of a file, holding at most two of its batches and `rows` rows."""
    head: list[Ticks] = []
    tail: deque[Ticks] = deque()
    in_head = in_tail = 0
    error_text = ""
    try:
        with _only_ends(source, rows):
            for block in source.blocks(universe):
                cut = min(rows - in_head, len(block))
                if cut:
                    head.append(block.rows(0, cut))
                    in_head += cut
                if cut < len(block):
                    tail.append(block.rows(cut, len(block)))
                    in_tail += len(tail[-1])
                while tail and in_tail - len(tail[0]) >= rows:
                    in_tail -= len(tail.popleft())
    except FeedError as error:
        error_text = str(error)
    last = join(list(tail)) if tail else None
    if last is not None:
        last = last.rows(max(0, len(last) - rows), len(last))
    return Edges(file, source, join(head) if head else None, last, error_text)


@contextmanager
def _only_ends(source: Source, rows: int) -> Iterator[None]:
    """Limit a Parquet file to its first and last row groups while in this context."""
    table = getattr(source, "_table", None)
    if not isinstance(table, ParquetTable):
        yield
        return
    table.edge_rows = rows
    try:
        yield
    finally:
        table.edge_rows = 0
