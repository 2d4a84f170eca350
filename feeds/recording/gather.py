"""Gather many small blocks into a few large ones; no result depends on where blocks end.

See ARCHITECTURE, "Blocks and the scan".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from daemon.domain.inputs import Input
from daemon.domain.ticks import Ticks
from feeds.stream.blocks import join

ROWS: Final = 65_536


def gather(inputs: Iterable[Input], rows: int = ROWS) -> Iterator[Input]:
    """Yield the same inputs, with successive ticks in blocks of about `rows` at most."""
    held: list[Ticks] = []
    count = 0
    for item in inputs:
        if isinstance(item, Ticks):
            held.append(item)
            count += len(item)
            if count < rows:
                continue
        if held:
            yield join(held)
            held, count = [], 0
        if not isinstance(item, Ticks):
            yield item
    if held:
        yield join(held)
